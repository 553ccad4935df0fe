"""The one line that divides panes: `── 12 findings ───────── 3 error ──`."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from auditor.tui.lines import Piece, fit
from auditor.tui.signs import UNICODE, Signs, to_ascii
from auditor.tui.widgets.tones import tone_style


class ToneWidget(Widget):
    """A widget of one line made of toned pieces."""

    def __init__(self, *, id: str | None = None, classes: str = "", signs: Signs = UNICODE) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.signs = signs

    def pieces(self, width: int) -> list[Piece]:
        """What the line says at this width."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if y:
            return Strip.blank(width, base)
        ascii_only = self.signs is not UNICODE
        segments = [
            Segment(
                to_ascii(text) if ascii_only else text,
                base + tone_style(self, f"tone-{tone}"),
            )
            for text, tone in self.pieces(width)
        ]
        return Strip(segments).adjust_cell_length(width, base)


class TitleLine(ToneWidget):
    """Left and right words on a rule; stands out while its pane has the focus."""

    def __init__(self, *, id: str | None = None, signs: Signs = UNICODE) -> None:  # noqa: A002
        super().__init__(id=id, signs=signs)
        self.left: tuple[Piece, ...] = ()
        self.right: tuple[Piece, ...] = ()
        self.is_active = False

    def show(self, left: tuple[Piece, ...], right: tuple[Piece, ...] = ()) -> None:
        if (left, right) != (self.left, self.right):
            self.left, self.right = left, right
            self.refresh()

    def set_active(self, is_active: bool) -> None:
        if is_active != self.is_active:
            self.is_active = is_active
            self.refresh()

    def pieces(self, width: int) -> list[Piece]:
        rule = self.signs.rule
        edge = "accent" if self.is_active else "muted"
        left, right = list(self.left), list(self.right)
        left_width = sum(cell_len(piece.text) for piece in left)
        right_width = sum(cell_len(piece.text) for piece in right)
        while right and left_width + right_width + 10 > width:
            right_width -= cell_len(right.pop(0).text)
            if right:
                stripped = right[0]._replace(text=right[0].text.lstrip())
                right_width -= cell_len(right[0].text) - cell_len(stripped.text)
                right[0] = stripped
        if left_width + 6 > width:
            text = "".join(piece.text for piece in left)
            left = [Piece(fit(text, max(width - 6, 0), self.signs.ellipsis), left[0].tone if left else "plain")]
            left_width = max(width - 6, 0)
        if self.is_active and left:
            left[0] = Piece(left[0].text, "strong" if left[0].tone in ("plain", "muted") else left[0].tone)
        line = [Piece(rule * 2 + " " if left else rule * 3, edge), *left]
        room = width - 3 - left_width - (right_width + 4 if right else 0)
        line.append(Piece((" " if left else rule) + rule * max(room - 1, 0), edge))
        if right:
            line += [Piece(" "), *right, Piece(" " + rule * 2, edge)]
        return line
