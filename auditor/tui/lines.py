"""Lines of text with a tone for each piece: what the drawing functions return and the widgets put on the screen.

A tone is a meaning ("error", "muted"); its colours are in `app.tcss`. Nothing here knows Textual.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from rich.cells import cell_len, set_cell_size

from auditor.model.lean import dataclass
from auditor.model.location import Location

TONES = (
    "plain",
    "strong",
    "muted",
    "accent",
    "tab-current",
    "grid-here",
    "grid-here-differs",
    "error",
    "warning",
    "note",
    "good",
    "differs",
    "code-keyword",
    "code-string",
    "code-comment",
    "code-number",
    "code-name",
)

# Controls would move the terminal's cursor: source text and file names may hold any.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Piece(NamedTuple):
    """A stretch of one line."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a pane, and the place in the source that it speaks of."""

    pieces: tuple[Piece, ...] = ()
    target: Location | None = None

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


class Rows(Protocol):
    """What a pane shows: rows are asked for when they are drawn, so there may be millions."""

    def __len__(self) -> int: ...

    def row(self, index: int, width: int) -> Row:
        """The row at `index`, laid out for `width` cells; must be quick and must not raise."""


class RowList:
    """Rows that are there already."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, index: int, width: int) -> Row:
        return self.rows[index]


def row(*pieces: Piece | str, target: Location | None = None) -> Row:
    """Make a row from pieces; plain text is in the plain tone."""
    return Row(tuple(piece if isinstance(piece, Piece) else Piece(piece) for piece in pieces), target)


def clean(text: str) -> str:
    """Replace tabs by spaces and control characters by `?`."""
    return _CONTROLS.sub("?", text.expandtabs(4))


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Return text in exactly `width` cells: padded, or cut with an ellipsis at its end."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    if width <= cell_len(ellipsis):
        return set_cell_size(text, width)
    return set_cell_size(text, width - cell_len(ellipsis)) + ellipsis


def fit_left(text: str, width: int, ellipsis: str = "…") -> str:
    """Like `fit`, but cut at the start: the end of a path says more."""
    if cell_len(text) <= width:
        return fit(text, width)
    if width <= cell_len(ellipsis):
        return set_cell_size(text, max(width, 0))
    return ellipsis + set_cell_size(text[::-1], width - cell_len(ellipsis))[::-1]


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces into lines of at most `width` cells; words that are longer are broken anywhere."""
    width = max(width, 8)
    lines: list[str] = []
    line = ""
    for word in text.split():
        while cell_len(word) > width:
            if line:
                lines.append(line)
                line = ""
            head = set_cell_size(word, width).rstrip(" ")
            lines.append(head)
            word = word[len(head) :]
        if not word:
            continue
        if line and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines


def fold(text: str, width: int) -> list[str]:
    """Break one line that is too long into lines of at most `width` cells; all keep its indentation."""
    if cell_len(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip())][: width // 2]
    return [indent + line for line in wrap(text, width - len(indent))]


def labelled(
    label: str,
    text: str,
    width: int,
    *,
    tone: str = "plain",
    label_tone: str = "muted",
    label_width: int = 11,
    target: Location | None = None,
) -> list[Row]:
    """Return rows ` label   text`, the text wrapped beside its label."""
    lines = wrap(text, width - label_width - 2) or [""]
    return [
        row(Piece(" " + (label if index == 0 else "").ljust(label_width), label_tone), Piece(line, tone), target=target)
        for index, line in enumerate(lines)
    ]
