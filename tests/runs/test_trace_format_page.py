"""`docs/trace-format.md` says what the code does."""

from __future__ import annotations

import dataclasses
import re
import struct
from pathlib import Path

import pytest

from auditor.model.environment import Environment
from auditor.probe import wire
from auditor.runs import record

PAGE = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text()
TYPES = {"B": "u8", "H": "u16", "I": "u32", "Q": "u64"}

# Everything in wire.py that is a number and not said elsewhere on the page.
ELSEWHERE = {"VERSION", "EVENT_SIZE", "TENSOR_SIZE", "CHUNK_BYTES"}


def section(title: str) -> str:
    return re.split(r"^#+ ", PAGE.split(title, 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("title", "fields"),
    [(f"### Events: {wire.EVENT_SIZE} bytes", wire.EVENT), (f"### Tensors: {wire.TENSOR_SIZE} bytes", wire.TENSOR)],
)
def test_rows_have_the_fields_types_and_offsets_of_the_page(title: str, fields: tuple[tuple[str, str], ...]) -> None:
    found = re.findall(r"^\| `(\w+)` \| (u\d+) \| (\d+) \|", section(title), re.MULTILINE)
    expected, offset = [], 0
    for name, code in fields:
        expected.append((name, TYPES[code], str(offset)))
        offset += struct.calcsize("<" + code)
    assert found == expected


def test_every_constant_is_on_the_page_with_its_value() -> None:
    said = {name: int(value) for name, value in re.findall(r"`([A-Z_]+)` \|? ?(\d+)", PAGE)}
    constants = {name: value for name, value in vars(wire).items() if name.isupper() and isinstance(value, int)}
    assert said == {name: value for name, value in constants.items() if name not in ELSEWHERE}


def test_formats_versions_and_algorithms_are_those_of_the_code() -> None:
    assert f"## Format `{wire.FORMAT}`, version {wire.VERSION}\n" in PAGE
    assert f"## Format `{record.FORMAT}`, version {record.VERSION}: `{record.FILE_NAME}`" in PAGE
    assert f"`{wire.XXH3_64}`" in PAGE
    assert f"`{wire.CRC32_ADLER32}`" in PAGE
    assert f"{wire.CHUNK_BYTES:,} bytes" in PAGE


def test_every_version_has_a_line_of_history() -> None:
    histories = re.findall(r"\| version \| change \|\n\|---\|---\|\n((?:\| \d+ \|.*\n)+)", PAGE)
    versions = [[int(number) for number in re.findall(r"^\| (\d+) ", lines, re.MULTILINE)] for lines in histories]
    assert versions == [list(range(1, wire.VERSION + 1)), list(range(1, record.VERSION + 1))]


def test_records_are_those_of_the_wire_formats_own_description() -> None:
    page = set(re.findall(r"^\| `(\w+)` \| `", section("### Names: one JSON object a line"), re.MULTILINE))
    assert wire.__doc__ is not None
    described = wire.__doc__.partition("Records of")[2]
    assert page == {name for name in page if re.search(rf"(^|  ){name}  ", described, re.MULTILINE)}
    assert page == {"header", "name", "site", "spec", "seed", "file", "listing", "environment", "focus", "problem",
                    "stop", "end", "loss", "sources", "profile", "profiled", "hot_path"}  # fmt: skip


def test_the_environment_record_has_the_fields_of_the_model() -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith("| `environment`"))
    said = re.findall(r"`(\w+)`", line)
    assert set(said) - {"environment", "event", "moment", "start", "end"} == {
        field.name for field in dataclasses.fields(Environment)
    }
