"""One copy of a project in which many versions of it run, one after the other, always at the same place.

Every version finds the same paths, so that nothing differs between two of them but their texts. Files of the project
are never written to: what a run changes in the copy is taken back before the next version, and large data that is
linked and not copied is looked at after each run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import ProjectError
from auditor.runs.isolation import RESERVE_BYTES
from auditor.runs.snapshot import LIMIT, walk

COPY_BYTES = 2 << 30
"""A project up to this size is copied whole."""

LINK_BYTES = 64 << 20
"""Of a larger one, files from this size on are cloned where the file system can, else linked."""

WRITTEN = (".pt", ".pth", ".ckpt", ".safetensors", ".pkl", ".pickle", ".db", ".sqlite", ".sqlite3", ".log", ".lock")
"""What programs write in place: always copied, because a write to a link would reach the original."""

_FICLONE = 0x40049409
_State = tuple[int, int]


class WorkCopy:
    """A copy of `project` in `folder / project.name`; made by the first `reset`."""

    def __init__(self, project: Path, folder: Path, excluded: tuple[Path, ...] = ()) -> None:
        self.project = project
        self.root = folder / (project.name or "project")
        self._excluded = (*excluded, folder)
        self._originals: dict[str, _State] = {}
        self._copied: dict[str, _State] = {}
        self._folders: set[str] = set()
        self._linked: dict[str, _State] = {}
        self._patched: set[str] = set()
        self._links = False

    def reset(self, texts: Mapping[str, bytes]) -> None:
        """Make the copy as the project was at first, with other contents of some files (paths with `/`).

        Raises `ProjectError` where there is no room, or the project has changed since.
        """
        if not self.root.exists():
            self._copy()
        self._take_back()
        for path, text in texts.items():
            place = self.root / path
            mode = place.stat().st_mode if place.exists() else None
            place.unlink(missing_ok=True)  # a link in the copy must not lead the text into the project
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
            if mode is not None:
                place.chmod(mode)
        self._patched = set(texts)

    def check_originals(self) -> None:
        """Raise `ProjectError` where a run wrote to the project through a link."""
        changed = [path for path, state in self._linked.items() if _state(self.project / path) != state]
        if changed:
            raise ProjectError(
                f"the program writes to {self.project / changed[0]}, which is linked into the copy for its size: it "
                "has changed the original. Move it out of the project, or make it smaller than "
                f"{LINK_BYTES >> 20} MiB"
            )

    def remove(self) -> None:
        """Delete the copy."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _copy(self) -> None:
        entries = list(walk(self.project, self._excluded, folders=True))
        if len(entries) > LIMIT:
            raise ProjectError(
                f"{self.project}: has more than {LIMIT:,} files; a copy of it would take long. If the program needs "
                "only a part of it, put a pyproject.toml into that folder: it is then the project"
            )
        sizes = [e.stat(follow_symlinks=False).st_size for e in entries if e.is_file(follow_symlinks=False)]
        self._links = sum(sizes) > COPY_BYTES
        needed = sum(size for size in sizes if not self._links or size < LINK_BYTES)
        self.root.mkdir(parents=True)
        free = shutil.disk_usage(self.root).free
        if needed + RESERVE_BYTES > free:
            raise ProjectError(
                f"{self.project}: a copy needs {needed / 1e9:.1f} GB and {self.root} has {free / 1e9:.1f} GB; choose "
                "another store with --store"
            )
        for entry in entries:
            path = os.path.relpath(entry.path, self.project)
            if entry.is_dir(follow_symlinks=False):
                self._folders.add(path)
                (self.root / path).mkdir(parents=True, exist_ok=True)
            elif entry.is_symlink() or entry.is_file():
                with contextlib.suppress(FileNotFoundError):  # a file that was there a moment ago
                    self._originals[path] = _state(Path(entry.path))
                    self._put(path)
        self._link_environments()

    def _put(self, path: str) -> None:
        """Bring one file or link into the copy."""
        source, place = self.project / path, self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            place.symlink_to(self._target(source))
        elif not self._links or source.stat().st_size < LINK_BYTES or source.name.lower().endswith(WRITTEN):
            shutil.copy2(source, place)
        elif not _clone(source, place):
            place.symlink_to(source)
            self._linked[path] = _state(source)
        self._copied[path] = _state(place)

    def _target(self, link: Path) -> str:
        """Where a link of the copy leads: a relative one out of the project is made absolute."""
        target = os.readlink(link)
        resolved = os.path.normpath(os.path.join(link.parent, target))
        inside = resolved == str(self.project) or resolved.startswith(os.path.join(self.project, ""))
        return target if os.path.isabs(target) or inside else resolved

    def _link_environments(self) -> None:
        """Virtual environments are linked as they are: programs do not write there."""
        for folder in ("", *self._folders):
            with os.scandir(self.project / folder) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False) and os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                        (self.root / folder / entry.name).symlink_to(entry.path)

    def _take_back(self) -> None:
        """Undo what runs and texts did to the copy."""
        for path, state in self._originals.items():
            if _state(self.project / path) != state:
                raise ProjectError(f"{self.project / path}: changed while it was being verified; start again")
        for folder, folders, files in os.walk(self.root, topdown=False):
            links = [each for each in folders if os.path.islink(os.path.join(folder, each))]
            for name in files + links:
                self._drop_if_changed(os.path.relpath(os.path.join(folder, name), self.root))
            inside = os.path.relpath(folder, self.root)
            if inside != "." and inside not in self._folders:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
        for missing in sorted(self._folders):
            (self.root / missing).mkdir(parents=True, exist_ok=True)
        for path in self._copied:
            if not os.path.lexists(self.root / path):
                self._put(path)

    def _drop_if_changed(self, path: str) -> None:
        place = self.root / path
        known = self._copied.get(path)
        if path in self._patched or (known != _state(place) and not (known is None and _is_environment(place))):
            place.unlink()


def _state(path: Path) -> _State:
    """Time and size; (0, -1) for a file that is not there."""
    try:
        status = path.lstat()
    except OSError:
        return 0, -1
    return status.st_mtime_ns, status.st_size


def _is_environment(place: Path) -> bool:
    return place.is_symlink() and (place / "pyvenv.cfg").exists()


def _clone(source: Path, place: Path) -> bool:
    """Make a copy that shares its blocks with the original until it is written to; False where that cannot be."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        with source.open("rb") as original, place.open("wb") as copy:
            fcntl.ioctl(copy.fileno(), _FICLONE, original.fileno())
        shutil.copystat(source, place)
    except OSError:
        place.unlink(missing_ok=True)
        return False
    return True
