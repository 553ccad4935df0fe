"""Tapes as files: chosen from, compared, exchanged in the published two-file format."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import TraceFormatError, UsageError
from auditor.runs.tapefile import open_tape
from auditor.services.tape import hash_seed, record_tape
from auditor.services.tape_files import chosen, differences, export_files, import_files, read_buffers

HEAD = struct.pack("<64sI", b"getrandom", 2)
FILE = HEAD + struct.pack("<I", 4) + b"abcd" + struct.pack("<I", 3) + b"efg"


def test_a_file_of_the_published_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(FILE + struct.pack("<64sI", b"fread", 1) + struct.pack("<I", 1) + b"z")
    assert read_buffers(tmp_path / "a") == [("getrandom", b"abcd"), ("getrandom", b"efg"), ("fread", b"z")]


@pytest.mark.parametrize("size", [0, 10, 67, 70, 74, 81])
def test_a_file_that_ends_early_is_refused_with_the_place(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(FILE[:size])
    with pytest.raises(TraceFormatError, match=r"a: (\d+ bytes at 0; a head has 68|ends inside buffer \d of 2)"):
        read_buffers(tmp_path / "a")


def test_an_exported_and_imported_tape_replays_the_program(taped: Any) -> None:
    taped.write("import os, random\nprint(os.urandom(4), random.random(), os.urandom(9), os.urandom(4))\n")
    recorded = taped.record()
    files = export_files(taped.project / "tape", "0-0", taped.project / "files")
    assert [(path.name, count) for path, count in files] == [("random_device.bin", 0), ("getrandom.bin", 4)]
    count = import_files([path for path, _ in files], taped.project / "again", ["python", "program.py"])
    assert count == 4
    printed, outcome = taped.replay(tape="again")
    assert printed == recorded
    assert not outcome.divergences
    taped.write("import os, random\nprint(os.urandom(5))\n")
    _, outcome = taped.replay(tape="again")
    assert "the imported tape has 0 buffers of this size" in outcome.divergences[0].text


def test_two_tapes_differ_where_the_requests_do(taped: Any) -> None:
    taped.write("import os\nos.urandom(4)\nos.urandom(5)\n")
    taped.record()
    taped.record(tape="same")
    taped.write("import os\nos.urandom(4)\nos.urandom(6)\nos.urandom(1)\n")
    taped.record(tape="other")
    one, same, other = (open_tape(taped.project / name) for name in ("tape", "same", "other"))
    assert differences(one, same, values=False) == []
    secret, values = differences(one, same, values=True)
    assert secret.text.startswith("hash secret: ")
    assert "request 0: os.urandom (4 bytes " in values.text
    (found,) = differences(one, other, values=False)
    assert found.text == (
        "process 0-0, main, request 1: os.urandom (5 bytes) at program.py:3 / os.urandom (6 bytes) at program.py:3"
    )
    assert (found.process, found.stream, found.index) == ("0-0", "main", 1)
    assert found.first is not None
    assert found.second is not None
    assert (len(found.first.payload), len(found.second.payload)) == (5, 6)
    shorter = replace(other, processes={"0-0": replace(one.processes["0-0"], entries=one.processes["0-0"].entries[:1])})
    (found,) = differences(shorter, one, values=False)
    assert found.text.endswith("request 1: only the second tape has os.urandom (5 bytes) at program.py:3")
    assert (found.first, found.second) == (None, one.processes["0-0"].entries[1])
    (found,) = differences(replace(one, processes={}), one, values=False)
    assert (found.text, found.process, found.stream) == ("only the second tape has process 0-0", "0-0", None)
    with pytest.raises(UsageError, match="there are: 0-0"):
        chosen(one, "0-7", False)


def test_folders_that_hold_something_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "weights.pt").write_text("mine")
    for force in (False, True):
        with pytest.raises(UsageError, match="is no tape"):
            record_tape(["python", "-c", "1"], tmp_path / "data", cwd=tmp_path, force=force, native=False)
    assert (tmp_path / "data" / "weights.pt").read_text() == "mine"


def test_a_hash_secret_that_is_set_is_kept() -> None:
    assert hash_seed({"PYTHONHASHSEED": "12"}) == "12"
    assert hash_seed({"PYTHONHASHSEED": "random"}).isdigit()
    assert hash_seed({}) != hash_seed({})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("{}", "its format is not"),
        ('{"format": "repro-audit-tape", "version": 2}', "version 2"),
    ],
)
def test_a_launch_file_that_makes_no_sense_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tape.json").write_text(text)
    with pytest.raises(TraceFormatError, match=message):
        open_tape(tmp_path)
