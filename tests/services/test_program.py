"""Which program a command runs, and which findings are about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.services.program import about_program, command_line, script_of
from auditor.services.scan import scan
from auditor.services.settings import Settings

UNSEEDED = "import random\n\nif __name__ == '__main__':\n    print(random.random())\n"


@pytest.mark.parametrize(
    ("command", "script"),
    [
        (["python", "train.py", "--data", "other.py"], "train.py"),
        (["python", "-m", "package.train"], "package/train.py"),
        (["python", "-m", "package"], "package/__main__.py"),
        (["torchrun", "--nproc-per-node", "2", "train.py"], "train.py"),
        (["python", "-m", "torch.distributed.run", "train.py"], "train.py"),
        (["python", "-c", "pass"], None),
        (["./launch.sh"], None),
        (["python", "-m"], None),
    ],
)
def test_the_script_of_a_command(tmp_path: Path, command: list[str], script: str | None) -> None:
    (tmp_path / "package").mkdir()
    for name in ("train.py", "other.py", "package/train.py", "package/__main__.py"):
        (tmp_path / name).write_text("")
    assert script_of(command, tmp_path) == (tmp_path / script if script else None)


def test_findings_of_other_programs_explain_nothing_about_this_one(tmp_path: Path) -> None:
    for name in ("train.py", "other.py"):
        (tmp_path / name).write_text(UNSEEDED)
    report = scan([tmp_path], Settings(), root=tmp_path)
    assert {finding.location.path for finding in report.findings} == {"train.py", "other.py"}
    mine = about_program(report, tmp_path / "train.py", tmp_path)
    assert {finding.location.path for finding in mine.findings} == {"train.py"}
    assert about_program(report, None, tmp_path) == report


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (("/usr/bin/python3.11", "train.py"), "repro-audit variance train.py --vary-seeds"),
        (("python", "train.py", "--name", "a b"), "repro-audit variance train.py --vary-seeds -- --name 'a b'"),
        (("python", "-m", "package.train", "-v"), "repro-audit variance -m package.train --vary-seeds -- -v"),
        (("torchrun", "train.py"), "repro-audit variance --vary-seeds -- torchrun train.py"),
        (("python", "-O", "train.py"), "repro-audit variance --vary-seeds -- python -O train.py"),
    ],
)
def test_a_command_of_ours_is_told_as_it_is_typed(command: tuple[str, ...], typed: str) -> None:
    assert command_line("variance", command, "--vary-seeds") == typed
