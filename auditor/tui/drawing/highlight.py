"""Colours for one line of Python: comments, strings, numbers, keywords. Line by line, so that any part of any file
costs the same; inside a docstring it may be wrong, which harms nobody."""

from __future__ import annotations

import re
from functools import lru_cache
from keyword import kwlist

from auditor.tui.lines import Piece

_TOKEN = re.compile(
    r"""(?P<comment>\#.*)
    |(?P<string>[rbfuRBFU]{0,2}(?:\"\"\".*?(?:\"\"\"|$)|'''.*?(?:'''|$)|"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)))
    |(?P<number>\b\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?\b)
    |(?P<keyword>\b(?:"""
    + "|".join(kwlist)
    + r""")\b)
    |(?P<name>(?<=def\ )\w+|(?<=class\ )\w+|@[\w.]+)""",
    re.VERBOSE,
)


@lru_cache(2_000)
def highlighted(text: str) -> list[Piece]:
    """Return the line in pieces."""
    pieces: list[Piece] = []
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text[at : match.start()]))
        pieces.append(Piece(match.group(), f"code-{match.lastgroup}"))
        at = match.end()
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces
