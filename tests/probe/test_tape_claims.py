"""Which file of a tape a process takes, on files without records."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.probe.taping import claims, wire
from auditor.probe.taping.report import Report

A = ["python", "train.py", "--lr", "0.1"]
B = ["python", "train.py", "--lr", "0.2"]


@pytest.mark.parametrize(
    ("files", "name", "argv", "expected"),
    [
        ({"0-0": A}, "0-0", A, ["0-0"]),
        ({"0-0": A, "0-0~2": B}, "0-0", B, ["0-0~2"]),  # bash started them in the background
        ({"0-0": A, "0-0~2": A}, "0-0", A, ["0-0", "0-0~2"]),  # one after the other
        ({"0-0.x1": A, "0-0.x2": B}, "0-0.x1", B, ["0-0.x2"]),  # threads started them
        ({"0-0.x2": A, "0-0.x2~2": B}, "0-0.x1", B, ["0-0.x2~2"]),
        ({"0-0.x1.1": A, "0-0.x1.2": A, "0-0.x2.1": B}, "0-0.x2.1", A, ["0-0.x1.1", "0-0.x1.2"]),
        ({"0-0.x1": A}, "1-0.x2", A, ["1-0.x2"]),  # another rank
        ({"0-0.1": A}, "0-0.2", A, ["0-0.2"]),  # a worker that was given nothing when the tape was made
        ({"0-0": A}, "0-0", ["python", "other.py"], ["0-0"]),  # another command was asked for
        ({"0-0": A}, "0-0", ["/opt/venv/bin/python", *A[1:]], ["0-0"]),
        ({}, "0-0.x1", A, ["0-0.x1"]),
    ],
)
def test_a_process_takes_the_file_of_its_command_line(
    tmp_path: Path, files: dict[str, list[str]], name: str, argv: list[str], expected: list[str]
) -> None:
    for each, words in files.items():
        (tmp_path / f"{each}{wire.SUFFIX}").write_bytes(wire.head({"argv": words}))
    assert claims.names(str(tmp_path), name, {"argv": argv}) == expected


def test_a_damaged_head_tells_no_command_line(tmp_path: Path) -> None:
    (tmp_path / f"0-0{wire.SUFFIX}").write_bytes(b"no tape at all, whatever it is called")
    assert claims.names(str(tmp_path), "0-0", {"argv": A}) == ["0-0"]


def test_what_is_taken_is_left_to_who_has_it(tmp_path: Path) -> None:
    reports = [Report(str(tmp_path), ["0-0", "0-0~2"], {}) for _ in range(4)]
    assert [report.name for report in reports] == ["0-0", "0-0~2", "0-0~3", "0-0~4"]
    for report in reports:
        report.abandon()
