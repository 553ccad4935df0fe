"""What is as it was in an earlier scan: files that say the same, and whose imports lead where they led.

A new file can be found where an import led elsewhere or nowhere, and a file that is gone cannot. Names that came and
went in folders tell which import statements these may be; those are looked up again. Too many rather than too few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field
from auditor.static.importgraph import ImportGraph
from auditor.static.importpath import DATA, PATH_SETTERS, ImportPath

if TYPE_CHECKING:
    from auditor.static.sketch import Statement
    from auditor.static.trace import Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a project now."""

    scanned: AbstractSet[str]
    tests: AbstractSet[str]
    """Those that are tests by their name."""

    unchanged: AbstractSet[str]
    """Those with the contents that they had in the earlier scan, whether or not they are scanned."""


class Moves:
    """The state of a project against that in which an earlier scan left it."""

    def __init__(
        self,
        kept: Kept,
        files: Files,
        listed: Mapping[str, frozenset[str]],
        imports: ImportPath,
        graph: ImportGraph,
    ) -> None:
        """`listed`: folders that are known to hold what they held, with that.

        Tells `imports` and `graph` what they need not look up again.
        """
        self._kept = kept
        for folder, names in listed.items():
            imports.know_names(folder, names)
        changes = _changes(kept, files, listed, imports)
        steady = {path for path in files.unchanged if path in kept.edges and path in kept.sketches}
        steady -= (files.scanned ^ kept.files) | ((files.tests & files.scanned) ^ kept.tests)
        if changes:
            steady = {path for path in steady if not changes.surround(path)}
            for path in [path for path in steady if changes.concern(kept.sketches[path].imports)]:
                if graph.edges(path)[2] != kept.edges[path][2]:
                    steady.discard(path)
            for path, lookups in kept.lookups.items():
                if any(imports.look_up(asked, path) != found for asked, found in lookups.items()):
                    steady.discard(path)
        for path in steady:
            graph.know(path, kept.edges[path])
        self.steady = frozenset(steady)
        """Files that say the same and whose imports lead to the same files."""

    @cached_property
    def steady_below(self) -> frozenset[str]:
        """Files of which that is true, and true of all that they import, directly or not."""
        users: dict[str, list[str]] = {}
        pending: list[str] = []
        for path, (targets, _, _) in self._kept.edges.items():
            if path not in self.steady:
                pending.append(path)
            for target in targets:
                users.setdefault(target, []).append(path)
        pending += [target for target in users if target not in self.steady]
        others = set(pending)
        for path in pending:
            more = [user for user in users.get(path, ()) if user not in others]
            others.update(more)
            pending += more
        return self.steady - others


@dataclass(slots=True)
class _Changes:
    """Names that came or went."""

    words: set[str] = field(default_factory=set)
    """Parts of imports that may lead elsewhere."""

    packages: set[str] = field(default_factory=set)
    """Folders, each with a `/`, that became packages or are none any more: all imports in them may lead elsewhere."""

    is_everywhere: bool = False

    def __bool__(self) -> bool:
        return bool(self.words or self.packages or self.is_everywhere)

    def add(self, folder: str, name: str, *, is_package: bool) -> None:
        """A name came or went in a folder, which is a package now or not.

        Whether a folder without `__init__.py` holds modules is told by what is in it, or one level below.
        """
        above, _, own = folder.rpartition("/")
        if name == "__init__.py" or not is_package:
            self.words.add(own)
        if name.endswith(".dist-info") or name in PATH_SETTERS:
            self.is_everywhere = True
        elif name == "__init__.py":
            self.words.add(above.rpartition("/")[2])
            self.packages.add(f"{folder}/")
            self.is_everywhere = self.is_everywhere or not folder
        else:
            self.words.add(name.removesuffix(".py"))

    def surround(self, path: str) -> bool:
        """Whether a file lies in a folder that became a package or is none any more."""
        return self.is_everywhere or any(path.startswith(folder) for folder in self.packages)

    def concern(self, statements: Iterable[Statement]) -> bool:
        """Whether some of these may lead elsewhere."""
        return bool(self.words) and not self.words.isdisjoint(_words(statements))


def _changes(kept: Kept, files: Files, listed: Mapping[str, frozenset[str]], imports: ImportPath) -> _Changes:
    changes = _Changes()
    is_told = kept.names.keys() <= listed.keys()
    others = [folder for folder in kept.listed_folders if folder not in listed]
    if is_told and not any(folder.endswith(DATA) for folder in others) and kept.files == files.scanned:
        others = []  # what was no folder became none, as the folders above hold what they held
    for folder in others:
        for name in imports.names(folder) ^ kept.names.get(folder, frozenset()):
            changes.add(folder, name, is_package=imports.is_package(folder))
    for path in kept.files ^ files.scanned:
        folder, _, name = path.rpartition("/")
        changes.add(folder, name, is_package=imports.is_package(folder))
    for path in (kept.sketches.keys() & files.scanned) - files.unchanged:
        if path.rpartition("/")[2] in PATH_SETTERS and "sys" in _words(kept.sketches[path].imports):
            changes.is_everywhere = True  # what it adds to `sys.path` counts for the files beside it
    return changes


def _words(statements: Iterable[Statement]) -> Iterator[str]:
    for origin, pairs in statements:
        yield from origin.split(".")
        for name, _ in pairs:
            yield from name.split(".") if "." in name else (name,)
