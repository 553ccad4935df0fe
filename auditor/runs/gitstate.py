"""Which files of a project git knows, and whether they are as it knows them; the repository is only read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from auditor.model.lean import dataclass, field
from auditor.runs.revision import git_command, git_environment

_WAIT_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """A project as its repository sees it; paths are relative to the project, sorted."""

    commit: str
    """Empty where nothing was committed yet."""

    tracked: frozenset[str]
    changed: tuple[str, ...]
    """Tracked files that are not as the commit has them, submodules among them."""

    untracked: tuple[str, ...]
    """Files that are neither tracked nor ignored."""

    lfs: frozenset[str]
    """Tracked files whose content git-lfs keeps."""

    unwatched: tuple[str, ...] = ()
    """Tracked files that are there and of which git was told not to look for changes."""

    links: Mapping[str, str] = field(default_factory=dict)
    """Tracked symbolic links → what they lead to, empty where that is outside the project."""

    def has(self, path: str) -> bool:
        """Whether the commit has a file as it is, by whatever tracked link it is reached."""
        for link in self._above(path):
            if link in self.links:
                below = PurePosixPath(path).relative_to(link)
                target = self.links[link]
                return bool(target) and self.has(str(PurePosixPath(target) / below))
        return path in self.tracked and not {*self._above(path)} & {*self.changed, *self.unwatched}

    @staticmethod
    def _above(path: str) -> list[str]:
        """The path and the folders that it is in: a submodule is one entry of what changed."""
        return [str(part) for part in (PurePosixPath(path), *PurePosixPath(path).parents)]


def git_state(project: Path) -> GitState | None:
    """Return what git says; None outside a repository. Raises `OSError` where git is missing or fails."""
    inside = _run(project, "rev-parse", "--show-prefix")
    if inside.returncode:
        said = os.fsdecode(inside.stderr).strip()
        if "not a git repository" in said:
            return None
        raise OSError(said.removeprefix("fatal: ") or "git failed")
    prefix = os.fsdecode(inside.stdout).rstrip("\n")
    head = _run(project, "rev-parse", "--verify", "--quiet", "HEAD")
    tracked, flagged = _tracked(_ask(project, "ls-files", "-v", "-z", "--recurse-submodules"))
    asked = ("--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none", ".")
    changed, untracked = _status(_ask(project, "status", *asked), prefix)
    return GitState(
        commit="" if head.returncode else os.fsdecode(head.stdout).strip(),
        tracked=frozenset(tracked),
        changed=tuple(sorted(changed)),
        untracked=tuple(sorted(untracked)),
        lfs=_lfs(project, tracked),
        unwatched=tuple(sorted(path for path in flagged if os.path.lexists(project / path))),
        links=_links(project, tracked),
    )


def _status(told: bytes, prefix: str) -> tuple[set[str], set[str]]:
    """Files that differ, and files that are new; git names them from the top of the repository."""
    changed: set[str] = set()
    untracked: set[str] = set()
    records = iter(_names(told))
    for record in records:
        code, path = record[:2], record[3:].removeprefix(prefix)
        (untracked if code == "??" else changed).add(path)
        if code[0] in "RC":
            changed.add(next(records, "").removeprefix(prefix))
    changed.discard("")
    return changed, untracked


def _tracked(told: bytes) -> tuple[set[str], set[str]]:
    """All tracked files, and those marked `assume-unchanged` (a small letter) or `skip-worktree` (S)."""
    records = [(record[:1], record[2:]) for record in _names(told)]
    return {path for _, path in records}, {path for tag, path in records if tag.islower() or tag == "S"}


def _links(project: Path, tracked: set[str]) -> dict[str, str]:
    top = os.path.realpath(project)
    links = sorted(path for path in tracked if os.path.islink(project / path))
    inside = {path: os.path.relpath(os.path.realpath(project / path), top).replace(os.sep, "/") for path in links}
    return {path: "" if target.split("/")[0] == ".." or target == path else target for path, target in inside.items()}


def _lfs(project: Path, tracked: set[str]) -> frozenset[str]:
    if not any(Path(name).name == ".gitattributes" for name in tracked):
        return frozenset()
    asked = b"\0".join(os.fsencode(name) for name in sorted(tracked))
    parts = _names(_ask(project, "check-attr", "-z", "--stdin", "filter", given=asked))
    return frozenset(path for path, value in zip(parts[::3], parts[2::3], strict=False) if value == "lfs")


def _names(told: bytes) -> list[str]:
    return [os.fsdecode(part) for part in told.split(b"\0") if part]


def _ask(folder: Path, *words: str, given: bytes = b"") -> bytes:
    done = _run(folder, *words, given=given)
    if done.returncode:
        raise OSError(os.fsdecode(done.stderr).strip().removeprefix("fatal: ") or f"git {words[0]} failed")
    return done.stdout


def _run(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            git_command(folder, *words),
            capture_output=True,
            env=git_environment(),
            input=given,
            timeout=_WAIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"git {words[0]} took more than {_WAIT_S} s") from None
