"""The result of a scan, kept in the user's cache folder as long as everything that it was made from is the same.

A result is used again only where the same scan finds the same files with the same contents, the folders in which
imports were looked up hold the same names, and program, rules, settings and installed packages are the same. Where
Python files differ, came or went, what was found out about the others is used again as far as it does not rest on these
(`static.trace`, `static.moves`). Anything else, a damaged entry too, means a scan from scratch.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import sha256
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.ruleset.marshalled import cache_home
from auditor.services.program_stamp import ProgramStamp
from auditor.services.scan_store import dumped, loaded, prune, read, write
from auditor.services.settings import Settings
from auditor.static.discovery import METADATA, Discovery
from auditor.static.importpath import DATA, importable
from auditor.static.pinfiles import lists_below, own_sites

if TYPE_CHECKING:
    from auditor.ruleset.library import Library
    from auditor.static.trace import Kept

SETTLED_NS = 2_000_000_000
"""A file that was written this shortly before may be written again without another time: its content is compared."""

CONFIGURATION = frozenset({".toml", ".cfg", ".ini", ".txt", ".yaml", ".yml", ".lock", ".env", ".json", ".in", ""})
"""Endings of files at the top of a project that may say what is installed, or which programs there are."""

Stamp = tuple[int, int, int] | None
"""Size, time of modification, time of change; None where the content has to be compared."""

Print = tuple[Stamp, bytes | None]
"""Stamp and digest of a file, or of what a folder holds for imports; no digest where there is none."""

Names = tuple[Stamp, frozenset[str]]
"""Stamp of a folder and what it holds for imports."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a scan read besides the files that it was asked about, relative to the root."""

    files: tuple[str, ...]
    folders: tuple[str, ...]
    """Where imports were looked up; those that do not exist too."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is left of the last scan."""

    kept: Kept
    unchanged: frozenset[str]
    """Files with the contents that they had."""

    listed: Mapping[str, frozenset[str]]
    """What stands in folders that did not change."""


class ScanCache:
    """The entry of one scan: of these paths with these settings."""

    def __init__(self, found: Discovery, paths: Sequence[Path], settings: Settings, program: ProgramStamp) -> None:
        """`program`: the stamp of what is about to scan."""
        self._root = found.root
        self._base = str(found.root)
        self._inside = os.path.join(self._base, "")
        documents = {file.path for file in found.documents}
        below = lists_below(found.root)
        more = [path for path in below if path not in documents]
        self._files = (*(file.path for file in found.files), *(file.path for file in found.documents), *more)
        asked = (str(found.root), [os.path.abspath(path) for path in paths], repr(settings))
        self._path = cache_folder() / f"{_digest(repr(asked).encode()).hex()[:32]}.bin"
        lists = sorted({*below, *(path for path in documents if "/" not in path)})
        self._basis = _digest(_bytes((lists, program, _surroundings(found.root))))
        """Of what matters to everything that is found out."""

        self._key = _digest(_bytes(("\0".join(self._files), "\0".join(sorted(found.test_paths)), found.skipped)))
        self._started_ns = time.time_ns()
        self._whole = frozenset({*METADATA, *lists})
        """Files of which a change can matter to everything."""

        self._prints: dict[str, Print] = {}
        self._digests: dict[str, bytes] = {}
        self._unchanged: frozenset[str] = frozenset()
        self._sources = {file.path: file for file in found.files}
        self._places: dict[str, Print] = {}
        self._names: dict[str, Names] = {}
        self._listed: frozenset[str] = frozenset()
        """Folders in which an earlier scan looked; `_told_before`: those of them that tell of the others."""

        self._told_before: frozenset[str] = frozenset()

    def get(self) -> AuditReport | None:
        """The report that a scan would give now; None where that is not known."""
        entry = self._entry()
        if entry is None:
            return None
        key, files, folders, packed = entry
        is_same = key == self._key
        places, now = dict(folders), dict(files)
        for folder in self._restamped(folders):
            listing = _told_by(self._listing(folder))
            if listing == folders[folder][1]:
                places[folder] = self._stamp(folder), listing
            else:
                is_same = False
                del places[folder]
        changed: set[str] = set()
        for path in self._restamped(files):
            current = self._print(path)
            if current[1] == files[path][1]:
                now[path] = current
            else:
                changed.add(path)
                del now[path]
        if changed or not is_same:
            # Prints of files that did not change need not be made again.
            self._prints = {path: known for path, known in now.items() if known[0] is not None}
            self._digests = {path: digest or b"" for path, (_, digest) in now.items()}
            self._places = places
            for path, (stamp, _) in self._prints.items():
                if stamp is not None and path in self._sources:
                    self._sources[path].know_size(stamp[0])
            self._unchanged = frozenset(now) if changed.isdisjoint(self._whole) else frozenset()
            return None
        try:
            report = loaded(packed)
        except Exception:  # what is pickled can raise anything; it is as good as none
            return None
        if not isinstance(report, AuditReport):
            return None
        if now != files or places != folders:
            write(self._path, (self._basis, self._key, now, places, packed))
        return report

    def _entry(self) -> tuple[bytes, dict[str, Print], dict[str, Print], bytes] | None:
        """What the report was about, prints of files and of folders, and the report."""
        match read(self._path):
            case (self._basis, bytes(key), dict(files), dict(folders), bytes(packed)):
                return key, files, folders, packed
        return None

    def parts(self, libraries: Mapping[str, Library]) -> Parts | None:
        """What the last scan found out; None where nothing of it can be used."""
        from auditor.services.scan_parts import unpack_parts  # whoever finds the report does without

        match read(self._parts_path) if self._unchanged else None:
            case (self._basis, plain, dict(folders)):
                kept = unpack_parts(plain, libraries)
            case _:
                kept = None
        if kept is None:
            return None
        kept.names = {folder: names for folder, (_, names) in folders.items()}
        # Another process may have written them, of other contents: they say by themselves what they hold for.
        digests = self._digests
        same = [path for path, digest in kept.digests.items() if digest and digests.get(path) == digest]
        for folder, (stamp, names) in folders.items():
            if stamp is not None and self._stamp(folder) == stamp:
                self._names[folder] = stamp, names
        if self._names.keys() == folders.keys():
            self._listed, self._told_before = kept.listed_folders, frozenset(folders)
        listed = {folder: names for folder, (_, names) in self._names.items()}
        return Parts(kept=kept, unchanged=self._unchanged.intersection(same), listed=listed)

    def put(self, report: AuditReport, inputs: Inputs, parts: Kept) -> None:
        """Keep a report. Nothing is kept where a file changed while it was made, or where the folder is read-only."""
        files: dict[str, Print] = {}
        prints, stat, inside, started_ns = self._prints, os.stat, self._inside, self._started_ns
        for path in sorted({*self._files, *inputs.files}):
            try:
                status = stat(inside + path)
            except (OSError, UnicodeError):
                stamp = None
            else:
                stamp = status.st_size, status.st_mtime_ns, status.st_ctime_ns
                if stamp[1] >= started_ns or stamp[2] >= started_ns:
                    return
            known = prints.get(path)
            if known is not None and known[0] == stamp:
                files[path] = known
            elif parts.digests.get(path):
                # Read since the start, and not written since.
                files[path] = self._stamp(path), parts.digests[path]
            else:
                files[path] = self._print(path)
        folders: dict[str, Print] = {}
        names: dict[str, Names] = {}
        for folder in sorted(self._told_before.union(self._told(inputs.folders))):
            stamp = self._stamp(folder, settled=False)
            if stamp is not None and max(stamp[1:]) >= self._started_ns:
                return
            known, listed = self._places.get(folder), self._names.get(folder)
            if known and listed and stamp is not None and known[0] == listed[0] == stamp:
                folders[folder], names[folder] = known, listed
            else:
                listing, settled = self._listing(folder), self._stamp(folder)
                folders[folder] = settled, _told_by(listing)
                names[folder] = settled, frozenset() if listing is None else listing
        # Parts first: they say by themselves what they hold for, but a report without its parts would not last.
        from auditor.services.scan_parts import pack_parts

        is_new = not self._path.exists()
        if write(self._parts_path, (self._basis, pack_parts(parts), names)):
            write(self._path, (self._basis, self._key, files, folders, dumped(report)))
            if is_new:
                prune(self._path.parent)

    @property
    def _parts_path(self) -> Path:
        return self._path.with_suffix(".parts")

    def _print(self, path: str) -> Print:
        stamp = self._stamp(path)
        file = self._root / path
        if not file.is_file():  # to read a pipe would take until somebody writes to it
            return None, None
        try:
            return stamp, _digest(file.read_bytes())
        except OSError:
            return None, None

    def _told(self, folders: Sequence[str]) -> list[str]:
        """The folders that have to be looked at: of one that is not there, the folder above tells the same."""
        known = frozenset(folders)
        return [
            folder
            for folder in known - self._listed
            if not folder or posixpath.dirname(folder) not in known or folder.endswith(DATA) or self._is_there(folder)
        ]

    def _is_there(self, folder: str) -> bool:
        above, _, name = folder.rpartition("/")
        if above in self._names:
            return name in self._names[above][1]
        return os.path.lexists(os.path.join(self._base, folder))

    def _restamped(self, prints: Mapping[str, Print]) -> list[str]:
        """Those whose contents have to be compared."""
        inside, stat, limit = self._inside, os.stat, self._started_ns - SETTLED_NS
        found = []
        for path, (stamp, _) in prints.items():
            try:
                status = stat(inside + path)
            except (OSError, UnicodeError):
                found.append(path)
                continue
            current = status.st_size, status.st_mtime_ns, status.st_ctime_ns
            if stamp != current or current[1] > limit or current[2] > limit:
                found.append(path)
        return found

    def _stamp(self, path: str, *, settled: bool = True) -> Stamp:
        try:
            status = os.stat(self._inside + path)
        except (OSError, UnicodeError):  # a shown name may be one that this locale cannot say
            return None
        if settled and max(status.st_mtime_ns, status.st_ctime_ns) > self._started_ns - SETTLED_NS:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def _listing(self, folder: str) -> frozenset[str] | None:
        """What a folder holds for imports; None where there is none."""
        try:
            return importable(os.listdir(os.path.join(self._base, folder)))
        except (OSError, UnicodeError):
            return None


def cache_folder() -> Path:
    """Return where results of scans are kept, whether or not it exists."""
    return cache_home() / "scan"


def _surroundings(root: Path) -> object:
    """Installed packages and the project's own configuration."""
    beside = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]
    beside += [str(site) for site in own_sites(root)]
    with contextlib.suppress(OSError):
        beside += [
            entry.path
            for entry in os.scandir(root)
            if os.path.splitext(entry.name)[1] in CONFIGURATION and entry.is_file()
        ]
    return [(path, _stamp_of(path)) for path in sorted(beside)]


def _stamp_of(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _told_by(names: frozenset[str] | None) -> bytes | None:
    return None if names is None else _digest(_bytes(sorted(names)))


def _bytes(value: object) -> bytes:
    return repr(value).encode("utf-8", "backslashreplace")


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()
