"""What an answer rests on, so that it can be used again as long as all of that is the same.

While something is worked out, the project notes each question that is put to it and that another state of the files
could answer differently. What was worked out holds again where all these questions have the same answers. What stands
in a file, and where its imports lead, is not compared answer by answer: `Moves` tells of which files it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditor.model.annotations import TypeVar
from auditor.model.digest import sha256
from auditor.model.lean import dataclass, field
from auditor.static.files.importgraph import Edges
from auditor.static.files.importpath import Lookup
from auditor.static.reuse.notes import Answered, Kind, Question
from auditor.static.reuse.programfacts import ProgramFacts
from auditor.static.text.sketch import Sketch, unpacked_sketch

Key = TypeVar("Key")
Result = TypeVar("Result")
Memory = dict[Key, tuple[Result, Iterable[Question], Iterable[str]]]
"""Answers that are worked out once, each with what it rests on and the files that were parsed for it."""


class Trace:
    """The questions that are put while something is worked out, with their answers."""

    def __init__(self, answer: Callable[[Question], object]) -> None:
        self._answer = answer
        self._open: list[dict[Question, object]] = []
        """One for each thing that is being worked out, the outermost first."""

        self._parsed: list[set[str]] = []
        """The files that were parsed for each."""

        self.shared: set[Question] = set()
        """Questions on which anything may rest that is worked out with the trees of now: see `share`."""

    def start(self) -> None:
        """Something begins to be worked out."""
        self._open.append({})
        self._parsed.append(set())

    def parse(self, path: str) -> None:
        """The tree of a file is asked for, whether or not it was made before."""
        if self._open and path not in self._parsed[-1]:
            self._parsed[-1].add(path)
            self.note("content", path)

    def note(self, kind: Kind, path: str) -> None:
        """A question is put."""
        if self._open and (kind, path) not in self._open[-1]:
            # Entered first: finding the answer may put further questions, which are answered by it.
            self._open[-1][kind, path] = None
            self._open[-1][kind, path] = self._answer((kind, path))

    @property
    def is_open(self) -> bool:
        """Whether anything is being worked out of which it is noted what it rests on."""
        return bool(self._open)

    def share(self, kind: Kind, path: str) -> None:
        """A file is looked at that what is asked about does not import: who calls it may stand there.

        What is remembered with the trees may rest on it, so whatever uses these later does, too.
        """
        self.shared.add((kind, path))

    def stop(self) -> tuple[dict[Question, object], set[str]]:
        """It is worked out: what was asked for it, and parsed. What it is part of rests on the same."""
        asked, parsed = self._open.pop(), self._parsed.pop()
        if self._open:
            self._open[-1].update(asked)
            self._parsed[-1].update(parsed)
        return asked, parsed

    def once(self, memory: Memory[Key, Result], key: Key, work: Callable[[], Result]) -> Result:
        """What `work()` gives, worked out at the first call; later calls rest on the same questions."""
        if key in memory and self._open:
            noted, parsed = self._open[-1], self._parsed[-1]
            for question in memory[key][1]:
                if question not in noted:
                    self.note(*question)
            for path in memory[key][2]:
                if path not in parsed:
                    self.parse(path)
        elif key not in memory:
            self.start()
            try:
                result = work()
            finally:
                asked, parsed = self.stop()
            memory[key] = result, tuple(asked), tuple(parsed)
        return memory[key][0]


@dataclass(slots=True)
class Kept:
    """What one scan leaves to the next one of the same files, rules and settings."""

    sketches: dict[str, bytes] = field(default_factory=dict)
    """As `packed_sketch` makes them: few of them are looked into."""

    digests: dict[str, bytes] = field(default_factory=dict)
    """Of the bytes of the same files; `literals`: what of the vocabulary stands in them."""

    literals: dict[str, int] = field(default_factory=dict)
    import_words: dict[str, bytes] = field(default_factory=dict)
    """What stands in their import statements."""

    gists: dict[str, bytes] = field(default_factory=dict)
    """Of the files that were parsed; empty for those that could not be (`layout`)."""

    taking_options: dict[str, bool] = field(default_factory=dict)
    """Whether files that are called like tests read a command line, as far as anybody asked."""

    edges: dict[str, Edges] = field(default_factory=dict)
    lookups: dict[str, dict[Lookup, str | None]] = field(default_factory=dict)
    """By the file in which it was imported: where names led that its import statements do not tell of."""

    configured: bytes = b""
    """What the documents named, where any file makes or picks something by such names."""

    files: frozenset[str] = frozenset()
    tests: frozenset[str] = frozenset()
    """The files that were scanned, and those of them that are tests by their name."""

    names: dict[str, frozenset[str]] = field(default_factory=dict)
    """What stood in the folders in which imports were looked up; folders that do not exist are not among them."""

    answered: dict[str, Answered[object]] = field(default_factory=dict)
    """What was worked out, by pass."""

    unpack: Callable[[object], object] = field(default=lambda packed: packed)
    """Makes an answer of what is kept for it; None where that is damaged."""

    pack: Callable[[object], object] = field(default=lambda answer: answer)
    """Makes of an answer what is kept for it."""

    scripts: dict[str, tuple[bool | None, bool, tuple[str, ...]]] = field(default_factory=dict)
    """Whether the bytes of each file say that it is a program, and whether anything imported it then."""

    syntax: dict[str, str | None] = field(default_factory=dict)
    """Files that were parsed for their syntax alone, with what is wrong."""

    facts: ProgramFacts | None = None
    moved_bytes: int = 0
    """By how much comments changed the sizes of files since the oldest of the answers was worked out."""

    parsed_bytes: int = 0
    """How much was parsed for answers that no earlier scan had; of one scan only."""

    read_files: frozenset[str] = frozenset()
    listed_folders: frozenset[str] = frozenset()

    def sketch(self, path: str) -> Sketch:
        """That of a file."""
        return unpacked_sketch(self.sketches[path], self.digests[path], self.literals[path])

    def look_up(self, lookups: Mapping[str, Mapping[Lookup, str | None]]) -> None:
        """Add where names led."""
        for path, known in lookups.items():
            self.lookups.setdefault(path, {}).update(known)


def digest(value: object) -> bytes:
    """A short stand-in for something whose text tells all of it."""
    return sha256(repr(value).encode("utf-8", "backslashreplace")).digest()[:16]
