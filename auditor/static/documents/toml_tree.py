"""TOML → tree. The values are the standard reader's; the places are looked up line by line and checked against them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from auditor.errors import ProjectError
from auditor.model.pattern import lazy_pattern
from auditor.static.documents.span import Span
from auditor.static.documents.tree import MAX_DEPTH, Entry, Items, Node, Scalar, Section

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEY = r"(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')"
_HEADER = lazy_pattern(rf"^\s*\[\[?\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]\]?")
_PAIR = lazy_pattern(rf"^(\s*)({_KEY}(?:\s*\.\s*{_KEY})*)\s*=\s*")
_NOWHERE = Span(1, 1, 1, 1)

Places = Mapping[tuple[str, ...], tuple[Span, Span]]


def read_toml(text: str) -> Section:
    """The document. Raises `ProjectError` with the line where it is malformed."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"not TOML: {error}") from None
    except RecursionError:
        raise ProjectError("nested too deeply to be read") from None
    return _section(values, (), _places(text))


def _section(values: Mapping[str, object], path: tuple[str, ...], places: Places) -> Section:
    entries = []
    for key, value in values.items():
        below = (*path, key)
        key_span, value_span = places.get(below, (_NOWHERE, _NOWHERE))
        entries.append(Entry(key, key_span, _node(value, below, value_span, places)))
    return Section(tuple(entries), places.get(path, (_NOWHERE, _NOWHERE))[0])


def _node(value: object, path: tuple[str, ...], span: Span, places: Places) -> Node:
    if isinstance(value, Mapping):
        return _section(value, path, places) if len(path) < MAX_DEPTH else Items((), span)
    if isinstance(value, list):
        return Items(tuple(_node(each, path, span, places) for each in value), span)
    return Scalar(value if isinstance(value, str | int | float | bool) else str(value), span)


def _places(text: str) -> Places:
    """Key path → place of the key and of its value's line; inner keys of inline tables have their line's place."""
    found: dict[tuple[str, ...], tuple[Span, Span]] = {}
    table: tuple[str, ...] = ()
    quoted = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        header = _HEADER.match(line)
        if header:
            table = _keys(header[1])
            found.setdefault(table, (Span(number, 1, number, len(line) + 1),) * 2)
            continue
        pair = _PAIR.match(line)
        if pair:
            value = _without_comment(line[pair.end() :])
            start, end = pair.end() + 1, pair.end() + len(value) + 1
            span = Span(number, len(pair[1]) + 1, number, len(pair[1]) + 1 + len(pair[2]))
            found.setdefault((*table, *_keys(pair[2])), (span, Span(number, start, number, end)))
            quoted = next((mark for mark in ('"""', "'''") if value.count(mark) % 2), "")
    return found


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(_KEY, dotted))


def _without_comment(value: str) -> str:
    if value.startswith(('"', "'")):
        return value.rstrip()
    return value.partition("#")[0].rstrip()
