"""The project under audit: its files, each parsed at most once and only when asked for, and its programs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING, TypeVar, cast
from auditor.model.lean import replace
from auditor.static.execution.knowledge import RngIndex
from auditor.static.files.discovery import METADATA, folder_of_tests, is_test, is_test_by_its_name, suites
from auditor.static.files.exports import Exports
from auditor.static.files.importgraph import ImportGraph, Reach, importers
from auditor.static.files.importpath import ImportPath, Lookup
from auditor.static.files.reexports import Reexports
from auditor.static.files.scripts import takes_options
from auditor.static.files.texts import Texts
from auditor.static.programwide.programs import MAX_FOLLOWED_BYTES, Programs
from auditor.static.resolution.callingfiles import CallingFiles
from auditor.static.reuse.answers import Answers
from auditor.static.reuse.moves import Files, Moves, naming_files
from auditor.static.reuse.notes import Note
from auditor.static.reuse.trace import Kept, Trace
from auditor.static.scanning.allowedplaces import AllowedPlaces
from auditor.static.scanning.selection import Selection
from auditor.static.syntax.source import SourceFile
from auditor.static.syntax.trees import Trees
from auditor.static.text.sketch import Sketch, import_words, make_sketch, packed_sketch, shared
from auditor.static.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    import ast

    from auditor.ruleset.networks import Networks
    from auditor.ruleset.reflection import Reflection
    from auditor.static.execution.relevance import Relevance
    from auditor.static.facts import ModuleFacts
    from auditor.static.names import Question as Resolution
    from auditor.static.scanning.shifts import Shifts

Answer = TypeVar("Answer")


class Project:
    """What can be asked about the project as a whole."""

    def __init__(
        self,
        root: Path,
        files: Iterable[SourceFile],
        rng: RngIndex,
        *,
        test_paths: Iterable[str] = (),
        needed: frozenset[str] | None = None,
        vocabulary: Vocabulary | None = None,
        known_names: frozenset[str] = frozenset(),
        documents: Iterable[str] = (),
        reflection: Reflection,
        networks: Networks,
    ) -> None:
        """`needed`: literals of which every file holds one that a rule can speak about (None: nothing in particular).

        `vocabulary`: what rules look for, `needed` included; `known_names`: the names that they know;
        `documents`: paths of configurations.
        """
        self.root = root
        self.rng = rng
        self.reflection = reflection
        self.networks = networks
        self.files: Mapping[str, SourceFile] = {file.path: file for file in files}
        self.problems: dict[str, str] = {}
        """Files that could not be looked at, with the reason."""

        self._complaints: dict[str, str] = {}
        """What is wrong with each file that was parsed so far in any piece of work."""

        self._kept = Kept()
        self._kept_literals: Mapping[str, int] = {}
        """Of files that are as an earlier scan found them."""

        self._looked_up: dict[str, dict[Lookup, str | None]] = {}
        """By the file in which it was imported: where names led."""

        self._imports = ImportPath(root, rng.top_names, lambda: rng.packages, documents, self.files)
        self._others: dict[str, SourceFile] = {}
        self._question: Resolution | None = None

        self.graph = ImportGraph(self._imports, self.sketch)
        self._modules: dict[str, ModuleFacts | None] = {}
        self._trees = Trees()
        self._test_paths = frozenset(test_paths)
        self._taking_options: dict[str, bool] = {}
        self._vocabulary = vocabulary or Vocabulary(needed or ())
        self.texts = Texts(self, self._vocabulary, needed)
        self._known_names = known_names
        self._matters: dict[Reach, bool] = {}
        self._parsed: set[str] = set()
        self._answers = Answers(self)
        self.programs = Programs(self, self._imports, self._answers)
        self.trace = Trace(self._answers)
        """What is asked here while something is worked out."""

        self.allowed = AllowedPlaces(self)
        self.moves: Moves | None = None
        """What is as it was in an earlier scan, where there was one."""

        self.shifts: Shifts | None = None
        """What was only moved since then, where anything was."""

        self.moved_bytes = 0
        """By how much sizes changed thereby in all scans so far."""

        self._exports = Exports(self)
        self._reexports = Reexports(self, self._exports)
        self.calling_files = CallingFiles(self, MAX_FOLLOWED_BYTES)
        self.selection = Selection(self, self._vocabulary)
        self._relevance: dict[tuple[str, ...], Relevance] = {}

    # -- files and modules ----------------------------------------------------------------------------------------

    def source(self, path: str) -> SourceFile:
        """The file at `path`, also where only an import leads there."""
        found = self.files.get(path) or self._others.get(path)
        if found is None:
            found = self._others[path] = SourceFile(path, self.root / path)
        return found

    def sketch(self, path: str) -> Sketch:
        """What the bytes of a file tell."""
        source = self.source(path)
        if source.sketch is None:
            if path in self._kept_literals:
                source.sketch = self._kept.sketch(path)
            else:
                source.sketch = make_sketch(source, self._vocabulary)
                self.unread(path)
        return source.sketch

    def unsketched(self) -> list[str]:
        """The files that have to be looked over, sorted."""
        known = self._kept_literals
        return sorted(path for path, source in self.files.items() if path not in known and source.sketch is None)

    def unreadable(self) -> list[str]:
        """Files that could not be read; nothing stands in them as far as anybody knows."""
        kept, digests = self._kept_literals, self._kept.digests
        return [path for path in self.files if not (digests[path] if path in kept else self.sketch(path).digest)]

    def literals(self, path: str) -> int:
        """What of the vocabulary stands in a file, as bits."""
        found = self._kept_literals.get(path)
        return self.sketch(path).literals if found is None else found

    def know_kept(self, kept: Kept, unchanged: frozenset[str], listed: Mapping[str, frozenset[str]]) -> None:
        """Be told what an earlier scan found in the bytes of files that are as they were, and what folders hold."""
        from auditor.static.scanning.shifts import Shifts, shifted  # a first scan does without

        self._kept = kept
        self._kept_literals = {path: found for path, found in kept.literals.items() if path in unchanged}
        lines, self.moved_bytes = shifted(self, kept, unchanged)
        files = Files(scanned=self.files.keys(), tests=self._test_paths, unchanged=unchanged | lines.keys())
        self.moves = Moves(kept, files, listed, self._imports, self.graph)
        self.shifts = Shifts(self, lines) if lines else None
        self._taking_options = {
            path: takes for path, takes in kept.taking_options.items() if path in self._kept_literals
        }

    def is_as_before(self, path: str) -> bool:
        """Whether a file is what it was in the earlier scan, and its imports lead where they led."""
        return self.moves is not None and path in self.moves.steady and path in self._kept_literals

    def failing(self, notes: Iterable[Note]) -> set[int]:
        """The numbers of those notes of an earlier scan that would be answered otherwise now."""
        if self.moves is None:
            return set(range(len(list(notes))))
        steady, below, answers = self.moves.steady, self.moves.steady_below, self._answers
        found: set[int] = set()
        for number, (kind, path, answer) in enumerate(notes):
            if kind == "content":
                if path in steady:
                    continue
            elif kind == "layout":
                if self.shifts is None or path not in self.shifts.lines:
                    continue
            elif kind == "room":
                if self.moved_bytes - cast("int", answer) <= int(path):
                    continue
            elif kind == "near" and self.shifts is None:
                if path in below:
                    continue
            elif kind == "verdicts" and path in self.programs.shifted:
                if answer == self.programs.shifted[path]:
                    continue
            elif kind in ("reach", "reached"):
                if path in (below if kind == "reach" else self._leading_alike):
                    continue
            elif kind == "calling":
                if self.calling_files.are_as_before(path, answer, self.moves.others):
                    continue
            elif (kind in ("packages", "matters") and path in below) or answers((kind, path)) == answer:
                continue
            found.add(number)
        return found

    def shifting(self, notes: list[Note]) -> set[int]:
        """The numbers of those notes on which answers rest that may name lines of what was shifted.

        They get the answers of now.
        """
        found: set[int] = set()
        if self.shifts is not None:
            for number, (kind, path, answer) in enumerate(notes):
                if kind == "content" and path in self.shifts.lines:
                    found.add(number)
                elif kind == "verdicts" and self.programs.shifted.get(path) == answer:
                    found.add(number)
                    notes[number] = kind, path, self._answers((kind, path))
        return found

    @cached_property
    def _leading_alike(self) -> AbstractSet[str]:
        """Files that import, directly or not, the files that they imported in the earlier scan."""
        assert self.moves is not None
        edges, others = self._kept.edges, self.moves.others
        leading_elsewhere = [path for path in others if self.graph.imports(path) != edges[path][0]]
        if not leading_elsewhere:
            return edges.keys()
        return edges.keys() - importers(((path, targets) for path, (targets, _, _) in edges.items()), leading_elsewhere)

    def keep(self, kept: Kept) -> None:
        """Hand over what the bytes of files told."""
        known, sketches = self._kept_literals, self._kept.sketches
        digests, words = self._kept.digests, self._kept.import_words
        for path, literals in known.items():
            kept.sketches[path], kept.digests[path], kept.literals[path] = sketches[path], digests[path], literals
            kept.import_words[path] = words[path]
        for path, source in (*self.files.items(), *self._others.items()):
            sketch = source.sketch
            if sketch is not None and path not in known:
                kept.sketches[path], kept.digests[path] = packed_sketch(sketch), sketch.digest
                kept.literals[path], kept.import_words[path] = sketch.literals, import_words(sketch)
        kept.gists.update({path: gist for path, gist in self._kept.gists.items() if path in known})
        kept.gists.update(self._trees.gists)
        kept.moved_bytes = self.moved_bytes
        kept.taking_options.update(self._taking_options)
        kept.edges.update(self.graph.known())
        kept.configured = self._imports.configured_names.digest if naming_files(kept.import_words) else b""
        kept.files, kept.tests = frozenset(self.files), self._test_paths.intersection(self.files)

    def gist(self, path: str) -> bytes:
        """What stands for the code of a file. Raises `ProjectError` where it cannot be parsed."""
        self._trees.take(self.source(path))
        self.unread(path)
        return self._trees.gists[path]

    @property
    def gists(self) -> Mapping[str, bytes]:
        """Of the files that were parsed here."""
        return self._trees.gists

    def know_gists(self, gists: Mapping[str, bytes]) -> None:
        """Be told what other processes parsed."""
        self._trees.gists.update(gists)

    def know_sketches(self, sketches: Mapping[str, Sketch]) -> None:
        """Be told what the bytes of files tell."""
        for path, sketch in sketches.items():
            self.source(path).sketch = replace(sketch, imports=shared(sketch.imports))

    def module(self, path: str) -> ModuleFacts | None:
        """The parsed file at `path`; None for a folder and for a file that cannot be parsed (then see `problems`)."""
        if path.endswith("/"):
            return None
        self.trace.parse(path)
        if path not in self._modules:
            self._modules[path] = None
            self._parsed.add(path)
            try:
                self._modules[path] = self._parse(self.source(path))
            except ProjectError as error:
                self._complain(path, str(error))
            except RecursionError:
                self._complain(path, "nested too deeply to be analysed")
        return self._modules[path]

    def problems_of(self, parsed: Iterable[str]) -> dict[str, str]:
        """What is wrong with files that a piece of work rests on, also where an earlier one parsed them for it."""
        return {path: self._complaints[path] for path in parsed if path in self._complaints} | self.problems

    @property
    def question(self) -> Resolution:
        """For name resolution."""
        if self._question is None:
            from auditor.static.names import Question as Resolution

            self._question = Resolution()
        return self._question

    def was_parsed(self, path: str) -> bool:
        """Whether the file was parsed, or could not be."""
        return path in self._parsed

    def _parse(self, source: SourceFile) -> ModuleFacts:
        from auditor.static.facts import ModuleFacts  # most scans of a project parse few files, or none

        tree = self._trees.take(source)
        facts = ModuleFacts(source, tree, self)
        if source.broken_cells:
            cells = ", ".join(str(number) for number in source.broken_cells)
            self._complain(source.path, f"left out, syntax errors: cell {cells}")
        return facts

    def _complain(self, path: str, reason: str) -> None:
        """Something is wrong with a file itself, whoever looks at it."""
        self.problems[path] = self._complaints[path] = reason

    @property
    def read_files(self) -> frozenset[str]:
        """Files that were looked at besides `files`; some may not exist."""
        return frozenset(self._others) | METADATA | self._imports.configurations

    @property
    def listed_folders(self) -> frozenset[str]:
        """Folders in which imports were looked up; some may not exist."""
        return self._imports.listed_folders

    @property
    def parsed(self) -> frozenset[str]:
        """The files that were parsed, or could not be, so far."""
        return frozenset(self._parsed)

    def start_over(self) -> None:
        """Forget every tree and what was resolved in it, and what was parsed; answers that texts give stay."""
        self._let_go()
        self._modules, self._relevance, self._question = {}, {}, None
        self._trees.trim()
        self._parsed = set()
        self.problems = {}
        self.trace.shared.clear()

    def _let_go(self, keeping: Collection[str] = ()) -> None:
        """Close all that was parsed and resolved; `keeping`: files whose bytes are still needed."""
        for path, module in self._modules.items():
            if path not in keeping:
                self.source(path).forget()
            if module is not None:
                module.close()
        for relevance in self._relevance.values():
            relevance.close()

    def aside(self, ask: Callable[[], Answer]) -> Answer:
        """What `ask()` gives while nothing that was resolved is known; what it parses and resolves is let go of.

        For questions about files of a program, of which one piece of work may ask thousands.
        """
        used, parsed, question = self._trees.used, self._parsed, self._question
        modules, relevance = self._modules, self._relevance
        self._modules, self._relevance, self._parsed, self._question = {}, {}, set(), None
        try:
            return ask()
        finally:
            self._let_go(keeping=modules)
            self._modules, self._relevance, self._question = modules, relevance, question
            self._parsed |= parsed
            self._trees.trim(used)

    def unread(self, path: str) -> None:
        """Do not keep the bytes of files that may never be parsed."""
        if not self.was_parsed(path):
            self.source(path).forget()

    def is_test(self, path: str) -> bool:
        named = path in self._test_paths if path in self.files else is_test(path)
        is_alone = path in self.files and folder_of_tests(path) not in self._suites
        return named and not ((is_test_by_its_name(path) or is_alone) and self._takes_options(path))

    @cached_property
    def _suites(self) -> set[str]:
        return suites(self._test_paths)

    def _takes_options(self, path: str) -> bool:
        """Whether a file reads a command line and holds no test: a program that is only called like one.

        One that only lies in a folder called so has to train something.
        """
        self.trace.note("content", path)
        found = self._taking_options.get(path)
        if found is None:
            must_train = not is_test_by_its_name(path)
            found = self._taking_options[path] = takes_options(self.source(path), must_train=must_train)
            self.unread(path)
        return found

    def may_export(self, path: str, name: str) -> bool:
        """Whether a star import of the module at `path` may bind `name`."""
        self.trace.note("content", path)
        return path in self._modules or self._exports.may_hold(path, name)

    def handed_on(self, path: str, name: str) -> tuple[str, str] | None:
        """What a name of the module at `path`, which is not parsed yet, stands for if anything; see `Exports`."""
        return None if path in self._modules else self._exports.handed_on(path, name)

    def may_lead(self, path: str, name: str, packages: frozenset[str]) -> bool:
        """Whether a name of the module at `path` may stand for something in one of these packages."""
        return self._reexports.may_lead(path, name, packages)

    def is_known(self, name: str) -> bool:
        """Whether a rule or a library knows a fully qualified name, or a method of the class of that name."""
        is_known = name in self._known_names or name in self.rng.classes or self.rng.is_known(name)
        return is_known or name in self._known_objects or name in self.rng.returns

    @cached_property
    def _known_objects(self) -> frozenset[str]:
        """The objects of which rules know methods, by their capitals: `qiskit.IBMQ` of `qiskit.IBMQ.load_account`."""
        above = (name.rpartition(".")[0] for name in self._known_names)
        return frozenset(name for name in above if name.rpartition(".")[2][:1].isupper())

    # -- imports --------------------------------------------------------------------------------------------------

    def find_module(self, dotted: str, importer: str) -> str | None:
        """The project's file that `import dotted` in `importer` loads; see `ImportPath`."""
        return self._look_up((0, dotted, ""), importer)

    def find_relative(self, dotted: str, level: int, importer: str) -> str | None:
        return self._look_up((level, dotted, ""), importer)

    def _look_up(self, asked: Lookup, importer: str) -> str | None:
        known = self._looked_up.get(importer)
        if known is None:
            known = self._looked_up[importer] = {}
        elif asked in known:
            return known[asked]
        found = known[asked] = self._imports.look_up(asked, importer)
        return found

    def lookups(self) -> dict[str, dict[Lookup, str | None]]:
        """Where names led that were imported in some file, and that its own import statements do not tell of.

        Each is handed over once.
        """
        looked_up, self._looked_up = self._looked_up, {}
        found = {}
        for importer, known in looked_up.items():
            told = frozenset(self.graph.told(importer))
            more = {asked: target for asked, target in known.items() if asked not in told}
            if more:
                found[importer] = more
        return found

    def find_origin(self, origin: str, importer: str) -> tuple[str | None, str] | None:
        """What `from origin import …` reads: the project's file, or None and the name of a module outside.

        None where a relative import leads nowhere.
        """
        dotted = origin.lstrip(".")
        level = len(origin) - len(dotted)
        if not level:
            return self.find_module(dotted, importer), dotted
        target = self.find_relative(dotted, level, importer)
        return None if target is None else (target, dotted)

    def find_submodule(self, package: str, name: str, importer: str) -> str | None:
        """The module `name` in a package, for a file that asks for it."""
        return self._look_up((-1, package, name), importer)

    def targets_of(self, node: ast.Import | ast.ImportFrom, path: str) -> tuple[str, ...]:
        """The modules that executing an import statement of `path` executes, in order."""
        looked_up = self.graph.looked_up(node, path)
        self._looked_up.setdefault(path, {}).update(looked_up)
        return tuple(target for _, target in looked_up if target and not target.endswith("/"))

    # -- programs -------------------------------------------------------------------------------------------------

    def is_in_package(self, path: str) -> bool:
        """Whether a file's folder is a package."""
        folder = path.rpartition("/")[0]
        return (f"{folder}/__init__.py" if folder else "__init__.py") in self.files

    def matters(self, path: str) -> bool:
        """Whether a file or anything that it imports can be spoken about."""
        self.trace.note("matters", path)
        reach = self.graph.reach(path)
        found = self._matters.get(reach)
        if found is None:
            found = self._matters[reach] = any(self.texts.are_relevant(reached) for reached in reach.files)
        return found

    def is_imported(self, path: str) -> bool:
        """Whether another file of the project imports this one."""
        self.trace.note("imported", path)
        return path in self._imported

    def are_imported(self, paths: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Each path, and whether another file imports it."""
        imported = self._imported
        return ((path, path in imported) for path in paths)

    @cached_property
    def _imported(self) -> frozenset[str]:
        return self.graph.imported(self.files)

    def relevance(self, program: str) -> Relevance:
        """Over everything that the programs of its group import; one that draws from nothing is a group of its own."""
        self.trace.note("group", program)
        group = self.programs.group_of(program)
        if group not in self._relevance:
            self.relate(group, {path for entry in group for path in self.programs.followed(entry)})
        return self._relevance[group]

    def relate(self, group: tuple[str, ...], paths: Collection[str]) -> Relevance:
        """Find out what is relevant for programs; `paths`: what is followed for any of them."""
        from auditor.static.execution.relevance import relevance_of

        self._relevance[group] = relevance_of(self, paths)
        return self._relevance[group]
