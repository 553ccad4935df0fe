"""Comments for us in documents: where they stand, and what only looks like one because it is part of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from auditor.model.pattern import lazy_pattern
from auditor.static.documents.kinds import LAUNCHERS, Kind
from auditor.static.documents.quoted import foreign_lines
from auditor.static.suppress import MARK

_MARKED = lazy_pattern(rf"#\s*{MARK}\b", re.IGNORECASE)


def comments_alone(lines: Sequence[str], kind: Kind) -> Iterator[str]:
    """Every line with nothing but its comment for us, at its column: what stands before is no Python.

    What a script hands on as a text (`cat > notes.txt <<EOF`) speaks for no line of the script.
    """
    foreign = foreign_lines(lines) if kind in LAUNCHERS else frozenset()
    for number, line in enumerate(lines, 1):
        yield "" if number in foreign else _comment_alone(line)


def _comment_alone(line: str) -> str:
    for found in _MARKED.finditer(line):
        at = found.start()
        if not _is_quoted(line, at):
            return " " * at + line[at:]
    return ""


def _is_quoted(line: str, at: int) -> bool:
    """Whether a place is inside a text that begins and ends on its line; an apostrophe (`don't`) begins none."""
    quote = ""
    for index, letter in enumerate(line[:at]):
        before = line[index - 1 : index]
        if quote:
            quote = "" if letter == quote and before != "\\" else quote
        elif letter in "\"'" and not before.isalnum() and before != "\\":
            quote = letter
        elif letter == "#" and (not before or before.isspace()):
            return False  # it cites one, and is a comment itself
    return bool(quote) and quote in line[at:]
