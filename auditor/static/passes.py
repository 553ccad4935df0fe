"""The passes of a scan over its files: which are programs, how these are seeded, what the rules find in each file.

Each pass goes over units that depend on the text of the project alone: nothing that one unit has parsed is seen by
another. So memory is bounded by the largest unit, and any number of processes gives the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from auditor.static.findings import Placed
from auditor.static.library_verdict import LibraryVerdict
from auditor.static.project import Project
from auditor.static.sketch import Sketch
from auditor.static.workers import spread

MAX_UNIT_BYTES = 2_000_000
MAX_UNIT_FILES = 96

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Done:
    """What a unit gave, and what happened to the files on the way."""

    answer: object
    parsed: frozenset[str]
    problems: Mapping[str, str]
    read_files: frozenset[str]
    listed_folders: frozenset[str]


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules found in some files."""

    findings: tuple[Placed, ...]
    marked: tuple[str, ...]
    """Files with a comment for us."""


class Passes:
    """One scan; what was parsed, read and listed and the problems grow with every pass."""

    def __init__(
        self,
        project: Project,
        processes: int,
        step: Callable[[int, str], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._project = project
        self._processes = processes
        self._step = step
        self._cancelled = cancelled
        self.parsed: frozenset[str] = frozenset()
        self.read_files: frozenset[str] = frozenset()
        self.listed_folders: frozenset[str] = frozenset()
        self.problems: dict[str, str] = {}

    def sketch(self) -> None:
        """Look over the bytes of every file."""
        project = self._project

        def draw(paths: tuple[str, ...]) -> dict[str, Sketch]:
            return {path: project.sketch(path) for path in paths if not self._cancelled()}

        for sketches in self._pass(draw, _units(sorted(project.files), project)):
            project.know_sketches(sketches)

    def find_programs(self) -> None:
        """Tell the project which of its files are programs."""
        project = self._project
        known = {path: project.is_script_by_its_bytes(path) for path in sorted(project.files)}
        open_ = [path for path, answer in known.items() if answer is None]
        scripts = {path for path, answer in known.items() if answer}

        def ask(paths: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(path for path in paths if not self._cancelled() and project.is_script(path))

        for found in self._pass(ask, _units(open_, project)):
            scripts.update(found)
        project.know_scripts(scripts)

    def judge_programs(self) -> None:
        """Tell the project the verdict of every program."""
        project = self._project

        def judge(paths: tuple[str, ...]) -> dict[str, tuple[LibraryVerdict, ...]]:
            found = {}
            for path in paths:
                module = None if self._cancelled() else project.module(path)
                if module is not None:
                    found[path] = project.verdicts(module)
            return found

        for verdicts in self._pass(judge, project.groups):
            project.know_verdicts(verdicts)

    def look(self, paths: Sequence[str], find: Callable[[str, Project], Iterable[Placed]]) -> Iterator[Looked]:
        """Ask the rules about every file, in order."""
        project = self._project

        numbers = {path: number for number, path in enumerate(paths)}
        units = _units(paths, project)

        def ask(unit: tuple[str, ...]) -> Looked:
            findings: list[Placed] = []
            marked: list[str] = []
            for path in unit:
                if self._cancelled():
                    break
                if not self._is_shared(units):
                    self._step(numbers[path], path)
                findings.extend(find(path, project))
                if project.sketch(path).is_marked and project.module(path) is not None:
                    marked.append(path)
            return Looked(tuple(findings), tuple(marked))

        yield from self._pass(ask, units, numbers)

    def _is_shared(self, units: Sequence[tuple[str, ...]]) -> bool:
        """Whether several processes work on these units."""
        return min(self._processes, len(units)) > 1

    def _pass(
        self,
        work: Callable[[tuple[str, ...]], Answer],
        units: Sequence[tuple[str, ...]],
        numbers: Mapping[str, int] | None = None,
    ) -> list[Answer]:
        """The answer for every unit, in the order of the units.

        `numbers`: the files as they are counted for whoever watches; None for a pass after which no file is done.
        """
        project = self._project
        read, listed = set(self.read_files), set(self.listed_folders)

        def one(unit: tuple[str, ...]) -> _Done:
            project.start_over()
            answer = work(unit)
            done = _Done(
                answer,
                project.parsed,
                dict(project.problems),
                project.read_files.difference(read),
                project.listed_folders.difference(listed),
            )
            read.update(done.read_files)
            listed.update(done.listed_folders)
            project.start_over()
            return done

        answers: dict[int, Answer] = {}
        for number, done in spread(one, units, self._processes):
            answers[number] = done.answer  # type: ignore[assignment]
            self.parsed |= done.parsed
            self.read_files |= done.read_files
            self.listed_folders |= done.listed_folders
            self.problems.update(done.problems)
            if self._is_shared(units):
                path = units[number][-1]
                self._step(numbers[path] if numbers else 0, path)
            if self._cancelled():
                break
        return [answers[number] for number in sorted(answers)]


def _units(paths: Iterable[str], project: Project) -> list[tuple[str, ...]]:
    """Neighbours together, as they import each other, in pieces that fit into little memory."""
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
