"""What a command says when it cannot go on: whose turn it is, and what to do."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.cli.failures import guarded


def test_a_full_disk_is_no_bug_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    def write() -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "run.tape")

    assert guarded(write, ["record"]) == 2
    said = capsys.readouterr().err
    assert "run.tape: No space left on device" in said
    assert "bug" not in said


def test_other_errors_of_the_system_that_nobody_caught_are(
    capsys: pytest.CaptureFixture[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def write() -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    guarded(write, ["record"])
    assert "this is a bug in repro-audit" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "package"), [("libcst", "libcst"), ("yaml", "pyyaml")])
def test_a_package_of_ours_that_is_not_there_is_named_as_pip_knows_it(
    module: str, package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    assert guarded(work, ["fix"]) == 2
    said = capsys.readouterr().err
    assert f"pip install {package}" in said
    assert "bug" not in said


@pytest.mark.parametrize(("command", "named"), [("tape", "show, diff, import, export"), ("runs", "list, show, prune")])
def test_a_missing_command_is_answered_with_those_that_there_are(
    command: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 2
    assert named in capsys.readouterr().err


def test_a_closed_stdout_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["explain", "RA101"]) == 0


def test_a_folder_that_was_removed_meanwhile_is_told_and_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    assert guarded(lambda: len(str(Path("x").absolute())), ["scan", "."]) == 2
    told = capsys.readouterr().err
    assert "does not exist any more" in told
    assert "bug" not in told


def test_a_full_disk_is_told_also_where_what_is_kept_is_printed_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def print_again(words: object, keeping: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("auditor.cli.printed.print_again", print_again)
    assert main(["scan", "."]) == 2
    assert capsys.readouterr().err.startswith(
        "repro-audit: No space left on device; what this command writes is not complete"
    )
