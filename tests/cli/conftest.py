"""A small project to run commands on, and a way to run them in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the current folder, cut off from the settings and runs of whoever runs the tests."""
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("NO_COLOR", "FORCE_COLOR", "REPRO_AUDIT_STORE", "REPRO_AUDIT_SELECT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "0"\n')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def command(project: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run `repro-audit WORDS…` in this process."""

    def run(*words: str) -> Ran:
        code = main(words)
        out, err = capfd.readouterr()
        return Ran(code=code, out=out, err=err)

    return run
