"""spaCy's `.cfg` files → tree: `[section.below]` heads, values in JSON."""

from __future__ import annotations

import re

from auditor.model.pattern import lazy_pattern
from auditor.static.documents.span import Span
from auditor.static.documents.tree import Entry, Node, Scalar, Section

_HEAD = lazy_pattern(r"^\[([^\[\]]+)\]\s*$")
_PAIR = lazy_pattern(r"^([\w.@-]+)(\s*=\s*)(.*?)\s*$")
_VALUES: dict[str, bool | None] = {"null": None, "true": True, "false": False}


def read_ini(text: str) -> Section:
    """The document; sections stand side by side under their full names."""
    sections: dict[str, list[Entry]] = {}
    heads: dict[str, Span] = {}
    current = ""
    for number, line in enumerate(text.split("\n"), 1):
        head, pair = _HEAD.match(line), _PAIR.match(line)
        if head:
            current = head[1].strip()
            heads.setdefault(current, Span(number, 1, number, len(line) + 1))
            sections.setdefault(current, [])
        elif pair and current:
            start = len(pair[1]) + len(pair[2]) + 1
            key = Span(number, 1, number, len(pair[1]) + 1)
            span = Span(number, start, number, start + len(pair[3]))
            sections[current].append(Entry(pair[1], key, Scalar(_value(pair[3]), span)))
    entries: list[Entry] = []
    for name, inside in sections.items():
        node: Node = Section(tuple(inside), heads[name])
        entries.append(Entry(name, heads[name], node))
    return Section(tuple(entries), Span(1, 1, 1, 1))


def _value(text: str) -> str | int | bool | None:
    if text in _VALUES:
        return _VALUES[text]
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text.strip('"')
