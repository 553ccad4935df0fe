"""What a configuration says, whatever its format: sections, lists and scalars, each with its place."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.lean import dataclass, replace
from auditor.static.documents.span import Span

MAX_DEPTH = 40
"""Sections deeper than this are not looked at; nobody writes them, and references can build endless ones."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts."""

    value: str | int | float | bool | None
    span: Span


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    values: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with what stands at it."""

    key: str
    key_span: Span
    value: Node

    @property
    def span(self) -> Span:
        """From the key to the end of the value, or of the key where the value is empty or in other lines."""
        end = self.value.span
        if end.line != self.key_span.line or end.end_line != self.key_span.line:
            return self.key_span
        return replace(self.key_span, end_column=max(end.end_column, self.key_span.end_column))


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping; of a key that is there twice the last one counts."""

    entries: tuple[Entry, ...]
    span: Span

    def entry(self, key: str) -> Entry | None:
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def keys(self) -> frozenset[str]:
        return frozenset(entry.key for entry in self.entries)

    def text(self, key: str) -> str | None:
        """The string at `key`; None where there is none."""
        entry = self.entry(key)
        value = entry.value.value if entry and isinstance(entry.value, Scalar) else None
        return value if isinstance(value, str) else None


Node = Scalar | Items | Section


def sections(root: Node) -> Iterator[tuple[tuple[str, ...], Section]]:
    """Every section with its path, in the order of the file; one that is referred to twice comes once."""
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Node]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if id(node) in seen or len(path) > MAX_DEPTH:
            continue
        seen.add(id(node))
        if isinstance(node, Section):
            yield path, node
            waiting.extend(((*path, entry.key), entry.value) for entry in reversed(node.entries))
        elif isinstance(node, Items):
            waiting.extend((path, value) for value in reversed(node.values))


def entries_at(section: Section, path: tuple[str, ...]) -> Iterator[tuple[Section, Entry]]:
    """The entries at a path of keys, each with the section that it stands in; `*` stands for every key."""
    key, *rest = path
    for entry in section.entries:
        if key not in ("*", entry.key) or (key != "*" and section.entry(key) is not entry):
            continue
        if not rest:
            yield section, entry
        elif isinstance(entry.value, Section):
            yield from entries_at(entry.value, tuple(rest))
