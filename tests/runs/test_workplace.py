"""A run in a copy finds the copy wherever its command and its imports name the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.runs.workplace import Workplace


def test_paths_into_the_project_lead_into_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, folder = tmp_path / "project", tmp_path / "store" / "r1"
    (project / "sub").mkdir(parents=True)
    (project / "train.py").write_text("x = 1")
    folder.mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", f"{project}/sub{os.pathsep}/elsewhere")
    command = (sys.executable, f"{project}/train.py", f"--data={project}/sub", "/elsewhere/data")
    place = Workplace.of(command, project / "sub", project).copied_to(folder, tmp_path / "store", None)
    copy = folder / "project"
    assert place.command == (sys.executable, f"{copy}/train.py", f"--data={copy}/sub", "/elsewhere/data")
    assert (place.cwd, place.project) == (copy / "sub", copy)
    assert place.variables["PYTHONPATH"].split(os.pathsep)[:2] == [f"{copy}/sub", "/elsewhere"]
    assert (copy / "train.py").read_text() == "x = 1"


def test_a_program_that_starts_outside_its_project_has_no_copy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="start from a folder inside it"):
        Workplace.of(("python",), tmp_path, tmp_path / "project").copied_to(tmp_path, tmp_path, None)
