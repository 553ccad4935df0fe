"""What git says of a project, also of one that lies deep in its repository; the repository stays as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.runs.gitstate import git_state


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project below the top of a repository: one file committed, one ignored."""
    top = tmp_path / "top"
    folder = top / "packages" / "a b"
    folder.mkdir(parents=True)
    git(tmp_path, "init", "-q", str(top))
    (folder / "train.py").write_text("x = 1\n")
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "run.log").write_text("")
    (top / "other.py").write_text("")
    git(top, "add", "--all")
    git(top, "commit", "-qm", "first")
    return folder


def test_a_clean_project_has_its_files_and_no_change(project: Path) -> None:
    state = git_state(project)
    assert state is not None
    assert len(state.commit) == 40
    assert state.tracked == {"train.py", ".gitignore"}
    assert (state.changed, state.untracked, state.lfs) == ((), (), frozenset())


def test_changed_new_renamed_and_staged_files_are_told_relative_to_the_project(project: Path) -> None:
    (project / "new file.py").write_text("")
    (project / "train.py").rename(project / "main.py")
    git(project, "add", "main.py", "train.py")
    (project.parent.parent / "other.py").write_text("changed, but not in the project\n")
    state = git_state(project)
    assert state is not None
    assert state.untracked == ("new file.py",)
    assert state.changed == ("main.py", "train.py")


def test_files_of_lfs_are_known_by_their_attribute(project: Path) -> None:
    (project / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    (project / "w.bin").write_bytes(b"version https://git-lfs\n")
    git(project, "-c", "filter.lfs.clean=cat", "-c", "filter.lfs.smudge=cat", "add", "--all")
    state = git_state(project)
    assert state is not None
    assert state.lfs == {"w.bin"}


def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", ".")
    state = git_state(tmp_path)
    assert state is not None
    assert state.commit == ""


def test_outside_a_repository_there_is_no_state(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None


def test_looking_changes_nothing_in_the_repository(project: Path) -> None:
    top = project.parent.parent
    before = {path: path.stat().st_mtime_ns for path in (top / ".git").rglob("*")}
    git_state(project)
    assert {path: path.stat().st_mtime_ns for path in (top / ".git").rglob("*")} == before


def test_a_link_is_followed_and_one_that_leads_out_is_not_had(project: Path) -> None:
    (project / "store").mkdir()
    (project / "store" / "a.csv").write_text("1\n")
    (project / "data").symlink_to("store")
    (project / "away").symlink_to("../../other.py")
    (project / "self").symlink_to("self")
    git(project, "add", "--all")
    git(project, "commit", "-qm", "links")
    state = git_state(project)
    assert state is not None
    assert state.links == {"data": "store", "away": "", "self": ""}
    assert [state.has(path) for path in ("data/a.csv", "store/a.csv", "data/b.csv", "away", "self")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_changes_that_git_was_told_to_overlook_are_told(project: Path, flag: str) -> None:
    git(project, "update-index", flag, "train.py")
    (project / "train.py").write_text("x = 2\n")
    state = git_state(project)
    assert state is not None
    assert (state.changed, state.unwatched) == ((), ("train.py",))
    assert not state.has("train.py")


def test_a_submodule_has_its_files_until_something_in_it_changes(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "lib"
    other.mkdir()
    git(tmp_path, "init", "-q", str(other))
    (other / "lib.py").write_text("y = 1\n")
    git(other, "add", "--all")
    git(other, "commit", "-qm", "lib")
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "lib")
    git(project, "config", "-f", str(project.parent.parent / ".gitmodules"), "submodule.packages/a b/lib.ignore", "all")
    git(project, "add", "--all")
    git(project, "commit", "-qm", "with lib")
    state = git_state(project)
    assert state is not None
    assert state.changed == ()
    assert state.has("lib/lib.py")
    (project / "lib" / "lib.py").write_text("y = 2\n")
    state = git_state(project)
    assert state is not None
    assert state.changed == ("lib",)
    assert not state.has("lib/lib.py")
