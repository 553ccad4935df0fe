"""Changes of a file that is no Python: stretches of text, replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.static.fixes.changes import Change, ReplaceText
from auditor.static.fixes.writing.conflict import Conflict
from auditor.static.fixes.writing.splice import Splice, spliced


class PlainText:
    """One text, its lines and columns counted from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def compose(self, changes: Sequence[Change]) -> str:
        """Return the changed text. Raises `Conflict`."""
        return spliced(self._text, [self._splice(change) for change in changes])

    def _splice(self, change: Change) -> Splice:
        if not isinstance(change, ReplaceText):
            raise Conflict("only Python has calls and statements", [change])
        place = change.span
        start = self._index(place.line, place.column, change)
        end = start
        if place.end_line is not None and place.end_column is not None:
            end = self._index(place.end_line, place.end_column, change)
        return Splice(start=start, end=end, parts=(change.text,), changes=(change,))

    def _index(self, line: int, column: int, change: Change) -> int:
        if not 1 <= line <= len(self._starts):
            raise Conflict(f"line {line} is outside of the file", [change])
        return min(self._starts[line - 1] + column - 1, len(self._text))
