"""The copy in which versions of a project run: the same place, a clean start, and the original left alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from auditor.errors import ProjectError
from auditor.runs import workcopy
from auditor.runs.relocation import Relocation
from auditor.runs.workcopy import WorkCopy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    (root / "train.py").write_text("print('as it is')\n")
    (root / "train.py").chmod(0o755)
    (root / "data" / "words.txt").write_text("a b c")
    (root / "inside").symlink_to("data/words.txt")
    (tmp_path / "outside.txt").write_text("x")
    (root / "outside").symlink_to("../outside.txt")
    (root / ".git").mkdir()
    (root / "env").mkdir()
    (root / "env" / "pyvenv.cfg").write_text("")
    return root


def contents(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "env" not in path.parts
    }


def test_every_version_starts_from_the_project_as_it_was(project: Path, tmp_path: Path) -> None:
    copy = WorkCopy(project, tmp_path / "work")
    before = contents(project)
    copy.reset({})
    first = contents(copy.root)
    assert first == before
    assert copy.root.name == project.name
    (copy.root / "train.py").write_text("a run was here, and wrote what is longer")
    (copy.root / "data" / "words.txt").unlink()
    (copy.root / "out" / "deep").mkdir(parents=True)
    (copy.root / "out" / "deep" / "log.txt").write_text("loss 1")
    (copy.root / "__pycache__").mkdir()
    (copy.root / "__pycache__" / "train.pyc").write_text("stale")
    copy.reset({"train.py": b"patched", "new/seed.py": b"new"})
    assert contents(copy.root) == {**before, "train.py": "patched", "new/seed.py": "new"}
    assert (copy.root / "train.py").stat().st_mode & 0o777 == 0o755
    copy.reset({})
    assert contents(copy.root) == before
    assert not (copy.root / "out").exists()
    assert not (copy.root / "new").exists()
    assert contents(project) == before
    assert (copy.root / "env" / "pyvenv.cfg").exists()
    assert not (copy.root / ".git").exists()


def test_large_data_is_linked_and_checkpoints_are_not(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workcopy, "COPY_BYTES", 300)
    monkeypatch.setattr(workcopy, "LINK_BYTES", 100)
    monkeypatch.setattr(workcopy, "_clone", lambda source, place: False)
    (project / "data" / "train.bin").write_bytes(bytes(200))
    (project / "last.pt").write_bytes(bytes(200))
    copy = WorkCopy(project, tmp_path / "work")
    copy.reset({})
    assert (copy.root / "data" / "train.bin").is_symlink()
    assert not (copy.root / "last.pt").is_symlink()
    copy.check_originals()
    (copy.root / "data" / "train.bin").write_bytes(bytes(300))
    with pytest.raises(ProjectError, match="linked into the copy for its size"):
        copy.check_originals()


def test_a_text_never_goes_through_a_link_into_the_project(project: Path, tmp_path: Path) -> None:
    copy = WorkCopy(project, tmp_path / "work")
    copy.reset({"outside": b"patched", "inside": b"patched"})
    assert (tmp_path / "outside.txt").read_text() == "x"
    assert (copy.root / "data" / "words.txt").read_text() == "a b c"
    copy.reset({})
    assert os.readlink(copy.root / "inside") == "data/words.txt"


def test_a_project_that_changes_meanwhile_ends_it(project: Path, tmp_path: Path) -> None:
    copy = WorkCopy(project, tmp_path / "work")
    copy.reset({})
    (project / "train.py").write_text("edited by somebody")
    with pytest.raises(ProjectError, match="changed while it was being verified"):
        copy.reset({})


def test_no_room_is_told_before_anything_is_copied(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workcopy, "RESERVE_BYTES", 1 << 62)
    with pytest.raises(ProjectError, match="a copy needs"):
        WorkCopy(project, tmp_path / "work").reset({})


def test_a_home_folder_is_no_project(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workcopy, "LIMIT", 3)
    with pytest.raises(ProjectError, match=r"more than 3 files.*pyproject\.toml"):
        WorkCopy(project, tmp_path / "work").reset({})


def test_commands_are_moved_into_the_copy(project: Path, tmp_path: Path) -> None:
    (project / "env" / "python").write_text("")
    copy = tmp_path / "work" / "project"
    copy.mkdir(parents=True)
    (copy / "train.py").write_text("")
    move = Relocation(project=project, copy=copy)
    words = [f"{project}/train.py", f"--data={project}/data", "--out=runs", f"{project}x", "a=b"]
    assert move.command(["python", *words], project) == [
        "python", f"{copy}/train.py", f"--data={copy}/data", "--out=runs", f"{project}x", "a=b"
    ]  # fmt: skip
    assert move.command(["env/python", "train.py"], project) == [f"{project}/env/python", "train.py"]


def test_import_paths_into_the_project_are_moved(project: Path, tmp_path: Path) -> None:
    move = Relocation(project=project, copy=tmp_path / "copy")
    assert move.variables(Path(sys.executable), project, {"PYTHONPATH": f"{project}/src:/elsewhere"}) == {
        "PYTHONPATH": f"{tmp_path}/copy/src:/elsewhere"
    }
    assert move.variables(tmp_path / "no-python", project, {}) == {}


def test_a_project_that_is_installed_in_place_is_imported_from_the_copy(project: Path, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho \'["", "/usr/lib/python", "{project}/src"]\'\n')
    python.chmod(0o755)
    move = Relocation(project=project, copy=tmp_path / "copy")
    assert move.variables(python, project, {}) == {"PYTHONPATH": f"{tmp_path}/copy/src"}
