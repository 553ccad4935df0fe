"""What is as it was in an earlier scan: files that say the same, and whose imports lead where they led.

A new file can be found where an import led elsewhere or nowhere, and a file that is gone cannot. Names that came and
went in folders tell which import statements these may be; those are looked up again. Too many rather than too few.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass, field
from auditor.static.files.discovery import folder_of_tests, suites
from auditor.static.files.importgraph import ImportGraph, importers
from auditor.static.files.importpath import DATA, PATH_SETTERS, ImportPath, are_few, folders_in
from auditor.static.files.scriptfolder import is_called_like_script
from auditor.static.text.computedimports import EVERY
from auditor.static.text.configurednames import CHOSEN, NAMED
from auditor.static.text.hydraconfigs import CONFIGURED
from auditor.static.text.runmagic import run_name

if TYPE_CHECKING:
    from auditor.static.reuse.trace import Kept


_CONFIGURED = f"\n{CONFIGURED}\n".encode()
_NAMED = tuple(f"\n{mark}\n".encode() for mark in (CHOSEN, NAMED))
_ROUNDS = 5
"""How often all files are asked whether they import what changed, before a table is made of who imports what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a project now."""

    scanned: AbstractSet[str]
    tests: AbstractSet[str]
    """Those that are tests by their name."""

    unchanged: AbstractSet[str]
    """Those that say what they said in the earlier scan, whether or not they are scanned; their layout may differ."""


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
        self._kept, self._files, self._graph = kept, files, graph
        for folder, names in listed.items():
            imports.know_names(folder, names)
        changes = _changes(kept, files, listed, imports)
        steady = {path for path in files.unchanged if path in kept.edges and path in kept.sketches}
        steady -= (files.scanned ^ kept.files) | ((files.tests & files.scanned) ^ kept.tests)
        if moved := suites(kept.tests) ^ suites(files.tests & files.scanned):
            # Whether a script that lies there is a program is another question now.
            steady = {path for path in steady if folder_of_tests(path) not in moved}
        if changes:
            steady = {path for path in steady if not changes.surround(path)}
            for path in changes.concern(kept.import_words) & steady:
                if graph.edges(path)[2] != kept.edges[path][2]:
                    steady.discard(path)
            for path, lookups in kept.lookups.items():
                if any(imports.look_up(asked, path) != found for asked, found in lookups.items()):
                    steady.discard(path)
        # What stands in a document is compared by nobody: whoever rests on one is looked at again.
        steady -= {path for path, words in kept.import_words.items() if _CONFIGURED in words}
        naming = naming_files(kept.import_words)
        if naming and (changes or kept.configured != imports.configured_names.digest):
            steady -= {path for path in naming if path in steady and graph.edges(path)[2] != kept.edges[path][2]}
        graph.know({path: kept.edges[path] for path in steady})
        self.steady = frozenset(steady)
        """Files that say the same and whose imports lead to the same files."""

    @cached_property
    def others(self) -> frozenset[str]:
        """Files that an earlier scan knew and that are not steady."""
        return frozenset(self._kept.edges.keys() - self.steady)

    @cached_property
    def lead_alike(self) -> bool:
        """Whether there are the same files, and each imports what it imported; what they say may be different."""
        kept, files = self._kept, self._files
        if kept.files != files.scanned or kept.tests != files.tests & files.scanned:
            return False
        return all(self._graph.edges(path) == kept.edges[path] for path in self.others)

    @cached_property
    def steady_below(self) -> frozenset[str]:
        """Files of which that is true, and true of all that they import, directly or not."""
        edges, steady = self._kept.edges, self.steady
        others = edges.keys() - steady
        others.update([path for path, (targets, _, _) in edges.items() if not steady.issuperset(targets)])
        for _ in range(_ROUNDS):
            known = len(others)
            others.update([path for path, (targets, _, _) in edges.items() if not others.isdisjoint(targets)])
            if len(others) == known:
                return steady - others
        return steady - importers(((path, targets) for path, (targets, _, _) in edges.items()), others)


def naming_files(words: Mapping[str, bytes]) -> list[str]:
    """Those that make or pick something by names that documents hold; `words`: as `import_words` gives them."""
    return [path for path, found in words.items() if any(mark in found for mark in _NAMED)]


@dataclass(slots=True)
class _Changes:
    """Names that came or went."""

    words: set[str] = field(default_factory=set)
    """Parts of imports that may lead elsewhere."""

    packages: set[str] = field(default_factory=set)
    """Folders, each with a `/`, that became packages or are none any more, or got or lost a script: all imports in them
    may lead elsewhere."""

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
            if is_package and is_called_like_script(name):
                self.packages.add(f"{folder}/")  # what is run in a package has it on `sys.path`
            self.words.add(run_name(name) if name.endswith(".ipynb") else name.removesuffix(".py"))

    def surround(self, path: str) -> bool:
        """Whether a file lies in a folder that became a package or is none any more."""
        return self.is_everywhere or any(path.startswith(folder) for folder in self.packages)

    def concern(self, written: Mapping[str, bytes]) -> set[str]:
        """The files of which some import statements may lead elsewhere; `written`: as `import_words` gives it.

        Those that import all modules of some package are always among them: they are few.
        """
        words = [f"\n{word}\n".encode("utf-8", "surrogatepass") for word in (*self.words, EVERY)]
        return {path for path, text in written.items() if any(word in text for word in words)}


def _changes(kept: Kept, files: Files, listed: Mapping[str, frozenset[str]], imports: ImportPath) -> _Changes:
    changes = _Changes()
    is_told = kept.names.keys() <= listed.keys()
    others = [folder for folder in kept.listed_folders if folder not in listed]
    if is_told and not any(folder.endswith(DATA) for folder in others) and kept.files == files.scanned:
        others = []  # what was no folder became none, as the folders above hold what they held
    for folder in others:
        now, before = imports.names(folder), kept.names.get(folder, frozenset())
        for name in now ^ before:
            changes.add(folder, name, is_package=imports.is_package(folder))
        if are_few(folders_in(now)) != are_few(folders_in(before)):
            changes.is_everywhere = True  # what lies beside each other in it is found, or no longer
    for path in kept.files ^ files.scanned:
        folder, _, name = path.rpartition("/")
        changes.add(folder, name, is_package=imports.is_package(folder))
    for path in (kept.sketches.keys() & files.scanned) - files.unchanged:
        if path.rpartition("/")[2] in PATH_SETTERS and (b"\nsys\n" in kept.import_words[path] or imports.extends(path)):
            changes.is_everywhere = True  # what it adds to `sys.path` counts for the files beside it
    return changes
