"""The project under audit: its files, each parsed at most once and only when asked for, and its programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ProjectError
from auditor.static.discovery import is_test
from auditor.static.entrypoints import MAIN_GUARD, NEVER, EntryPoint, console_scripts, is_program
from auditor.static.facts import ModuleFacts
from auditor.static.importgraph import ImportGraph
from auditor.static.importpath import ImportPath
from auditor.static.knowledge import RngIndex
from auditor.static.names import Question
from auditor.static.needles import Needles
from auditor.static.relevance import Relevance
from auditor.static.source import SourceFile

if TYPE_CHECKING:
    from auditor.static.library_verdict import LibraryVerdict

_TEST_WORDS = (b"unittest", b"pytest", b"doctest", b"absltest", b"nose")


class Project:
    """What can be asked about the project as a whole."""

    def __init__(
        self,
        root: Path,
        files: Iterable[SourceFile],
        rng: RngIndex,
        *,
        test_paths: Iterable[str] = (),
        needed: Needles | None = None,
        vocabulary: frozenset[str] = frozenset(),
        known_names: frozenset[str] = frozenset(),
    ) -> None:
        """`needed`: what every file holds that a rule can speak about (None: nothing in particular).

        `vocabulary`: the words that rules look for; `known_names`: the names that they know.
        """
        self.root = root
        self.rng = rng
        self.files: Mapping[str, SourceFile] = {file.path: file for file in files}
        self.problems: dict[str, str] = {}
        """Files that could not be looked at, with the reason."""

        self._imports = ImportPath(root, rng.top_names)
        self._others: dict[str, SourceFile] = {}
        self.question = Question()
        """For name resolution."""

        self.graph = ImportGraph(self._imports, self.source)
        self._modules: dict[str, ModuleFacts | None] = {}
        self._test_paths = frozenset(test_paths)
        self._needed = needed
        self._vocabulary = vocabulary
        for file in self.files.values():
            file.vocabulary = vocabulary
        self._known_names = known_names
        self._verdicts: dict[str, tuple[LibraryVerdict, ...]] = {}
        self._relevant: dict[str, bool] = {}
        self._matters: dict[str, bool] = {}
        self._forgotten: set[str] = set()

    # -- files and modules ----------------------------------------------------------------------------------------

    def source(self, path: str) -> SourceFile:
        """The file at `path`, also where only an import leads there."""
        found = self.files.get(path) or self._others.get(path)
        if found is None:
            found = self._others[path] = SourceFile(path, self.root / path)
            found.vocabulary = self._vocabulary
        return found

    def module(self, path: str) -> ModuleFacts | None:
        """The parsed file at `path`; None for a folder and for a file that cannot be parsed (then see `problems`)."""
        if path.endswith("/"):
            return None
        if path not in self._modules:
            self._modules[path] = None
            try:
                self._modules[path] = self._parse(self.source(path))
            except ProjectError as error:
                self.problems[path] = str(error)
            except RecursionError:
                self.problems[path] = "nested too deeply to be analysed"
        return self._modules[path]

    def was_parsed(self, path: str) -> bool:
        """Whether the file was parsed, or could not be."""
        return path in self._modules or path in self._forgotten

    def _parse(self, source: SourceFile) -> ModuleFacts:
        text = source.text()
        facts = ModuleFacts(source, text, source.parse(text), self)
        if source.broken_cells:
            cells = ", ".join(str(number) for number in source.broken_cells)
            self.problems[source.path] = f"left out, syntax errors: cell {cells}"
        return facts

    def forget(self, path: str) -> None:
        """Let go of a file that no program imports: nobody will ask for it again."""
        source = self.files.get(path)
        if source is not None and path not in self._reaching and self._modules.get(path) is not None:
            source.forget()
            del self._modules[path]
            self._forgotten.add(path)

    def is_relevant(self, path: str) -> bool:
        """Whether a file holds any word that a rule or a library knows; all do where there are no words."""
        found = self._relevant.get(path)
        if found is None:
            try:
                found = self._needed is None or self._needed.are_in(self.source(path))
            except ProjectError:
                found = False
            self._relevant[path] = found
            self._unread(path)
        return found

    def _unread(self, path: str) -> None:
        """Do not keep the bytes of files that may never be parsed."""
        if not self.was_parsed(path):
            self.source(path).forget()

    def is_test(self, path: str) -> bool:
        return path in self._test_paths if path in self.files else is_test(path)

    def is_known(self, name: str) -> bool:
        """Whether a rule or a library knows a fully qualified name."""
        return name in self._known_names or self.rng.is_known(name)

    def mentions(self, path: str, words: tuple[bytes, ...]) -> bool:
        """Whether a file, or anything that it imports, holds one of these words."""
        for reached in self.graph.reached(path):
            try:
                raw = self.source(reached).raw()
            except ProjectError:
                continue
            if any(word in raw for word in words):
                return True
        return False

    # -- imports --------------------------------------------------------------------------------------------------

    def find_module(self, dotted: str, importer: str) -> str | None:
        """The project's file that `import dotted` in `importer` loads; see `ImportPath`."""
        return self._imports.find_module(dotted, importer)

    def find_relative(self, dotted: str, level: int, importer: str) -> str | None:
        return self._imports.find_relative(dotted, level, importer)

    def find_submodule(self, package: str, name: str) -> str | None:
        return self._imports.find_submodule(package, name)

    def modules_reached(self, module: ModuleFacts) -> tuple[ModuleFacts, ...]:
        """`module` and the project's modules that it imports, directly or not, sorted by path."""
        found = [self.module(path) for path in sorted(self.graph.reached(module.path))]
        return tuple(reached for reached in found if reached is not None)

    # -- programs -------------------------------------------------------------------------------------------------

    @cached_property
    def entry_points(self) -> Mapping[str, EntryPoint]:
        """The programs among the scanned files, by path in sorted order."""
        functions = self._console_functions()
        found: dict[str, EntryPoint] = {}
        for path in sorted(self.files):
            is_script = self._is_script(path)
            if is_script or path in functions:
                found[path] = EntryPoint(path=path, is_script=is_script, functions=tuple(functions.get(path, ())))
        return found

    def _console_functions(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for dotted, function in console_scripts(self.root):
            path = self._imports.find_module(dotted, "setup.py")
            if path is not None and path in self.files:
                found.setdefault(path, []).append(function)
        return found

    def _is_script(self, path: str) -> bool:
        if self.is_test(path) or path.rpartition("/")[2] in NEVER:
            return False
        try:
            raw = self.source(path).raw()
        except ProjectError:
            return False
        certain = MAIN_GUARD.search(raw) is not None and not any(word in raw for word in _TEST_WORDS)
        if certain and path.endswith(".py") and path not in self._imported:
            return True
        if not self.matters(path):
            return False
        module = self.module(path)
        folder = path.rpartition("/")[0]
        init = f"{folder}/__init__.py" if folder else "__init__.py"
        in_package = init in self.files
        return module is not None and is_program(module, imported=path in self._imported, in_package=in_package)

    def matters(self, path: str) -> bool:
        """Whether a file or anything that it imports can be spoken about."""
        found = self._matters.get(path)
        if found is None:
            found = self._matters[path] = any(self.is_relevant(reached) for reached in self.graph.reached(path))
        return found

    def is_imported(self, path: str) -> bool:
        """Whether another file of the project imports this one."""
        return path in self._imported

    @cached_property
    def _imported(self) -> frozenset[str]:
        return frozenset(target for path in self.files for target in self.graph.imports(path))

    def verdicts(self, module: ModuleFacts) -> tuple[LibraryVerdict, ...]:
        """One verdict per RNG library that the program draws from; empty where `module` is no entry point."""
        from auditor.static.seeding import judge

        if module.path not in self.entry_points:
            return ()
        if module.path not in self._verdicts:
            self._verdicts[module.path] = judge(self, self.entry_points[module.path])
        return self._verdicts[module.path]

    @cached_property
    def relevance(self) -> Relevance:
        """Over everything that the programs import."""
        paths = {path for entry in self.entry_points for path in self.graph.reached(entry) if self.matters(path)}
        modules = [self.module(path) for path in sorted(paths)]
        return Relevance(self, [module for module in modules if module is not None])

    def entry_points_reaching(self, module: ModuleFacts) -> tuple[str, ...]:
        """Paths of the programs that import `module`, directly or not, or are it."""
        return self._reaching.get(module.path, ())

    @cached_property
    def _reaching(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for path in self.entry_points:
            for reached in self.graph.reached(path):
                found.setdefault(reached, []).append(path)
        return {path: tuple(sorted(programs)) for path, programs in found.items()}
