"""A scrolling list of rows that are asked for when they are drawn; moving its cursor redraws two lines.

It scrolls by itself instead of through Textual's ScrollView: there is no scroll bar to lay out, and a new list can be
scrolled before the next layout.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from auditor.tui.lines import Row, RowList, Rows, clean
from auditor.tui.signs import UNICODE, Signs, to_ascii
from auditor.tui.widgets.tones import tone_style

WHEEL_ROWS = 3
_KEPT = 500  # rows laid out; a page or two are in use


class LineView(Widget, can_focus=True):
    """Shows `Rows`. Knows no model: what the rows mean is the screen's business."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("g,home", "move_to(0)", show=False),
        Binding("G,end", "move_to(-1)", show=False),
        Binding("pagedown,ctrl+d", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("enter", "enter", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, view: LineView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

        @property
        def control(self) -> LineView:
            return self.view

    class Entered(Moved):
        """Enter, or a double click."""

    class Resized(Message):
        """There is another width to lay rows out for."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - Textual's word
        has_cursor: bool = True,
        keeps_mark: bool = False,
        signs: Signs = UNICODE,
    ) -> None:
        """`keeps_mark`: the row stays marked while another pane, which shows more of it, has the focus."""
        super().__init__(id=id)
        self.rows: Rows = RowList()
        self.cursor = 0
        self.top = 0
        """Index of the row that is drawn first."""

        self.has_cursor = has_cursor
        self.keeps_mark = keeps_mark
        self.signs = signs
        self._styles: dict[str, Style] = {}
        self._laid_out: dict[int, Row] = {}
        self._laid_out_width = 0
        self._told_width = 0
        self._centre_later = False
        self._at_end = False
        """The last rows are to be seen, until a key moves away from them."""

    # rows

    def show_rows(self, rows: Rows, *, cursor: int | None = None) -> None:
        """Show other rows; the cursor stays at its index where it can. Only lines that changed are drawn again."""
        before = self._visible_lines()
        was_high = len(self.rows)
        self.rows = rows
        self._laid_out.clear()
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, len(rows) - 1))
        self._show_from(self.top)
        self._reveal_cursor()
        if len(rows) != was_high and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        if not self.size.height:  # hidden: it would come back with the lines that it was hidden with
            self.refresh()
            self._told_width = 0  # these rows were made for no width: tell the one that it comes back with
            return
        after = self._visible_lines()
        for y in range(self.size.height):
            if before.get(y) != after.get(y):
                self._refresh_line(y)

    def _visible_lines(self) -> dict[int, tuple[Row, bool]]:
        """What each line of the screen shows: its row, and whether the cursor is there."""
        shown = range(self.top, min(self.top + self.size.height, len(self.rows)))
        return {index - self.top: (self._row(index), index == self.cursor) for index in shown}

    @property
    def text_width(self) -> int:
        """Cells for the row's own text: the first cell is the cursor's."""
        return max(self.size.width - (1 if self.has_cursor else 0), 0)

    def _row(self, index: int) -> Row:
        if self.text_width != self._laid_out_width:
            self._laid_out_width = self.text_width
            self._laid_out.clear()
        found = self._laid_out.get(index)
        if found is None:
            if len(self._laid_out) > _KEPT:
                self._laid_out.clear()
            found = self._laid_out[index] = self.rows.row(index, self.text_width)
        return found

    @property
    def current_row(self) -> Row | None:
        """The row under the cursor; None in an empty list."""
        return self._row(self.cursor) if len(self.rows) else None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(len(self.rows), 1)

    def on_resize(self) -> None:
        if self._centre_later:
            self.centre_cursor()
        self._show_from(len(self.rows) if self._at_end else self.top)
        self._reveal_cursor()
        if self.text_width != self._told_width:
            self._told_width = self.text_width
            self.post_message(self.Resized())

    # drawing

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        index = y + self.top
        width = self.size.width
        base = self._style("tone-plain")
        if index >= len(self.rows):
            return Strip.blank(width, base)
        here = self.has_cursor and index == self.cursor
        under = tone_style(self, "cursor-row") if here and self.has_focus else Style()
        segments = []
        if self.has_cursor:
            is_marked = here and (self.has_focus or self.keeps_mark)
            mark = self._style("cursor-mark") if self.has_focus else self._style("tone-muted")
            segments.append(Segment(self.signs.cursor, mark + under) if is_marked else Segment(" ", base))
        ascii_only = self.signs is not UNICODE
        for text, tone in self._row(index).pieces:
            shown = to_ascii(text) if ascii_only else text
            segments.append(Segment(clean(shown), self._style(f"tone-{tone}") + under))
        return Strip(segments).adjust_cell_length(width, base + under)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            # The widget's own background lies under every piece; without it a light theme shows black blocks.
            style = self._styles[name] = self.rich_style + tone_style(self, name)
        return style

    def _refresh_line(self, y: int) -> None:
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # moving

    def move_cursor(self, index: int) -> None:
        """Put the cursor on a row, scroll it into view and say so."""
        index = max(0, min(index, len(self.rows) - 1))
        if index == self.cursor or not len(self.rows):
            return
        old, self.cursor = self.cursor, index
        self._refresh_line(old - self.top)
        self._refresh_line(index - self.top)
        self._reveal_cursor()
        self.post_message(self.Moved(self, index))

    def _show_from(self, top: int) -> None:
        top = max(0, min(top, len(self.rows) - self.size.height))
        if top != self.top:
            self.top = top
            self.refresh()

    def _reveal_cursor(self) -> None:
        height = self.size.height
        if not height or not self.has_cursor:
            return
        if self.cursor < self.top:
            self._show_from(self.cursor)
        elif self.cursor >= self.top + height:
            self._show_from(self.cursor - height + 1)

    def centre_cursor(self) -> None:
        """Scroll so that the cursor stands in the upper third; before the first layout, remember to."""
        self._centre_later = not self.size.height
        self._show_from(self.cursor - self.size.height // 3)

    def show_end(self) -> None:
        """Scroll to the last rows, also where the height is not known yet."""
        self._at_end = True
        self._show_from(len(self.rows))

    def action_move(self, rows: int) -> None:
        self._at_end = False
        if self.has_cursor:
            self.move_cursor(self.cursor + rows)
        else:
            self._show_from(self.top + rows)

    def action_move_to(self, index: int) -> None:
        self._at_end = False
        last = len(self.rows) - 1
        if self.has_cursor:
            self.move_cursor(last if index < 0 else index)
        else:
            self._show_from(last if index < 0 else index)

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(self.size.height - 1, 1))

    def action_enter(self) -> None:
        if len(self.rows):
            self.post_message(self.Entered(self, self.cursor))

    def on_focus(self) -> None:
        self._refresh_cursor()

    def on_blur(self) -> None:
        self._refresh_cursor()

    def _refresh_cursor(self) -> None:
        if self.has_cursor and len(self.rows):
            self._refresh_line(self.cursor - self.top)

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.top
        if not self.has_cursor or index >= len(self.rows):
            return
        if index == self.cursor and event.chain > 1:
            self.action_enter()
        self.move_cursor(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._show_from(self.top + WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._show_from(self.top - WHEEL_ROWS)
