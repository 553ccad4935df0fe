"""Lines of styled text, and how they become plain text, ASCII, or text with terminal colours."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from enum import Enum

WIDTH = 80


class Style(Enum):
    """What a piece of text is; the value is its SGR code."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    ERROR = "1;31"
    WARNING = "33"
    NOTE = "36"
    GOOD = "1;32"
    ADDED = "32"
    REMOVED = "31"


Piece = str | tuple[str, Style]
_ASCII = str.maketrans(
    {
        "≠": "!=",
        "×": "x",
        "·": "-",
        "…": "...",
        "–": "-",
        "—": "-",
        "→": "->",
        "←": "<-",
        "≤": "<=",
        "≥": ">=",
        "±": "+-",
    }
    | {"‘": "'", "’": "'", "“": '"', "”": '"'}
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Page:
    """Lines in the order in which they were added."""

    def __init__(self) -> None:
        self._lines: list[tuple[tuple[str, Style], ...]] = []

    def add(self, *pieces: Piece) -> None:
        """Add one line; without pieces an empty one, where none stands yet."""
        if not pieces and self._lines and not self._lines[-1]:
            return
        self._lines.append(tuple((piece, Style.PLAIN) if isinstance(piece, str) else piece for piece in pieces))

    def named(self, name: str, texts: str | Iterable[str], style: Style = Style.PLAIN) -> None:
        """Add `  name     text`: wrapped at 80 columns, words never broken; further texts start lines of their own."""
        label = f"  {name:<8} "
        for text in [texts] if isinstance(texts, str) else texts:
            for line in wrap(text, WIDTH - len(label)):
                self.add((label, Style.FAINT), (line, style))
                label = " " * len(label)

    def sentence(self, text: str, indent: str = "", style: Style = Style.PLAIN) -> None:
        """Add a sentence, wrapped at 80 columns."""
        for line in wrap(text, WIDTH - len(indent)):
            self.add((indent + line, style))

    def text(self, *, color: bool = False, ascii: bool = False) -> str:  # noqa: A002
        """Return everything; no line ends in a space. Control characters of quoted text become `?`."""
        return "".join(self._line(pieces, color, ascii) + "\n" for pieces in self._lines)

    def _line(self, pieces: tuple[tuple[str, Style], ...], color: bool, ascii: bool) -> str:  # noqa: A002
        shown = [(_CONTROL.sub("?", text).expandtabs(4), style) for text, style in pieces]
        if ascii:
            shown = [(to_ascii(text), style) for text, style in shown]
        if not color:
            return "".join(text for text, _ in shown).rstrip()
        return "".join(f"\x1b[{style.value}m{text}\x1b[0m" if style.value else text for text, style in shown).rstrip()


def wrap(text: str, width: int) -> list[str]:
    """Break between words only, so that paths and names stay whole; at least one line."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def to_ascii(text: str) -> str:
    """Replace our own signs by ASCII ones, and anything else that is not ASCII by a Python escape."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
