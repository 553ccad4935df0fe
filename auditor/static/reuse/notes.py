"""What the answers of a pass rest on: each question with its answer once, as thousands of files rest on the same ones.

An answer and what belongs to it are plain values, which are kept, read and written without being looked into.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from auditor.model.annotations import Generic, Literal, TypeVar
from auditor.model.lean import dataclass, field

Kind = Literal[
    "content", "reach", "reached", "calling", "packages", "reaching", "verdicts", "programs", "program", "group",
    "imported", "matters", "layout", "near", "room",
]  # fmt: skip
"""What is asked of a path: what stands in it and where its imports lead; the same of all that it imports; which files
these are; in which files something may be called (of a name and the files from where they are reached); which
packages they import; which programs reach it; how a program is seeded; which programs there are (of no path); whether
it is a program; with which others it is followed; whether anything imports it; whether any rule can speak about it or
about what it imports; which comments and blank lines it has; what is followed of more than there is room for; by how
many bytes comments and blank lines have changed files so far (of the number by which they may)."""

Question = tuple[Kind, str]

Note = tuple[Kind, str, object]
"""A question and its answer."""

Row = tuple[object, bytes, bytes, Mapping[str, str] | None]
"""An answer as it is kept; what was asked for it, and which files were parsed, as numbers of notes; their problems."""

Item = TypeVar("Item")

MAX_UNUSED = 2
"""Notes are numbered anew when there are this many times as many as when they were numbered last."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was worked out."""

    answer: object
    asked: Mapping[Question, object]
    parsed: frozenset[str]
    problems: Mapping[str, str]


@dataclass(slots=True)
class Answered(Generic[Item]):
    """What is known in one pass, by what it is about."""

    notes: list[Note] = field(default_factory=list)
    found: dict[Item, Row | Entry] = field(default_factory=dict)
    """Answers of earlier scans, and those that were worked out since."""

    numbered: int = 0
    """Notes that there were when they were numbered last."""

    def holding(self, items: Iterable[Item], failing: AbstractSet[int]) -> dict[Item, Row | Entry]:
        """The answers about some items that rest on none of the failing notes; all of them are of earlier scans."""
        known = self.found
        found = {item: known[item] for item in items if item in known}
        if failing:
            for item, row in [*found.items()]:
                if isinstance(row, Entry) or not failing.isdisjoint(memoryview(row[1]).cast("I")):
                    del found[item]
        return found

    def parsed(self) -> set[str]:
        """The files that were parsed for any of the answers."""
        numbers: set[int] = set()
        paths: set[str] = set()
        for row in self.found.values():
            if isinstance(row, Entry):
                paths |= row.parsed
            elif row[2]:
                numbers.update(memoryview(row[2]).cast("I"))
        paths.update(self.notes[number][1] for number in numbers)
        return paths

    def problems(self) -> dict[str, str]:
        """What is wrong with files that they rest on, by path."""
        problems: dict[str, str] = {}
        for row in self.found.values():
            told = row.problems if isinstance(row, Entry) else row[3]
            if told:
                problems.update(told)
        return problems

    def pack(self, packed: Callable[[object], object]) -> None:
        """Make plain values of what was worked out; `packed` makes them of its answers."""
        new = [(item, entry) for item, entry in self.found.items() if isinstance(entry, Entry)]
        numbering = Numbering(self.notes) if new else None
        for item, entry in new:
            assert numbering is not None
            asked = numbering.of((kind, path, answer) for (kind, path), answer in entry.asked.items())
            parsed = numbering.of(("content", path, entry.asked["content", path]) for path in sorted(entry.parsed))
            self.found[item] = packed(entry.answer), asked, parsed, dict(entry.problems) or None
        if len(self.notes) > MAX_UNUSED * self.numbered:
            self._renumber()

    def _renumber(self) -> None:
        """Leave out notes that nothing rests on any more."""
        old, self.notes = self.notes, []
        numbering = Numbering(self.notes)
        for item, row in self.found.items():
            if not isinstance(row, Entry):
                answer, asked, parsed, problems = row
                self.found[item] = (
                    answer,
                    numbering.of(old[number] for number in memoryview(asked).cast("I")),
                    numbering.of(old[number] for number in memoryview(parsed).cast("I")),
                    problems,
                )
        self.numbered = len(self.notes)


class Numbering:
    """Numbers for notes, those that are known and new ones."""

    def __init__(self, notes: list[Note]) -> None:
        self._notes = notes
        self._numbers = dict(zip(notes, range(len(notes)), strict=True))

    def of(self, asked: Iterable[Note]) -> bytes:
        """The numbers of some notes, four bytes each."""
        found = array("I")
        for kind, path, answer in asked:
            note = kind, sys.intern(path), answer
            number = self._numbers.setdefault(note, len(self._notes))
            if number == len(self._notes):
                self._notes.append(note)
            found.append(number)
        return found.tobytes()
