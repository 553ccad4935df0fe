"""What is as it was in an earlier scan: files that say the same, and whose imports lead where they led.

A new file can be found where an import led elsewhere or nowhere, and a file that is gone cannot. Names that came and
went in folders tell which import statements these may be; those are looked up again. Too many rather than too few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field
from auditor.static.importgraph import ImportGraph
from auditor.static.importpath import ImportPath

if TYPE_CHECKING:
    from auditor.static.sketch import Statement
    from auditor.static.trace import Kept


class Moves:
    """The state of a project against that in which an earlier scan left it."""

    def __init__(
        self,
        kept: Kept,
        unchanged: Collection[str],
        files: Collection[str],
        tests: Collection[str],
        imports: ImportPath,
        graph: ImportGraph,
    ) -> None:
        """`unchanged`: files with the contents that they had; `files`: those that are scanned, `tests` among them.

        Tells the graph what it need not look up again. `imports` may have been told what stands in folders.
        """
        self._kept = kept
        changes = _changes(kept, files, imports)
        steady: set[str] = set()
        for path in unchanged:
            if path not in kept.edges or path not in kept.sketches:
                continue
            if (path in files) != (path in kept.files) or (path in tests) != (path in kept.tests):
                continue
            if changes.surround(path):
                continue
            edges = kept.edges[path]
            if not changes.concern(kept.sketches[path].imports) or graph.edges(path)[2] == edges[2]:
                steady.add(path)
                graph.know(path, edges)
        if changes:
            for path, lookups in kept.lookups.items():
                if any(imports.look_up(asked, path) != found for asked, found in lookups.items()):
                    steady.discard(path)
        self.steady = frozenset(steady)
        """Files that say the same and whose imports lead to the same files."""

    def is_same(self, path: str) -> bool:
        """Whether a file says the same and its imports lead to the same files."""
        return path in self.steady

    def is_same_below(self, path: str) -> bool:
        """Whether that is so for a file and all that it imports, directly or not."""
        return path in self.steady and path not in self._leading_to_others

    @cached_property
    def _leading_to_others(self) -> frozenset[str]:
        """Files that led to one that is not the same, directly or not."""
        users: dict[str, list[str]] = {}
        pending: list[str] = []
        for path, (targets, _, _) in self._kept.edges.items():
            if path not in self.steady:
                pending.append(path)
            for target in targets:
                users.setdefault(target, []).append(path)
        pending += [target for target in users if target not in self.steady]
        found = set(pending)
        for path in pending:
            more = [user for user in users.get(path, ()) if user not in found]
            found.update(more)
            pending += more
        return frozenset(found)


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

    def add(self, folder: str, name: str) -> None:
        """A name came or went; whether a folder holds modules is told by what is in it, or one level below."""
        above, _, own = folder.rpartition("/")
        self.words.add(own)
        if name.endswith(".dist-info"):
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


def _changes(kept: Kept, files: Collection[str], imports: ImportPath) -> _Changes:
    changes = _Changes()
    for folder in kept.listed_folders:
        for name in imports.names(folder) ^ kept.names.get(folder, frozenset()):
            changes.add(folder, name)
    for path in kept.files.symmetric_difference(files):
        folder, _, name = path.rpartition("/")
        changes.add(folder, name)
    return changes


def _words(statements: Iterable[Statement]) -> Iterator[str]:
    for origin, pairs in statements:
        yield from origin.split(".")
        for name, _ in pairs:
            yield from name.split(".") if "." in name else (name,)
