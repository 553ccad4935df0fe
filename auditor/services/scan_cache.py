"""The result of a scan, kept in the user's cache folder as long as everything that it was made from is the same.

A result is used again only where the same scan finds the same files with the same contents, the folders in which
imports were looked up hold the same names, and program, rules, settings and installed packages are the same. Mostly all
of that is told by stamps (`kept_report`); where one differs, what it stands for is compared. Where Python files differ,
came or went, what was found out about the others is used again as far as it does not rest on these (`static.trace`,
`static.moves`). Anything else, a damaged entry too, means a scan from scratch.
"""

from __future__ import annotations

import marshal
import os
import posixpath
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from auditor.model.annotations import TYPE_CHECKING, Any
from auditor.model.digest import content_digest
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.services.kept_report import Keeping, KeptReport, cache_folder_name, here, read_kept
from auditor.services.scan_store import dumped, loaded, prune, read, write
from auditor.services.settings import Settings
from auditor.static.files.discovery import METADATA, UNTOLD, Discovery, Walked, find_files
from auditor.static.files.importpath import DATA, importable
from auditor.static.text.stamps import SETTLED_NS, UNKNOWN, Print, Stamp, packed_stamps, stamp_now, stamp_of

if TYPE_CHECKING:
    from auditor.ruleset.library import Library
    from auditor.services.kept_walk import KeptWalk
    from auditor.services.surroundings import KeptSurroundings, Surroundings
    from auditor.static.reuse.trace import Kept

WORTH = 80
"""Parsing and judging some source takes as long as writing this many times as much of what was found out."""

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

    found: Discovery
    """The files that are scanned; known once `get` gave nothing. So are program, rules and packages."""

    surroundings: Surroundings | KeptSurroundings

    def __init__(self, root: Path, paths: Sequence[Path], settings: Settings, cancelled: Callable[[], bool]) -> None:
        self._root = root
        self._base = str(root)
        self._inside = os.path.join(self._base, "")
        self._asked = paths, settings, cancelled
        asked = (self._base, [os.path.abspath(path) for path in paths], repr(settings))
        self._name = os.path.join(cache_folder_name(), content_digest(_bytes(asked)).hex()[:32])
        self._start(time.time_ns())
        self._listed_before: dict[str, bytes] = {}
        """Digests of what counts of folders, where they need not be listed."""

        self._stamps: dict[str, Stamp] = {}
        """Of folders that are as they were."""

        self._prints: dict[str, Print] = {}
        self._digests: dict[str, bytes] = {}
        self._unchanged: frozenset[str] = frozenset()
        self._places: dict[str, Print] = {}
        self._names: dict[str, Names] = {}
        self._listed: frozenset[str] = frozenset()
        """Folders in which an earlier scan looked; `_told_before`: those of them that tell of the others."""

        self._told_before: frozenset[str] = frozenset()
        self._parts_files: tuple[frozenset[str], frozenset[str]] | None = None
        """The files, and the tests among them, for which there are parts that could stay as they are."""

    def get(self, keeping: Keeping) -> AuditReport | None:
        """The report that a scan would give now; None where that is not known."""
        name = self._name + ".bin"
        compared = keeping.take(name)
        kept = compared or read_kept(name)
        if compared is not None:
            self._start(compared.compared_ns)  # what changed since then is not known to be as it was
        elif kept is not None and kept.compare(self._base):
            report = _report(kept.packed)
            if report is not None:
                keeping.place = name, kept.identity
                return report
            kept = None
        self._look(kept)
        return None if kept is None or kept.basis != self._basis else self._compared(kept, keeping)

    def _start(self, now_ns: int) -> None:
        self._started_ns = now_ns
        self._settled_ns = now_ns - SETTLED_NS
        self._walked = Walked(self._settled_ns)

    def _look(self, kept: KeptReport | None) -> None:
        """Find out what is scanned, and in what surroundings."""
        from auditor.services.surroundings import KeptSurroundings, Surroundings  # an unchanged project does without

        paths, settings, cancelled = self._asked
        if kept is not None:
            others = frozenset(kept.other_folders)
            stamps = kept.folders.prints().items()
            self._stamps = {folder: stamp for folder, (stamp, _) in stamps if folder not in others}
        walk = None if kept is None or kept.other_links else self._kept_walk(kept)
        again = None if walk is None or kept is None else walk.again(self._root, kept.other_folders, self._settled_ns)
        if again is None or walk is None:
            self.found = find_files(self._root, paths, settings.exclude, cancelled, self._walked)
        else:
            self.found, self._walked = again
            self._listed_before = walk.listed
        if kept is None or kept.other_program:
            self.surroundings = Surroundings(self._root, settings)
        else:
            self.surroundings = KeptSurroundings(kept)
        found, below = self.found, self.surroundings.lists
        documents = {file.path for file in found.documents}
        more = [path for path in below if path not in documents]
        self._files = (*(file.path for file in found.files), *(file.path for file in found.documents), *more)
        lists = sorted({*below, *(path for path in documents if "/" not in path)})
        self._whole = frozenset({*METADATA, *lists})
        """Files of which a change can matter to everything."""

        self._basis = content_digest(_bytes((lists, self.surroundings.digest)))
        """Of what matters to everything that is found out."""

        self._key = content_digest(_bytes(("\0".join(self._files), "\0".join(sorted(found.test_paths)), found.skipped)))

    def _kept_walk(self, kept: KeptReport) -> KeptWalk | None:
        """Which files there were, where the ignore files say what they said."""
        from auditor.services.kept_walk import KeptWalk

        _, packed, _ = kept.details
        walk = None if packed is None else KeptWalk(packed)
        if walk is None or not kept.other_files:
            return walk
        prints, others = kept.files.prints(), frozenset(kept.other_files)
        is_same = all(self._print(path)[1] == prints[path][1] for path in walk.ignore_files if path in others)
        return walk if is_same else None

    def _compared(self, kept: KeptReport, keeping: Keeping) -> AuditReport | None:
        """The kept report, where contents are the same though stamps differ; else what is the same is noted."""
        is_same = kept.key == self._key
        told, _, _ = kept.details
        places = {folder: (self._stamps.get(folder, UNKNOWN), digest) for folder, digest in told.items()}
        for folder in kept.other_folders:
            if folder in places:
                stamp, listing = stamp_of(self._inside + folder, self._settled_ns), _told_by(self._listing(folder))
                if listing == told[folder]:
                    places[folder] = stamp, listing
                else:
                    is_same = False
                    del places[folder]
        now = kept.files.prints()
        changed: set[str] = set()
        for path in kept.other_files:
            current = self._print(path)
            if current[1] == now[path][1] or path in self._walked.ignore_files:
                now[path] = current
            else:
                changed.add(path)
                del now[path]
        report = None if changed or not is_same else _report(kept.packed)
        if report is None:
            # Prints of files that did not change need not be made again.
            self._prints, self._places = now, places
            self._digests = {path: digest for path, (_, digest) in now.items()}
            for source in self.found.files:
                if source.path in now and (size := now[source.path][0][0]) >= 0:
                    source.know_size(size)
            self._unchanged = frozenset(now) if changed.isdisjoint(self._whole) else frozenset()
            return None
        entry = self._entry(now, places, kept.packed)
        keeping.place = self._name + ".bin", entry[2]
        if entry != kept.values:
            write(self.path, entry)
        return report

    def parts(self, libraries: Mapping[str, Library]) -> Parts | None:
        """What the last scan found out; None where nothing of it can be used."""
        from auditor.services.scan_parts import unpack_parts  # whoever finds the report does without

        match read(self._parts_path) if self._unchanged else None:
            case (basis, plain, dict(folders)) if basis == self._parts_basis(self._digests):
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
            if stamp != UNKNOWN and self._stamps.get(folder) == stamp:
                self._names[folder] = stamp, names
                continue
            now = stamp_of(self._inside + folder, self._settled_ns)
            if now == stamp != UNKNOWN or names == (self._listing(folder) or frozenset()):
                self._names[folder] = now, names
        if self._names.keys() == folders.keys():
            self._listed, self._told_before = kept.listed_folders, frozenset(folders)
            self._parts_files = kept.files, kept.tests
        listed = {folder: names for folder, (_, names) in self._names.items()}
        return Parts(kept=kept, unchanged=self._unchanged.intersection(same), listed=listed)

    def put(self, report: AuditReport, inputs: Inputs, parts: Kept, keeping: Keeping) -> None:
        """Keep a report. Nothing is kept where a file changed while it was made, or where the folder is read-only."""
        files: dict[str, Print] = {}
        prints, inside, started_ns = self._prints, self._inside, self._started_ns
        if any(UNTOLD in path for path in self._files):
            return
        for path in sorted({*self._files, *inputs.files, *self._walked.ignore_files}):
            stamp = stamp_now(inside + path)
            if stamp[1] >= started_ns or stamp[2] >= started_ns:
                return
            known = prints.get(path)
            if known is not None and known[0] == stamp:
                files[path] = known
            elif parts.digests.get(path):
                # Read since the start, and not written since.
                files[path] = stamp_of(inside + path, self._settled_ns), parts.digests[path]
            else:
                files[path] = self._print(path)
        folders: dict[str, Print] = {}
        names: dict[str, Names] = {}
        for folder in sorted(self._told_before.union(self._told(inputs.folders))):
            stamp = stamp_now(inside + folder)
            if stamp[1] >= started_ns or stamp[2] >= started_ns:
                return
            known, listed = self._places.get(folder), self._names.get(folder)
            if known and listed and known[0] == listed[0] == stamp:
                folders[folder], names[folder] = known, listed
            else:
                listing, settled = self._listing(folder), stamp_of(inside + folder, self._settled_ns)
                folders[folder] = settled, _told_by(listing)
                names[folder] = settled, frozenset() if listing is None else listing
        # Parts first: they say by themselves what they hold for, but a report without its parts would not last.
        from auditor.services.scan_parts import pack_parts

        is_new = not os.path.exists(self.path)
        basis = self._parts_basis({path: digest for path, (_, digest) in files.items()})
        if self._may_stay(parts) or write(self._parts_path, (basis, pack_parts(parts), names)):
            entry = self._entry(files, folders, dumped(report))
            if write(self.path, entry):
                keeping.place = self._name + ".bin", entry[2]
            if is_new:
                prune(self.path.parent)

    def _may_stay(self, parts: Kept) -> bool:
        """Whether finding out again what the kept parts lack takes less time than writing them anew."""
        if self._parts_files != (parts.files, parts.tests):
            return False
        try:
            return parts.parsed_bytes * WORTH < os.stat(self._parts_path).st_size
        except OSError:
            return False

    def _parts_basis(self, digests: Mapping[str, bytes]) -> bytes:
        """Of what matters to all parts; they are not always written with the report."""
        return content_digest(_bytes((self._basis, [(path, digests.get(path)) for path in sorted(self._whole)])))

    def _entry(self, files: Mapping[str, Print], places: Mapping[str, Print], packed: bytes) -> tuple[Any, ...]:
        """What `KeptReport` is made of."""
        from auditor.services.kept_walk import folders_tell, packed_walk

        walked, listed = self._walked, self._listed_before
        walk: Any = packed_walk(self.found, walked, listed) if folders_tell(self._base, walked.links) else None
        stamps = {folder: self._stamps.get(folder, UNKNOWN) for folder in listed} | {
            folder: stamp for folder, (stamp, _) in walked.folders.items()
        }
        for folder, (stamp, _) in places.items():
            # Names were taken from both listings: they have to be those of one moment.
            stamps[folder] = stamp if stamps.get(folder, stamp) == stamp else UNKNOWN
        program = self.surroundings.program, self.surroundings.lists, self.surroundings.digest
        details = marshal.dumps(({folder: digest for folder, (_, digest) in places.items()}, walk, program))
        contents = b"".join([digest or b"-" for _, digest in files.values()])
        said = (self._basis, self._key, content_digest("\0".join(files).encode("utf-8", "backslashreplace") + contents))
        identity = content_digest(_bytes(said) + details + packed)
        return (
            self._basis,
            self._key,
            identity,
            here(self._base),
            self.surroundings.stamps(self._settled_ns),
            packed_stamps({folder: (stamp, b"") for folder, stamp in stamps.items()}),
            packed_stamps(files),
            None if walk is None else walked.links,
            details,
            packed,
        )

    @property
    def path(self) -> Path:
        """Where the report is kept."""
        return Path(self._name + ".bin")

    @property
    def _parts_path(self) -> Path:
        return Path(self._name + ".parts")

    def _print(self, path: str) -> Print:
        stamp = stamp_of(self._inside + path, self._settled_ns)
        file = self._inside + path
        if not os.path.isfile(file):  # to read a pipe would take until somebody writes to it
            return stamp, b""
        try:
            return stamp, content_digest(Path(file).read_bytes())
        except OSError:
            return UNKNOWN, b""

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

    def _listing(self, folder: str) -> frozenset[str] | None:
        """What a folder holds for imports; None where there is none."""
        try:
            return importable(os.listdir(os.path.join(self._base, folder)))
        except (OSError, UnicodeError):
            return None


def cache_folder() -> Path:
    """Return where results of scans are kept, whether or not it exists."""
    return Path(cache_folder_name())


def _report(packed: bytes) -> AuditReport | None:
    try:
        report = loaded(packed)
    except Exception:  # what is pickled can raise anything; it is as good as none
        return None
    return report if isinstance(report, AuditReport) else None


def _told_by(names: frozenset[str] | None) -> bytes:
    return b"" if names is None else content_digest(_bytes(sorted(names)))


def _bytes(value: object) -> bytes:
    return repr(value).encode("utf-8", "backslashreplace")
