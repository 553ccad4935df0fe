"""Which files a run wrote, and a copy of a project to write into."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import ProjectError
from auditor.runs import isolation
from auditor.runs.isolation import copy_project
from auditor.runs.snapshot import changed, take


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def test_new_and_changed_files_are_told_and_untouched_ones_not(tmp_path: Path) -> None:
    make(tmp_path, "train.py", "data/a.txt", "data/b.txt")
    before = take(tmp_path)
    make(tmp_path, "out/new.pt")
    (tmp_path / "data/a.txt").write_text("longer than before")
    os.utime(tmp_path / "data/b.txt", ns=(1, 1))
    (tmp_path / "train.py").unlink()
    assert changed(before, take(tmp_path)) == ("data/a.txt", "data/b.txt", "out/new.pt")


def test_what_our_own_output_is_redirected_to_was_not_written_by_the_program(tmp_path: Path) -> None:
    make(tmp_path, "train.py", "result.txt")
    code = "from auditor.runs.snapshot import take; from pathlib import Path; print(*take(Path('.')).files)"
    with (tmp_path / "log.txt").open("w") as log, (tmp_path / "log.err").open("w") as errors:
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stdout=log, stderr=errors, check=True)
    assert sorted((tmp_path / "log.txt").read_text().split()) == ["result.txt", "train.py"]


def test_tools_folders_and_environments_are_not_looked_at(tmp_path: Path) -> None:
    make(
        tmp_path,
        "a.py",
        ".git/x",
        "__pycache__/a.pyc",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "runs/r1/run.json",
        "lib/m.py",
    )
    assert sorted(take(tmp_path, (tmp_path / "runs",)).files) == ["a.py", "lib/m.py"]


def test_a_huge_project_gives_a_snapshot_that_says_so(tmp_path: Path) -> None:
    make(tmp_path, *(f"{number}.txt" for number in range(5)))
    assert take(tmp_path, limit=5).whole
    assert not take(tmp_path, limit=4).whole


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    make(tmp_path, "a/file")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    assert sorted(take(tmp_path).files) == ["a/file", "a/loop"]


def test_a_copy_has_all_files_links_modes_and_times_but_not_the_runs(tmp_path: Path) -> None:
    project, run = tmp_path / "project", tmp_path / "project" / "runs" / "r1"
    make(project, "train.py", "data/a.txt", ".hidden", ".git/config", "runs/r0/run.json", "env/pyvenv.cfg")
    (project / "out/empty").mkdir(parents=True)
    (project / "link").symlink_to("data/a.txt")
    (project / "outside").symlink_to(tmp_path)
    (project / "train.py").chmod(0o755)
    os.utime(project / "data/a.txt", ns=(10**18, 10**18))
    run.mkdir(parents=True)
    copy = copy_project(project, run, (project / "runs",))
    assert copy == run / "project"
    found = sorted(str(path.relative_to(copy)) for path in copy.rglob("*"))
    assert found == [".hidden", "data", "data/a.txt", "link", "out", "out/empty", "outside", "train.py"]
    assert os.readlink(copy / "link") == "data/a.txt"
    assert (copy / "outside").is_symlink()
    assert (copy / "train.py").stat().st_mode & 0o777 == 0o755
    assert (copy / "data/a.txt").stat().st_mtime_ns == 10**18


def test_a_copy_that_does_not_fit_is_refused_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "project", "a.txt")
    run = tmp_path / "r1"
    run.mkdir()
    monkeypatch.setattr(isolation, "RESERVE_BYTES", 1 << 62)
    with pytest.raises(ProjectError, match=r"a copy needs .* choose another store"):
        copy_project(tmp_path / "project", run)
    assert not (run / "project").exists()
