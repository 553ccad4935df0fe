"""What is done with the things of a file, by how they are written: methods called on them, attributes assigned."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from auditor.static.syntax.elements import Assignment, Call
from auditor.static.text.dotted import dotted_text

_TARGETS = (ast.Name, ast.Attribute, ast.Subscript)
_AFTER_DOT = chr(ord(".") + 1)


class Receivers:
    """The calls and assignments of one file, put in order once for all that is made in it."""

    def __init__(self, calls: Iterable[Call], assignments: Iterable[Assignment]) -> None:
        self._calls: dict[str, list[Call]] = {}
        for call in calls:
            if isinstance(call.receiver, _TARGETS):
                self._calls.setdefault(ast.unparse(call.receiver), []).append(call)
        attributes = [
            (text, number, stored.target)
            for number, stored in enumerate(assignments)
            if isinstance(stored.target, ast.Attribute) and (text := dotted_text(stored.target))
        ]
        self._attributes = sorted(attributes, key=lambda each: each[:2])
        self._texts = [text for text, _, _ in self._attributes]

    def calls_on(self, target: str) -> Sequence[Call]:
        """Calls of methods of what is written so, in source order."""
        return self._calls.get(target, ())

    def stored_below(self, target: str) -> list[tuple[str, ast.expr]]:
        """Attributes assigned below what is written so, with the place: `bit_generator.state` below `rng`."""
        start = bisect_left(self._texts, f"{target}.")
        end = bisect_left(self._texts, f"{target}{_AFTER_DOT}")
        return [(text[len(target) + 1 :], node) for text, _, node in self._attributes[start:end]]
