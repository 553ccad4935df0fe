"""The passes of a scan: what the bytes of files tell, which are programs, how these are seeded, what the rules find.

Each pass works out one answer after the other, for a file or for a group of programs. Nothing that was parsed for one
is seen by another, so memory is bounded, any number of processes gives the same answers, and an answer of an earlier
scan can be used again where what it rests on is the same (`trace.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from auditor.model.annotations import Any, Generic, TypeVar, cast
from auditor.model.lean import dataclass
from auditor.static.files.importpath import Lookup
from auditor.static.files.scripts import is_script, is_script_by_its_bytes
from auditor.static.project import Project
from auditor.static.reuse.notes import Answered, Entry, Question, Row
from auditor.static.reuse.trace import Kept
from auditor.static.scanning.findings import Looked, Placed
from auditor.static.scanning.judging import Item as Judged
from auditor.static.scanning.judging import Judging, is_of_group
from auditor.static.scanning.workers import spread
from auditor.static.text.frameworktasks import tasks
from auditor.static.text.sketch import Sketch

MAX_UNIT_BYTES = 2_000_000
MAX_UNIT_FILES = 96

Item = TypeVar("Item")
Unit = TypeVar("Unit", bound="tuple[object, ...]")


@dataclass(frozen=True, slots=True)
class _Done(Generic[Item]):
    """What a unit of work gave, and what was read for it."""

    entries: Mapping[Item, Entry]
    read_files: frozenset[str]
    listed_folders: frozenset[str]
    lookups: Mapping[str, Mapping[Lookup, str | None]]
    gists: Mapping[str, bytes]


class Passes:
    """One scan; what was parsed, read and listed and the problems grow with every pass."""

    def __init__(
        self,
        project: Project,
        processes: int,
        step: Callable[[int, str], None],
        cancelled: Callable[[], bool],
        earlier: Kept | None = None,
    ) -> None:
        self._project = project
        self._processes = processes
        self._step = step
        self._cancelled = cancelled
        self._earlier = earlier or Kept()
        self.kept = Kept(read_files=self._earlier.read_files, listed_folders=self._earlier.listed_folders)
        if project.moves is not None:
            steady = project.moves.steady
            self.kept.look_up({path: known for path, known in self._earlier.lookups.items() if path in steady})
        self._before: list[tuple[Any, Any]] = []
        """Answers of the last pass that were given other lines, as they were, each behind what it is about."""

        self._is_shared = False
        """Whether several processes work on the pass."""

        self.parsed: set[str] = set()
        self.problems: dict[str, str] = {}

    def sketch(self) -> None:
        """Look over the bytes of every file."""
        project = self._project

        def draw(paths: tuple[str, ...]) -> dict[str, Sketch]:
            return {path: project.sketch(path) for path in paths if not self._cancelled()}

        for _, sketches in spread(draw, _units(project.unsketched(), project), self._processes):
            project.know_sketches(sketches)

    def find_programs(self) -> None:
        """Tell the project which of its files are programs."""
        project = self._project
        known = self._scripts_by_their_bytes()
        open_ = [path for path, answer in known.items() if answer is None]
        found = self._pass(
            "script", open_, self._each(partial(is_script, project)), lambda paths: _units(paths, project)
        )
        running = {path: named for path, (_, _, named) in self.kept.scripts.items() if named}
        project.programs.know_scripts({path for path, answer in {**known, **found}.items() if answer}, running)

    def _scripts_by_their_bytes(self) -> dict[str, bool | None]:
        project, earlier = self._project, self._earlier.scripts
        below = project.moves.steady_below if project.moves is not None else frozenset()
        found: dict[str, bool | None] = {}
        for path, imported in project.are_imported(sorted(project.files)):
            before = earlier.get(path)
            if before is None or before[1] != imported or path not in below or not project.is_as_before(path):
                before = is_script_by_its_bytes(project, path), imported, tasks(project, path, imported=imported)
            found[path], self.kept.scripts[path] = before[0], before
        return found

    def judge_programs(self) -> None:
        """Tell the project the verdict of every program."""
        project = self._project
        project.programs.know_facts(self._earlier.facts)
        may_draw, followed = project.selection.may_draw, project.programs.followed_by_programs()
        project.programs.know_drawing(
            self._pass("draws", followed, self._each(may_draw), lambda paths: _units(paths, project))
        )
        project.programs.know_verdicts(
            {path: () for path in project.programs.entry_points if not project.selection.can_draw(path)}
        )

        judging, groups = Judging(project, self._judged_before, self._cancelled), project.programs.groups
        units = partial(judging.units, groups)
        answers = self._pass("verdicts", judging.items(groups), judging.judge, units, is_aside=is_of_group)
        project.programs.know_verdicts({path: verdicts for path, verdicts in answers.items() if isinstance(path, str)})
        for path, before in self._before:
            if isinstance(path, str):
                project.programs.know_shifted({path: before})
        self.kept.facts = project.programs.facts()

    def _judged_before(self, item: Judged) -> tuple[object, list[Question]]:
        """What the last scan found out about programs, and what it asked for that; None where that is not known."""
        earlier = cast("Answered[Judged]", self._earlier.answered.get("verdicts") or Answered())
        row = earlier.found.get(item)
        if row is None or isinstance(row, Entry):
            return None, []
        notes = (earlier.notes[number] for number in memoryview(row[1]).cast("I"))
        return self._earlier.unpack(row[0]), [(kind, path) for kind, path, _ in notes]

    def look(self, paths: Sequence[str], find: Callable[[str, Project], Iterable[Placed]]) -> Iterable[Looked]:
        """Ask the rules about every file, in order."""
        project = self._project

        def ask(path: str) -> Looked:
            project.trace.note("content", path)
            findings = tuple(find(path, project))
            return Looked(findings, project.sketch(path).is_marked and project.module(path) is not None)

        numbers = {path: number for number, path in enumerate(paths)}
        return self._pass("look", paths, self._each(ask, numbers), lambda rest: _units(rest, project), numbers).values()

    def look_beyond(
        self, paths: Sequence[str], find: Callable[[str, Project], Iterable[Placed]]
    ) -> Iterable[tuple[Placed, ...]]:
        """Ask rules about files that programs import besides those that are looked at, in order."""
        project = self._project

        def ask(path: str) -> tuple[Placed, ...]:
            project.trace.note("content", path)
            return tuple(find(path, project))

        return self._pass("beyond", paths, self._each(ask), lambda rest: _units(rest, project)).values()

    def _pass(
        self,
        name: str,
        items: Sequence[Item],
        work: Callable[[Unit], Mapping[Item, Entry]],
        units: Callable[[Sequence[Item]], Sequence[Unit]],
        numbers: Mapping[Item, int] | None = None,
        is_aside: Callable[[Item], bool] = lambda item: False,
    ) -> dict[Item, Any]:
        """The answer for every item, in their order.

        `work` finds out those of a unit, `units` which units to work on, given the items of which nothing is known
        that holds. `numbers`: the items as they are counted for whoever watches; None for a pass after which no file
        is done. `is_aside`: what is known of an item is kept and not looked into, as no line is named in it.
        """
        earlier = cast("Answered[Item]", self._earlier.answered.get(name) or Answered())
        found = earlier.holding(items, self._project.failing(earlier.notes)) if earlier.found else {}
        answers = {
            item: self._earlier.unpack(row[0])
            for item, row in found.items()
            if not isinstance(row, Entry) and not is_aside(item)
        }
        self._shift(found, answers, self._project.shifting(earlier.notes))
        for item in [item for item, answer in answers.items() if answer is None]:
            del found[item]
        todo = units([item for item in items if item not in found])
        self._is_shared = min(self._processes, len(todo)) > 1
        for number, done in spread(self._worker(work), todo, self._processes):
            found.update(done.entries)
            parsed = {path for entry in done.entries.values() for path in entry.parsed}
            self.kept.parsed_bytes += sum(self._project.source(path).size_bytes for path in parsed)
            self.kept.read_files |= done.read_files
            self.kept.listed_folders |= done.listed_folders
            self.kept.look_up(done.lookups)
            self._project.know_gists(done.gists)
            if self._is_shared:
                last = cast("Item", todo[number][-1])
                self._step(numbers[last] if numbers else 0, _path(last))
            if self._cancelled():
                break
        self._before = [(item, before) for item, before in self._before if not isinstance(found[item], Entry)]
        answered = Answered(earlier.notes, {item: found[item] for item in items if item in found}, earlier.numbered)
        self.kept.answered[name] = cast("Answered[object]", answered)
        self.parsed |= answered.parsed()
        self.problems.update(answered.problems())
        rows = answered.found.items()
        answers.update({item: row.answer for item, row in rows if isinstance(row, Entry)})
        return {item: answers[item] for item, _ in rows if item in answers}

    def _shift(self, found: dict[Item, Row | Entry], answers: dict[Item, object], numbers: AbstractSet[int]) -> None:
        """Give those answers that rest on one of these notes the lines of now; None to those that cannot have them.

        Of what is not among the answers only the problems tell lines.
        """
        shifts, earlier = self._project.shifts, self._earlier
        self._before = []
        if shifts is None or not numbers:
            return
        for item, row in found.items():
            before = answers.get(item, ())
            if before is None or isinstance(row, Entry) or numbers.isdisjoint(memoryview(row[1]).cast("I")):
                continue
            moved = shifts.of(before, row[3])
            if moved is None:
                answers[item] = None
            elif item not in answers:
                found[item] = *row[:3], moved[1]
            else:
                self._before.append((item, before))
                answers[item], problems = moved
                answer = earlier.pack(moved[0]) if isinstance(row[0], bytes) else row[0]
                found[item] = answer, row[1], row[2], problems

    def _each(
        self, work: Callable[[Item], object], numbers: Mapping[Item, int] | None = None
    ) -> Callable[[tuple[Item, ...]], Mapping[Item, Entry]]:
        """What is found out about the items of a unit, one after the other."""
        project = self._project

        def each(unit: tuple[Item, ...]) -> Mapping[Item, Entry]:
            entries: dict[Item, Entry] = {}
            for item in unit:
                if self._cancelled():
                    break
                if numbers is not None and not self._is_shared:
                    self._step(numbers[item], _path(item))
                project.start_over()
                project.trace.start()
                try:
                    answer = work(item)
                finally:
                    asked, parsed = project.trace.stop()
                entries[item] = Entry(answer, asked, frozenset(parsed), project.problems_of(parsed))
            return entries

        return each

    def _worker(self, work: Callable[[Unit], Mapping[Item, Entry]]) -> Callable[[Unit], _Done[Item]]:
        """What is done with a unit, in whichever process."""
        project = self._project
        read, listed, gists = set(self.kept.read_files), set(self.kept.listed_folders), dict(project.gists)

        def one(unit: Unit) -> _Done[Item]:
            entries = work(unit)
            project.start_over()
            new_files, new_folders = project.read_files.difference(read), project.listed_folders.difference(listed)
            new_gists = {path: gist for path, gist in project.gists.items() if path not in gists}
            done = _Done(entries, new_files, new_folders, project.lookups(), new_gists)
            gists.update(new_gists)
            read.update(done.read_files)
            listed.update(done.listed_folders)
            return done

        return one


def _path(item: object) -> str:
    return item if isinstance(item, str) else str(item[-1]) if isinstance(item, tuple) else ""


def _units(paths: Iterable[str], project: Project) -> list[tuple[str, ...]]:
    """Neighbours together, as they import each other, in pieces that keep every process busy to the end."""
    units: list[tuple[str, ...]] = []
    current: list[str] = []
    total = 0
    for path in paths:
        size = project.source(path).size_bytes
        if current and (total + size > MAX_UNIT_BYTES or len(current) >= MAX_UNIT_FILES):
            units.append(tuple(current))
            current, total = [], 0
        current.append(path)
        total += size
    if current:
        units.append(tuple(current))
    return units
