"""The files of a project before and after a run: which of them the run made or changed.

This also sees what is written natively, past Python's own `open`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from auditor.model.lean import dataclass

LIMIT = 100_000  # files; beyond them a snapshot says that it is not whole

# Folders that belong to tools and not to the program.
_SKIPPED = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        "node_modules",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".tox",
        ".nox",
    )
)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every file's modification time and size, by path relative to the project."""

    files: dict[str, tuple[int, int]]
    whole: bool
    """False where the project has more files than we look at."""


def walk(root: Path, excluded: tuple[Path, ...] = (), folders: bool = False) -> Iterator[os.DirEntry[str]]:
    """Yield the files and links below `root` in a fixed order, with `folders` the folders as well.

    Folders of tools and virtual environments are left out; those that cannot be read are passed over.
    """
    skipped = {os.path.realpath(path) for path in excluded}
    pending = [str(root)]
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif not _is_skipped(entry, skipped):
                pending.append(entry.path)
                if folders:
                    yield entry


def _is_skipped(folder: os.DirEntry[str], skipped: set[str]) -> bool:
    if folder.name in _SKIPPED or os.path.realpath(folder.path) in skipped:
        return True
    return os.path.exists(os.path.join(folder.path, "pyvenv.cfg"))


def take(root: Path, excluded: tuple[Path, ...] = (), limit: int = LIMIT) -> Snapshot:
    """Look at all files of a project, but those that our own output goes to (`repro-audit run … > log.txt`)."""
    files: dict[str, tuple[int, int]] = {}
    own = _own_output()
    for entry in walk(root, excluded):
        if len(files) >= limit:
            return Snapshot(files=files, whole=False)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in own:
            continue
        path = os.path.relpath(entry.path, root).replace(os.sep, "/")
        files[path] = (status.st_mtime_ns, status.st_size)
    return Snapshot(files=files, whole=True)


def _own_output() -> set[tuple[int, int]]:
    """Device and inode of what our standard output and error go to."""
    found = set()
    for number in (1, 2):
        with contextlib.suppress(OSError):
            status = os.fstat(number)
            found.add((status.st_dev, status.st_ino))
    return found


def changed(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the files that are new or have another time or size, sorted."""
    return tuple(sorted(path for path, seen in after.files.items() if before.files.get(path) != seen))
