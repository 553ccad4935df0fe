"""What an answer rests on, so that it can be used again as long as all of that is the same.

While something is worked out, the project notes each question that is put to it and that another state of the files
could answer differently. What was worked out holds again where all these questions have the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditor.model.annotations import Literal, TypeVar
from auditor.model.digest import sha256
from auditor.model.lean import dataclass, field
from auditor.static.sketch import Sketch

Kind = Literal["content", "reach", "packages", "reaching", "verdicts", "programs", "imported", "matters"]
"""What is asked of a path: what stands in it; what stands in all that it imports; which packages these import; which
programs reach it; how a program is seeded; which programs there are (of no path); whether anything imports it; whether
any rule can speak about it or about what it imports."""

Question = tuple[Kind, str]
Key = TypeVar("Key")
Result = TypeVar("Result")
Memory = dict[Key, tuple[Result, Iterable[Question]]]
"""Answers that are worked out once, each with what it rests on."""


class Trace:
    """The questions that are put while something is worked out, with their answers."""

    def __init__(self, answer: Callable[[Question], object]) -> None:
        self._answer = answer
        self._open: list[dict[Question, object]] = []
        """One for each thing that is being worked out, the outermost first."""

    def start(self) -> None:
        """Something begins to be worked out."""
        self._open.append({})

    def note(self, kind: Kind, path: str) -> None:
        """A question is put."""
        if self._open and (kind, path) not in self._open[-1]:
            # Entered first: finding the answer may put further questions, which are answered by it.
            self._open[-1][kind, path] = None
            self._open[-1][kind, path] = self._answer((kind, path))

    def stop(self) -> dict[Question, object]:
        """It is worked out: what was asked for it. What it is part of rests on the same."""
        asked = self._open.pop()
        if self._open:
            self._open[-1].update(asked)
        return asked

    def once(
        self, memory: dict[Key, tuple[Result, Iterable[Question]]], key: Key, work: Callable[[], Result]
    ) -> Result:
        """What `work()` gives, worked out at the first call; later calls rest on the same questions."""
        if key in memory:
            for question in memory[key][1]:
                self.note(*question)
        else:
            self.start()
            try:
                result = work()
            finally:
                asked = self.stop()
            memory[key] = result, tuple(asked)
        return memory[key][0]

    def holds(self, asked: Mapping[Question, object]) -> bool:
        """Whether the answers are still the same."""
        return all(self._answer(question) == answer for question, answer in asked.items())


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was worked out."""

    answer: object
    asked: Mapping[Question, object]
    parsed: frozenset[str]
    problems: Mapping[str, str]
    packed: bytes | None = None
    """The answer as it was kept, where it was: it need not be packed again."""


@dataclass(slots=True)
class Kept:
    """What one scan leaves to the next one of the same files, rules and settings."""

    sketches: dict[str, Sketch] = field(default_factory=dict)
    edges: dict[str, tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=dict)
    """What each file imports: modules of the project, packages outside."""

    entries: dict[tuple[str, object], Entry] = field(default_factory=dict)
    """By the pass and what it was about."""

    syntax: dict[str, str | None] = field(default_factory=dict)
    """Files that were parsed for their syntax alone, with what is wrong."""

    read_files: frozenset[str] = frozenset()
    listed_folders: frozenset[str] = frozenset()


def digest(value: object) -> bytes:
    """A short stand-in for something whose text tells all of it."""
    return sha256(repr(value).encode("utf-8", "backslashreplace")).digest()[:16]
