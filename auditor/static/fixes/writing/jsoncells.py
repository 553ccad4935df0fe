"""Where the sources of cells stand in the JSON of a notebook, and how other lines are put there.

Nothing but the strings of changed lines is written anew: indentation, key order and outputs stay to the byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from auditor.errors import ProjectError
from auditor.model.lean import dataclass

_TOKEN = re.compile(r'[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+)', re.DOTALL)

_CELLS = ("cells", "*")


@dataclass(frozen=True, slots=True)
class CellSource:
    """The source of a cell: one string, or an array of them."""

    start: int
    end: int
    strings: tuple[tuple[int, int], ...]
    """Places of the strings, with their quotes."""

    is_array: bool


def cell_sources(text: str) -> Mapping[int, CellSource]:
    """The sources by the number of their cell, counted from 1 over all cells as they stand in the file."""
    return _Reader(text).read()


def with_source(text: str, source: CellSource, code: str) -> str:
    """The JSON of a source with other code in it."""
    plain = text.isascii()
    if not source.is_array:
        return json.dumps(code, ensure_ascii=plain)
    pieces = [text[start:end] for start, end in source.strings]
    before = [json.loads(piece) for piece in pieces]
    after = [line for line in re.split(r"(?<=\n)", code) if line]
    written: list[str] = []
    for tag, old, old_end, new, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        kept = tag == "equal"
        written += (
            pieces[old:old_end] if kept else [json.dumps(each, ensure_ascii=plain) for each in after[new:new_end]]
        )
    return _array(text, source, written)


def _array(text: str, source: CellSource, pieces: Sequence[str]) -> str:
    """The array, laid out as it was."""
    if not source.strings:
        return f"[{', '.join(pieces)}]"
    first, last = source.strings[0], source.strings[-1]
    head, tail = text[source.start : first[0]], text[last[1] : source.end]
    gap = text[first[1] : source.strings[1][0]] if len(source.strings) > 1 else f",{head[1:] or ' '}"
    return head + gap.join(pieces) + tail


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[int, CellSource] = {}
        self._cells = 0
        self._where: tuple[tuple[str, ...], ...] = (_CELLS, ("worksheets", *_CELLS))
        self._named_source: set[int] = set()

    def read(self) -> Mapping[int, CellSource]:
        self._value(())
        return self._found

    def _next(self) -> tuple[str, int]:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise ProjectError("not a notebook: the JSON is malformed")
        self._at = match.end()
        return match[1], match.start(1)

    def _value(self, path: tuple[str, ...]) -> None:
        """Read one value; `path`: the keys that lead there, `*` for an element of an array."""
        token, start = self._next()
        if path == ("cells",) and token == "[":  # these count alone, and of a key that is there twice the last one
            self._found.clear()
            self._named_source.clear()
            self._cells, self._where = 0, (_CELLS,)
        self._cells += path in self._where
        strings: list[tuple[int, int]] = []
        if token == "{":
            for _ in self._members("}"):
                key = json.loads(self._next()[0])
                self._next()
                self._value((*path, str(key)))
        elif token == "[":
            for _ in self._members("]"):
                at = self._at
                self._value((*path, "*"))
                if path[-1:] in (("source",), ("input",)):
                    strings.append((at + _blank(self._text, at), self._at))
        if path[:-1] in self._where and path[-1] in ("source", "input"):
            if token.startswith('"'):
                strings = [(start, self._at)]
            self._keep(path[-1], CellSource(start, self._at, tuple(strings), token == "["))

    def _keep(self, key: str, source: CellSource) -> None:
        """Of a cell that has both, `input` is what an older version left behind."""
        if key == "input" and self._cells in self._named_source:
            return
        if key == "source":
            self._named_source.add(self._cells)
        self._found[self._cells] = source

    def _members(self, end: str) -> Iterator[None]:
        """Step through the members of an object or array; the caller reads each."""
        if self._peek() == end:
            self._next()
            return
        while True:
            yield
            if self._next()[0] == end:
                return

    def _peek(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        return match[1] if match else ""


def _blank(text: str, at: int) -> int:
    """How much white space stands at a place."""
    match = re.compile(r"[ \t\r\n]*").match(text, at)
    return len(match[0]) if match else 0
