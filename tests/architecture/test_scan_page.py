"""docs/scan.md says what a scan does: its examples are scanned, and its numbers are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.services.scan import scan
from auditor.services.settings import Settings
from auditor.static.execution import functions
from auditor.static.programwide import programs
from auditor.static.syntax import source

PAGE = (Path(__file__).parents[2] / "docs" / "scan.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n((?:(?!```).*\n)*)```\n<!-- (.*?) -->\n(.*)", PAGE)


def _files(block: str) -> dict[str, str]:
    """`# data.py` begins a file."""
    parts = re.split(r"^# (\w+\.py)\n", block, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(("block", "told", "sentence"), EXAMPLES)
def test_examples(tmp_path: Path, block: str, told: str, sentence: str) -> None:
    for name, text in _files(block).items():
        (tmp_path / name).write_text(text)
    found = [
        (f"{finding.location.path}:{finding.location.line}", finding.rule_id, *finding.entry_points)
        for finding in scan([tmp_path], Settings()).findings
    ]
    if told == "clean":
        assert found == []
        return
    path, rule, program = told.split()
    line = re.search(rf"`{path}:(\d+): {rule}`", sentence)
    assert line is not None
    assert found == [(f"{path}:{line[1]}", rule, program)]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```python")


def test_limits() -> None:
    assert f"{functions.MAX_CALLS:,} functions, {functions.MAX_STEPS:,} statements, {functions.MAX_DEPTH} calls" in PAGE
    assert f"more than {programs.MAX_FOLLOWED_BYTES // 1_000_000} MB" in PAGE
    assert f"Files above {source.MAX_BYTES // 1_000_000} MB" in PAGE
