"""The programs of a project: which there are, what each reaches and how much of it is followed, how they are seeded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.files.consolescripts import console_scripts
from auditor.static.files.scripts import EntryPoint, is_script
from auditor.static.programwide.programgroups import grouped
from auditor.static.reuse.programfacts import ProgramFacts, is_close, room
from auditor.static.reuse.trace import digest
from auditor.static.text.frameworktasks import tasks

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.files.importpath import ImportPath
    from auditor.static.project import Project
    from auditor.static.resolution.library_verdict import LibraryVerdict
    from auditor.static.reuse.answers import Answers

MAX_FOLLOWED_BYTES = 5_000_000
"""Source that is followed for one program; training programs reach less."""

MAX_NEAR_BYTES = 2_000_000
"""Source that is followed where a program reaches more, as a large library's own scripts do: the nearest imports."""

MAX_REMEMBERED = 200
"""Questions of which it is remembered what a program reaches that holds some texts."""

FOLLOWED_PARTLY = "followed in part: "
"""How a complaint begins about a program that does more than is followed."""


class Programs:
    """Those among the scanned files, and what an earlier scan found of them where that is the same."""

    def __init__(self, project: Project, imports: ImportPath, answers: Answers) -> None:
        self._project = project
        self._imports = imports
        self._answers = answers
        self._programs: Mapping[str, EntryPoint] | None = None
        self._verdicts: dict[str, tuple[LibraryVerdict, ...]] = {}
        self._followed: dict[str, frozenset[str]] = {}
        self._sizes: dict[str, int] = {}
        self._sizes_holding: dict[frozenset[str] | None, list[tuple[tuple[str, ...], int]]] = {}
        """Of the files that hold one of some texts, with the programs that reach them."""

        self._holding: dict[tuple[str, frozenset[str] | None], tuple[tuple[str, ...], int]] = {}
        """By program and texts: what it reaches that holds one of these, and the size of that."""

        self.shifted: dict[str, object] = {}
        """Those whose verdicts are those of an earlier scan with other lines, and what stood for these then."""

        self._close: set[str] = set()
        self._near: set[str] = set()
        """Files that import too much for all of it to be followed, or nearly so."""

        self._room_bytes = MAX_NEAR_BYTES
        self._facts: ProgramFacts | None = None
        """As an earlier scan found them, where they are the same."""

    @property
    def entry_points(self) -> Mapping[str, EntryPoint]:
        """The programs among the scanned files, by path in sorted order."""
        self._project.trace.note("programs", "")
        return self._known_programs()

    def entry_point(self, path: str) -> EntryPoint | None:
        """The program that a file is; None where it is none."""
        self._project.trace.note("program", path)
        return self._known_programs().get(path)

    def _known_programs(self) -> Mapping[str, EntryPoint]:
        if self._programs is None:
            project = self._project
            scripts = {path for path in sorted(project.files) if is_script(project, path)}
            imported = project.are_imported(sorted(project.files))
            self.know_scripts(scripts, {path: tasks(project, path, imported=each) for path, each in imported})
            assert self._programs is not None
        return self._programs

    def know_scripts(self, scripts: Collection[str], running: Mapping[str, Iterable[str]]) -> None:
        """Be told which files are scripts; `running`: the functions of files that a framework runs."""
        self._answers.start_over()
        functions = self._console_functions()
        for path, names in running.items():
            known = functions.get(path, [])
            if more := [name for name in names if name not in known]:
                functions[path] = [*known, *more]
        self._programs = {
            path: EntryPoint(path=path, is_script=path in scripts, functions=tuple(functions.get(path, ())))
            for path in sorted({*scripts, *functions})
        }

    def _console_functions(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for dotted, function in console_scripts(self._project.root):
            path = self._imports.find_module(dotted, "setup.py")
            if path is not None and path in self._project.files:
                found.setdefault(path, []).append(function)
        return found

    def reaching(self, path: str) -> tuple[str, ...]:
        """Paths of the programs that import a file, directly or not, or are it."""
        self._project.trace.note("reaching", path)
        return self._reaching.get(path, ())

    @property
    def reached(self) -> AbstractSet[str]:
        """The files that any program imports, directly or not, and the programs."""
        self._project.trace.note("programs", "")
        return self._reaching.keys()

    @cached_property
    def _reaching(self) -> Mapping[str, tuple[str, ...]]:
        if self._facts is not None:
            return self._facts.reaching
        found: dict[str, list[str]] = {}
        for path in self._known_programs():
            for reached in self._project.graph.reached_by_statements(path):
                found.setdefault(reached, []).append(path)
        shared: dict[tuple[str, ...], tuple[str, ...]] = {}
        return {path: shared.setdefault(every := tuple(sorted(programs)), every) for path, programs in found.items()}

    # -- what a program reaches, and what of it is followed --------------------------------------------------------

    def modules_reached(self, module: ModuleFacts, holding: frozenset[str] | None = None) -> tuple[ModuleFacts, ...]:
        """`module` and the project's modules that it imports, directly or not, sorted by path.

        `holding`: texts of which one must stand in a module; the others are not parsed. Of more than
        `MAX_FOLLOWED_BYTES` those far from `module` are left out (`followed`).
        """
        found = [self._project.module(path) for path in self.paths_reached(module.path, holding)]
        return tuple(reached for reached in found if reached is not None)

    def paths_reached(self, path: str, holding: frozenset[str] | None = None) -> tuple[str, ...]:
        """The files that `modules_reached` parses, for whoever can tell of some that they need not be."""
        self._project.trace.note("reach", path)
        paths, size_bytes = self._reached_holding(path, holding)
        if self._is_much(size_bytes):
            near = self.followed(path)
            return tuple(reached for reached in paths if reached in near)
        return paths

    def _reached_holding(self, path: str, holding: frozenset[str] | None) -> tuple[tuple[str, ...], int]:
        """What a program reaches and what holds one of some texts, sorted, and how large all that is."""
        found = self._holding.get((path, holding))
        if found is None:
            project = self._project
            reached: Iterable[str] = sorted(project.graph.reached_by_statements(path))
            paths = tuple(reached if holding is None else project.texts.holding(reached, holding))
            if len(self._holding) >= MAX_REMEMBERED:
                self._holding.clear()
            found = paths, sum(project.source(each).size_bytes for each in paths)
            self._holding[path, holding] = found
        return found

    def paths_around(self, path: str) -> frozenset[str]:
        """The files of all programs that reach one, each as far as `paths_reached` goes."""
        return frozenset(each for program in self.reaching(path) for each in self.paths_reached(program))

    def followed(self, path: str) -> frozenset[str]:
        """`path` and the modules that run with it, directly or not, cut at `MAX_FOLLOWED_BYTES`."""
        self._project.trace.note("reach", path)
        initialisers = self.initialisers(path)
        for initialiser in initialisers:
            self._project.trace.note("reach", initialiser)
        found = self._followed.get(path)
        if found is None:
            found = self._followed[path] = frozenset().union(*map(self._nearest, (path, *initialisers)))
        if not self._near.isdisjoint((path, *initialisers)):
            self._project.trace.note("near", path)
        return found

    def initialisers(self, path: str) -> tuple[str, ...]:
        """The `__init__.py` that run before the function of a console script in this file, the outermost first.

        They run before the file itself, too, where it `runs_as_module`.
        """
        if self._programs is not None:
            self._project.trace.note("program", path)
        entry = self._programs.get(path) if self._programs is not None else None
        found: list[str] = []
        folder = path
        is_in_package = entry is not None and (bool(entry.functions) or self.runs_as_module(path))
        while is_in_package and "/" in folder:
            folder = folder.rpartition("/")[0]
            if f"{folder}/__init__.py" not in self._project.files:
                break
            found.append(f"{folder}/__init__.py")
        return tuple(reversed(found))

    def runs_as_module(self, path: str) -> bool:
        """Whether a program can only be run as `python -m package.module`, which executes the package before it."""
        return path.endswith("/__main__.py") or self._project.texts.contain(path, ("from .",))

    def _nearest(self, path: str) -> Iterable[str]:
        reached = self._project.graph.reached(path)
        sizes = self._sizes
        for each in reached:
            if each not in sizes:
                sizes[each] = self._project.source(each).size_bytes
        total = sum(map(sizes.__getitem__, reached))
        self._keep_room(room(total, MAX_FOLLOWED_BYTES))
        if total > MAX_FOLLOWED_BYTES or is_close(total, MAX_FOLLOWED_BYTES):
            self._near.add(path)
        if total <= MAX_FOLLOWED_BYTES:
            return reached
        budget = MAX_NEAR_BYTES
        seen, pending = {path}, [path]
        for each in pending:
            self._close.update(self._project.graph.imports(each))
            for target in self._project.graph.imports(each):
                size = sizes[target]
                if target not in seen and size <= budget:
                    budget -= size
                    seen.add(target)
                    pending.append(target)
        return seen

    def is_followed(self, path: str, program: str) -> bool:
        """Whether a file that a program reaches is among those that are followed for it."""
        facts = self._facts
        if facts is None:
            return path in self.followed(program)
        self._project.trace.note("reach", program)
        if program in facts.near:
            self._project.trace.note("near", program)
        return program not in facts.partly or path in facts.partly[program]

    def reaches_much(self, program: str, holding: frozenset[str] | None) -> bool:
        """Whether `paths_reached` leaves out some of what a program reaches and what holds one of these texts."""
        self._project.trace.note("reach", program)
        sizes = self._sizes_holding.get(holding)
        if sizes is None:
            reached = [path for path in self._reaching if holding is None or self._project.texts.hold(path, holding)]
            sizes = self._sizes_holding[holding] = [
                (self._reaching[path], self._project.source(path).size_bytes) for path in reached
            ]
        return self._is_much(sum(size for programs, size in sizes if program in programs))

    def _is_much(self, size_bytes: int) -> bool:
        if is_close(size_bytes, MAX_FOLLOWED_BYTES):
            self._project.trace.note("room", str(room(size_bytes, MAX_FOLLOWED_BYTES)))
        return size_bytes > MAX_FOLLOWED_BYTES

    def _keep_room(self, room_bytes: int) -> None:
        """Sizes that differ by more than this may decide otherwise."""
        self._room_bytes = min(self._room_bytes, room_bytes)

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The programs that may draw, those together that are followed over one set of modules."""
        if self._facts is not None:
            return self._facts.groups
        programs = [path for path in self.entry_points if self._project.selection.can_draw(path)]
        return grouped(programs, self.followed, lambda path: self._project.source(path).size_bytes, self._keep_room)

    def group_of(self, program: str) -> tuple[str, ...]:
        """The programs that one is followed with."""
        return next((group for group in self.groups if program in group), (program,))

    # -- how programs are seeded ----------------------------------------------------------------------------------

    def verdicts(self, module: ModuleFacts) -> tuple[LibraryVerdict, ...]:
        """One verdict per RNG library that the program draws from; empty where `module` is no entry point."""
        from auditor.static.seeding import judge

        entry = self.entry_point(module.path)
        if entry is None:
            return ()
        if module.path in self._verdicts:
            self._project.trace.note("verdicts", module.path)
        elif not self._project.selection.can_draw(module.path):
            self._verdicts[module.path] = ()
        else:
            try:
                self._verdicts[module.path] = judge(self._project, entry)
            except RecursionError:
                self._project.problems[module.path] = "nested too deeply for following it as a program"
                self._verdicts[module.path] = ()
        return self._verdicts[module.path]

    def draws(self, path: str) -> bool:
        """Whether a file is a program that draws from any library; True where that is not known yet."""
        return self.entry_point(path) is not None and self.known_verdicts(path) != ()

    def known_verdicts(self, path: str) -> tuple[LibraryVerdict, ...] | None:
        """The verdicts of a program; None where they are not known yet."""
        self._project.trace.note("verdicts", path)
        return self._verdicts.get(path)

    def know_verdicts(self, verdicts: Mapping[str, tuple[LibraryVerdict, ...]]) -> None:
        """Be told the verdicts of programs, by path."""
        self._answers.start_over()
        self._verdicts.update(verdicts)

    def know_shifted(self, verdicts: Mapping[str, tuple[LibraryVerdict, ...]]) -> None:
        """Be told verdicts of an earlier scan that hold with other lines, as they were."""
        self.shifted.update((path, digest([verdict.told for verdict in before])) for path, before in verdicts.items())

    # -- programs of an earlier scan ------------------------------------------------------------------------------

    def know_facts(self, facts: ProgramFacts | None) -> None:
        """Be told what an earlier scan found of all programs; nothing is believed that may be otherwise now."""
        moves = self._project.moves
        if facts is None or moves is None or facts.programs != self._told_programs() or not moves.lead_alike:
            return
        shifts = self._project.shifts
        changed = moves.others if shifts is None else moves.others | shifts.lines.keys()
        self._facts = facts.with_sizes(changed, lambda path: self._project.source(path).size_bytes, self.followed)

    def know_drawing(self, answers: Mapping[str, bool]) -> None:
        """Be told which of the followed files may draw."""
        drawing = {path for path, may_draw in answers.items() if may_draw}
        if self._facts is not None and self._facts.drawing_files != drawing:
            self._facts = None  # what is reached is found out again
        self._project.selection.know_drawing(answers, self._facts.drawing if self._facts is not None else None)

    def followed_by_programs(self) -> tuple[str, ...]:
        """What is followed for any program, sorted."""
        if self._facts is not None:
            return self._facts.followed
        return tuple(sorted({path for program in self.entry_points for path in self.followed(program)}))

    def facts(self) -> ProgramFacts:
        """What is known of all programs now, for the next scan."""
        if self._facts is not None:
            return self._facts
        followed = self.followed_by_programs()
        partly = {program: self.followed(program) for program in self.entry_points}
        return ProgramFacts(
            programs=self._told_programs(),
            reaching=self._reaching,
            partly={
                program: near
                for program, near in partly.items()
                if not near.issuperset(self._project.graph.reached(program))
            },
            near=frozenset([each for each in partly if not self._near.isdisjoint((each, *self.initialisers(each)))]),
            followed=followed,
            drawing_files=frozenset(path for path in followed if self._project.selection.may_draw(path)),
            drawing=frozenset(program for program in self.entry_points if self._project.selection.can_draw(program)),
            groups=self.groups,
            sizes={path: self._project.source(path).size_bytes for path in sorted({*followed, *self._sizes})},
            close=frozenset(self._close),
            room_bytes=self._room_bytes,
        )

    def _told_programs(self) -> tuple[tuple[str, bool, tuple[str, ...]], ...]:
        entries = self._known_programs().items()
        return tuple((path, entry.is_script, entry.functions) for path, entry in entries)
