"""A titled line and the rows under it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from auditor.tui.lines import Piece, Rows
from auditor.tui.signs import UNICODE, Signs
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.title_line import TitleLine


class Pane(Vertical):
    """One thing to look at; `hint` is its two sentences for the help."""

    def __init__(
        self,
        id: str,  # noqa: A002 - Textual's word
        *,
        hint: str,
        has_cursor: bool = True,
        keeps_mark: bool = False,
        signs: Signs = UNICODE,
    ) -> None:
        super().__init__(id=id)
        self.hint = hint
        self.title = TitleLine(id=f"{id}-title", signs=signs)
        self.view = LineView(id=f"{id}-view", has_cursor=has_cursor, keeps_mark=keeps_mark, signs=signs)

    def compose(self) -> ComposeResult:
        yield self.title
        yield self.view

    def show(
        self,
        rows: Rows,
        *,
        left: tuple[Piece, ...],
        right: tuple[Piece, ...] = (),
        cursor: int | None = None,
    ) -> None:
        self.title.show(left, right)
        self.view.show_rows(rows, cursor=cursor)

    def on_descendant_focus(self) -> None:
        self.title.set_active(True)

    def on_descendant_blur(self) -> None:
        self.title.set_active(False)
