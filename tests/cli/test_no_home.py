"""A user without a HOME and an entry in passwd, as in containers: commands work, or say what to set."""

from __future__ import annotations

import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.model.home import home_folder

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nobody(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    (project / "train.py").write_text("import os\nprint(os.urandom(2).hex())\n")


def test_the_home_folder_is_not_known() -> None:
    assert home_folder() is None
    assert home_folder({"HOME": "/home/somebody"}) == "/home/somebody"


def test_a_scan_does_without_what_it_keeps(command: Command) -> None:
    assert command("scan", "train.py").code == 0


@pytest.mark.parametrize("words", [("run", "train.py"), ("runs", "list"), ("fix", "--log"), ("compare", "r1", "r2")])
def test_what_keeps_runs_says_what_to_set(command: Command, words: tuple[str, ...]) -> None:
    ran = command(*words)
    assert ran.code == 2
    assert "HOME is not set and the system does not know this user; set HOME or XDG_STATE_HOME" in ran.err
    assert "bug" not in ran.err


def test_tapes_are_recorded_and_replayed_and_the_answer_is_not_kept(command: Command) -> None:
    assert command("record", "-q", "train.py").code == 0
    replayed = command("replay", "run.tape")
    assert replayed.code == 0
    assert replayed.err.startswith("note: This is not kept as evidence for `repro-audit report`: no folder to keep")


def test_a_bug_leaves_its_details_in_a_temporary_folder(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("auditor.cli.scan_work.run_scan", lambda values: 1 // 0)
    assert f"Details are in {tmp_path}/crash-" in command("scan").err
