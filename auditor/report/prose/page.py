"""Lines of styled text, and how they become plain text, ASCII, or text with terminal colours."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern

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


@dataclass(frozen=True, slots=True)
class Below:
    """Marks below a text that stands in the line above, as wide as that is shown."""

    text: str
    mark: str


Piece = str | tuple[str | Below, Style]
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
_CONTROL = lazy_pattern(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Page:
    """Lines in the order in which they were added."""

    def __init__(self) -> None:
        self._lines: list[tuple[tuple[str | Below, Style], ...]] = []

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

    def _line(self, pieces: tuple[tuple[str | Below, Style], ...], color: bool, ascii: bool) -> str:  # noqa: A002
        shown = [(_shown(text, ascii=ascii), style) for text, style in pieces]
        if not color:
            return "".join(text for text, _ in shown).rstrip()
        return "".join(f"\x1b[{style.value}m{text}\x1b[0m" if style.value else text for text, style in shown).rstrip()


def _shown(piece: str | Below, *, ascii: bool) -> str:  # noqa: A002
    if isinstance(piece, Below):
        return piece.mark * width(_shown(piece.text, ascii=ascii))
    text = piece if piece.isprintable() else visible(piece).expandtabs(4)
    return to_ascii(text) if ascii else text


def width(text: str) -> int:
    """Columns that a terminal uses, wide characters counted twice and combining ones not at all."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
        if not unicodedata.combining(character)
    )


def visible(text: str) -> str:
    """One line without what a terminal would obey, a file name's line break among it; tabs stay."""
    return text if text.isprintable() else _CONTROL.sub("?", text)


def wrap(text: str, width: int) -> list[str]:
    """Break between words only, so that paths and names stay whole; at least one line."""
    words = text.split()
    if " ".join(words) != text:
        import textwrap

        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    lines = [""]
    for word in words:
        if not lines[-1]:
            lines[-1] = word
        elif len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def to_ascii(text: str) -> str:
    """Replace our own signs by ASCII ones, and anything else that is not ASCII by a Python escape."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
