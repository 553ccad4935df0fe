"""The passes of a scan: what the bytes of files tell, which are programs, how these are seeded, what the rules find.

Each pass works out one answer after the other, for a file or for a group of programs. Nothing that was parsed for one
is seen by another, so memory is bounded, any number of processes gives the same answers, and an answer of an earlier
scan can be used again where what it rests on is the same (`trace.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from auditor.model.annotations import TYPE_CHECKING, Generic, TypeVar
from auditor.model.lean import dataclass
from auditor.static.findings import Placed
from auditor.static.importpath import Lookup
from auditor.static.project import Project
from auditor.static.scripts import is_script, is_script_by_its_bytes
from auditor.static.sketch import Sketch
from auditor.static.trace import Entry, Kept
from auditor.static.workers import spread

if TYPE_CHECKING:
    from auditor.static.library_verdict import LibraryVerdict

MAX_UNIT_BYTES = 2_000_000
MAX_UNIT_FILES = 96

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Done(Generic[Item]):
    """What a unit of work gave, and what was read for it."""

    entries: Mapping[Item, Entry]
    read_files: frozenset[str]
    listed_folders: frozenset[str]
    lookups: Mapping[str, Mapping[Lookup, str | None]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules found in a file."""

    findings: tuple[Placed, ...] = ()
    is_marked: bool = False
    """It holds a comment for us."""


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
        self.parsed: set[str] = set()
        self.problems: dict[str, str] = {}

    def sketch(self) -> None:
        """Look over the bytes of every file."""
        project = self._project

        def draw(paths: tuple[str, ...]) -> dict[str, Sketch]:
            return {path: project.sketch(path) for path in paths if not self._cancelled()}

        new = [path for path, source in sorted(project.files.items()) if source.sketch is None]
        for _, sketches in spread(draw, _units(new, project), self._processes):
            project.know_sketches(sketches)

    def find_programs(self) -> None:
        """Tell the project which of its files are programs."""
        project = self._project
        known = {path: self._is_script_by_its_bytes(path) for path in sorted(project.files)}
        open_ = [path for path, answer in known.items() if answer is None]
        found = self._pass("script", open_, partial(is_script, project), lambda paths: _units(paths, project))
        project.know_scripts({path for path, answer in {**known, **found}.items() if answer})

    def _is_script_by_its_bytes(self, path: str) -> bool | None:
        project = self._project
        imported = project.is_imported(path)
        before = self._earlier.scripts.get(path)
        if before is not None and before[1] == imported and project.is_as_before_below(path):
            found = before[0]
        else:
            found = is_script_by_its_bytes(project, path)
        self.kept.scripts[path] = found, imported
        return found

    def judge_programs(self) -> None:
        """Tell the project the verdict of every program."""
        project = self._project
        followed = sorted({path for program in project.entry_points for path in project.followed(program)})
        may_draw = project.selection.may_draw
        project.selection.know_drawing(self._pass("draws", followed, may_draw, lambda paths: _units(paths, project)))
        project.know_verdicts({path: () for path in project.entry_points if not project.selection.can_draw(path)})

        def judge(group: tuple[str, ...]) -> dict[str, tuple[LibraryVerdict, ...]]:
            for path in group:
                project.trace.note("reach", path)
            modules = ((path, project.module(path)) for path in group if not self._cancelled())
            return {path: project.verdicts(module) for path, module in modules if module is not None}

        answers = self._pass("verdicts", project.groups, judge, lambda groups: [(group,) for group in groups])
        for verdicts in answers.values():
            project.know_verdicts(verdicts)

    def look(self, paths: Sequence[str], find: Callable[[str, Project], Iterable[Placed]]) -> Iterable[Looked]:
        """Ask the rules about every file, in order."""
        project = self._project

        def ask(path: str) -> Looked:
            project.trace.note("content", path)
            findings = tuple(find(path, project))
            return Looked(findings, project.sketch(path).is_marked and project.module(path) is not None)

        numbers = {path: number for number, path in enumerate(paths)}
        return self._pass("look", paths, ask, lambda rest: _units(rest, project), numbers).values()

    def look_beyond(
        self, paths: Sequence[str], find: Callable[[str, Project], Iterable[Placed]]
    ) -> Iterable[tuple[Placed, ...]]:
        """Ask rules about files that programs import besides those that are looked at, in order."""
        project = self._project

        def ask(path: str) -> tuple[Placed, ...]:
            project.trace.note("content", path)
            return tuple(find(path, project))

        return self._pass("beyond", paths, ask, lambda rest: _units(rest, project)).values()

    def _pass(
        self,
        name: str,
        items: Sequence[Item],
        work: Callable[[Item], Answer],
        units: Callable[[Sequence[Item]], Sequence[tuple[Item, ...]]],
        numbers: Mapping[Item, int] | None = None,
    ) -> dict[Item, Answer]:
        """The answer for every item, in their order.

        `numbers`: the items as they are counted for whoever watches; None for a pass after which no file is done.
        """
        entries: dict[Item, Entry] = {}
        for item in items:
            entry = self._earlier.entries.get((name, item))
            if entry is not None and self._project.holds(entry.asked):
                entries[item] = entry
        todo = units([item for item in items if item not in entries])
        shared = min(self._processes, len(todo)) > 1
        for number, done in spread(self._worker(work, numbers, shared=shared), todo, self._processes):
            entries.update(done.entries)
            self.kept.read_files |= done.read_files
            self.kept.listed_folders |= done.listed_folders
            self.kept.look_up(done.lookups)
            if shared:
                last = todo[number][-1]
                self._step(numbers[last] if numbers else 0, _path(last))
            if self._cancelled():
                break
        for item, entry in entries.items():
            self.kept.entries[name, item] = entry
            self.parsed |= entry.parsed
            self.problems.update(entry.problems)
        return {item: entries[item].answer for item in items if item in entries}  # type: ignore[misc]

    def _worker(
        self, work: Callable[[Item], Answer], numbers: Mapping[Item, int] | None, *, shared: bool
    ) -> Callable[[tuple[Item, ...]], _Done[Item]]:
        """What is done with a unit, in whichever process."""
        project = self._project
        read, listed = set(self.kept.read_files), set(self.kept.listed_folders)

        def one(unit: tuple[Item, ...]) -> _Done[Item]:
            entries: dict[Item, Entry] = {}
            for item in unit:
                if self._cancelled():
                    break
                if numbers is not None and not shared:
                    self._step(numbers[item], _path(item))
                project.start_over()
                project.trace.start()
                try:
                    answer = work(item)
                finally:
                    asked, parsed = project.trace.stop()
                entries[item] = Entry(answer, asked, frozenset(parsed), project.problems_of(parsed))
            project.start_over()
            new_files, new_folders = project.read_files.difference(read), project.listed_folders.difference(listed)
            done = _Done(entries, new_files, new_folders, project.lookups())
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
