"""The result of a scan, kept in the user's cache folder as long as everything that it was made from is the same.

A result is used again only where the same scan finds the same files with the same contents, the folders in which
imports were looked up hold the same names, and program, rules, settings and installed packages are the same. Where
nothing but the contents of some Python files differs, what was found out about the files is used again as far as it
does not rest on these (`static.trace`). Anything else, a damaged entry too, means a scan from scratch.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import auditor
from auditor.model.annotations import TYPE_CHECKING
from auditor.model.digest import sha256
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.ruleset.locate import rule_folders
from auditor.ruleset.stamp import file_stamps
from auditor.services.scan_store import prune, read, write
from auditor.services.settings import Settings
from auditor.static.discovery import METADATA, Discovery

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
"""Stamp and digest of a file; no digest where there is no such file."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a scan read besides the files that it was asked about, relative to the root."""

    files: tuple[str, ...]
    folders: tuple[str, ...]
    """Where imports were looked up; those that do not exist too."""


class ScanCache:
    """The entry of one scan: of these paths with these settings."""

    def __init__(self, found: Discovery, paths: Sequence[Path], settings: Settings, folder: Path | None = None) -> None:
        self._root = found.root
        self._files = tuple(file.path for file in (*found.files, *found.documents))
        asked = (str(found.root), [os.path.abspath(path) for path in paths], repr(settings))
        self._path = (folder or cache_folder()) / f"{_digest(repr(asked).encode()).hex()[:32]}.bin"
        outcome = (self._files, sorted(found.test_paths), found.skipped, _surroundings(found.root, settings))
        self._key = _digest(repr(outcome).encode("utf-8", "backslashreplace"))
        self._started_ns = time.time_ns()
        self._whole = frozenset({*METADATA, *(file.path for file in found.documents)})
        """Files of which a change can matter to everything."""

        self._prints: dict[str, Print] = {}
        self._digests: dict[str, bytes] = {}
        self._unchanged: frozenset[str] = frozenset()

    def get(self) -> AuditReport | None:
        """The report that a scan would give now; None where that is not known."""
        entry = read(self._path)
        if entry is None or entry.get("key") != self._key:
            return None
        files, folders, report = entry.get("files"), entry.get("folders"), entry.get("report")
        if not (isinstance(files, dict) and isinstance(folders, dict) and isinstance(report, AuditReport)):
            return None
        if any(self._listing(folder) != listing for folder, listing in folders.items()):
            return None
        now: dict[str, Print] = {}
        changed: set[str] = set()
        for path, (stamp, digest) in files.items():
            current = self._stamp(path)
            if stamp is None or current != stamp:
                current, same = self._print(path)
                if same != digest:
                    changed.add(path)
                    continue
            now[path] = (current, digest)
        if changed:
            # Prints of files that did not change need not be made again.
            self._prints = {path: known for path, known in now.items() if known[0] is not None}
            self._digests = {path: digest or b"" for path, (_, digest) in now.items()}
            self._unchanged = frozenset(now) if changed.isdisjoint(self._whole) else frozenset()
            return None
        if now != files:
            write(self._path, {**entry, "files": now})
        return report

    def parts(self, libraries: Mapping[str, Library]) -> tuple[Kept | None, frozenset[str]]:
        """What the last scan found out about each file, and the files that are as they were then."""
        from auditor.static.trace import Kept  # whoever finds the report does without

        entry = read(self._parts_path, libraries) if self._unchanged else None
        kept = entry.get("parts") if entry is not None and entry.get("key") == self._key else None
        if not isinstance(kept, Kept):
            return None, frozenset()
        # Another process may have written them, of other contents.
        sketches = kept.sketches
        same = (path for path in self._unchanged if path in sketches and sketches[path].digest == self._digests[path])
        return kept, frozenset(same)

    def put(self, report: AuditReport, inputs: Inputs, parts: Kept) -> None:
        """Keep a report. Nothing is kept where a file changed while it was made, or where the folder is read-only."""
        files: dict[str, Print] = {}
        for path in sorted({*self._files, *inputs.files}):
            stamp = self._stamp(path, settled=False)
            if stamp is not None and max(stamp[1:]) >= self._started_ns:
                return
            known = self._prints.get(path)
            files[path] = known if known is not None and known[0] == stamp else self._print(path)
        for folder in inputs.folders:
            stamp = self._stamp(folder, settled=False)
            if stamp is not None and max(stamp[1:]) >= self._started_ns:
                return
        folders = {folder: self._listing(folder) for folder in sorted(inputs.folders)}
        # Parts first: they say by themselves what they hold for, but a report without its parts would not last.
        if write(self._parts_path, {"key": self._key, "parts": parts}):
            write(self._path, {"key": self._key, "files": files, "folders": folders, "report": report})
            prune(self._path.parent)

    @property
    def _parts_path(self) -> Path:
        return self._path.with_suffix(".parts")

    def _print(self, path: str) -> Print:
        stamp = self._stamp(path)
        try:
            return stamp, _digest((self._root / path).read_bytes())
        except OSError:
            return None, None

    def _stamp(self, path: str, *, settled: bool = True) -> Stamp:
        try:
            status = os.stat(self._root / path)
        except OSError:
            return None
        if settled and max(status.st_mtime_ns, status.st_ctime_ns) > self._started_ns - SETTLED_NS:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def _listing(self, folder: str) -> bytes | None:
        try:
            return _digest(repr(sorted(os.listdir(self._root / folder))).encode("utf-8", "backslashreplace"))
        except OSError:
            return None


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where results of scans are kept, whether or not it exists."""
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".cache")
    return Path(home) / "repro-audit" / "scan"


def _surroundings(root: Path, settings: Settings) -> object:
    """Program, rules, interpreter, installed packages and the project's own configuration."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    stamps = [stamp for folder in rule_folders(settings.rules) for stamp in file_stamps(str(folder), ".toml")]
    for room in ("static", "ruleset", "model", "services"):
        stamps += file_stamps(os.path.join(package, room), ".py")
    beside = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]
    with contextlib.suppress(OSError):
        beside += [
            entry.path
            for entry in os.scandir(root)
            if os.path.splitext(entry.name)[1] in CONFIGURATION and entry.is_file()
        ]
    return auditor.__version__, sys.version, stamps, [(path, _stamp_of(path)) for path in sorted(beside)]


def _stamp_of(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()
