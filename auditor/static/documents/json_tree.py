"""JSON → tree, with the place of every key: the standard library's reader tells none."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from auditor.errors import ProjectError
from auditor.model.pattern import lazy_pattern
from auditor.static.documents.span import Span
from auditor.static.documents.tree import MAX_DEPTH, Entry, Items, Node, Scalar, Section

_TOKEN = lazy_pattern(
    r'[ \t\r\n]*(?:(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)'
    r"|(?P<word>true|false|null|NaN|-?Infinity)|(?P<mark>[{}\[\]:,]))"
)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def read_json(text: str) -> Node:
    """The one value of a JSON text. Raises `ProjectError` with the line where it is malformed."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0

    def read(self) -> Node:
        node = self._node(*self._next(), 0)
        if self._text[self._at :].strip():
            raise self._wrong(self._at)
        return node

    def _next(self) -> tuple[str, str, int]:
        """Kind, text and start of the next token."""
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._wrong(self._at)
        self._at = match.end()
        kind = str(match.lastgroup)
        return kind, match[kind], match.start(kind)

    def _node(self, kind: str, text: str, start: int, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise ProjectError("nested too deeply to be read")
        if text == "{":
            return self._section(start, depth)
        if text == "[":
            return self._items(start, depth)
        if kind == "mark":
            raise self._wrong(start)
        return Scalar(self._value(kind, text, start), self._span(start))

    def _value(self, kind: str, text: str, start: int) -> str | int | float | bool | None:
        if kind == "word":
            return _WORDS.get(text, text)
        if kind == "number":
            return text if re.search(r"[.eE]", text) or len(text) > 18 else int(text)
        try:
            return str(json.loads(text))
        except ValueError:
            raise self._wrong(start) from None

    def _section(self, start: int, depth: int) -> Section:
        entries: list[Entry] = []
        kind, text, at = self._next()
        while text != "}":
            if kind != "string":
                raise self._wrong(at)
            key, span = str(self._value(kind, text, at)), self._span(at)
            if self._next()[1] != ":":
                raise self._wrong(self._at)
            entries.append(Entry(key, span, self._node(*self._next(), depth + 1)))
            kind, text, at = self._next()
            if text == ",":
                kind, text, at = self._next()
            elif text != "}":
                raise self._wrong(at)
        return Section(tuple(entries), self._span(start))

    def _items(self, start: int, depth: int) -> Items:
        values: list[Node] = []
        kind, text, at = self._next()
        while text != "]":
            values.append(self._node(kind, text, at, depth + 1))
            kind, text, at = self._next()
            if text == ",":
                kind, text, at = self._next()
            elif text != "]":
                raise self._wrong(at)
        return Items(tuple(values), self._span(start))

    def _span(self, start: int) -> Span:
        line, end_line = bisect_right(self._starts, start), bisect_right(self._starts, self._at - 1)
        return Span(line, start - self._starts[line - 1] + 1, end_line, self._at - self._starts[end_line - 1] + 1)

    def _wrong(self, at: int) -> ProjectError:
        return ProjectError(f"not JSON: line {bisect_right(self._starts, at)}")
