"""Panels over the lower part of a screen: help, the palette, questions. No boxes: a titled line and rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from auditor.tui.commands import EVERYWHERE, MOVES, Command, shown_key
from auditor.tui.lines import Piece, Row, RowList, fit, fold, labelled, row, wrap
from auditor.tui.signs import Signs
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.title_line import TitleLine
from auditor.tui.widgets.tones import TONE_CLASSES

KEY_COLUMN = 12
READING = "j k move, esc closes"


class HelpPanel(ModalScreen[None]):
    """Two sentences on a pane, and the keys that count there."""

    COMPONENT_CLASSES = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", show=False)]

    def __init__(self, name: str, hint: str, own: Sequence[Command], signs: Signs) -> None:
        super().__init__()
        self._name_of_pane, self._hint, self._own, self._signs = name, hint, own, signs

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            title = TitleLine(signs=self._signs)
            title.show((Piece(f"help: {self._name_of_pane}"),), (Piece(READING, "muted"),))
            yield title
            yield LineView(id="help", has_cursor=False, signs=self._signs)

    def on_mount(self) -> None:
        self.call_after_refresh(self._draw)

    def on_line_view_resized(self) -> None:
        self._draw()

    def _draw(self) -> None:
        view = self.query_one(LineView)
        rows = [row(Piece(f" {line}")) for line in wrap(self._hint, view.text_width - 2)]
        rows.append(row())
        keys = [(shown_key(each), each.help) for each in self._own]
        keys += [*MOVES, *((shown_key(each), each.help) for each in EVERYWHERE)]
        for key, text in keys:
            rows += labelled(key, text, view.text_width, label_tone="strong", label_width=KEY_COLUMN)
        view.show_rows(RowList(rows))


def _key_row(keys: str, text: str) -> Row:
    return row(Piece(" " + keys.ljust(KEY_COLUMN), "strong"), text)


class TextPanel(ModalScreen[None]):
    """Lines to read, such as the end of a failed program's log; long ones are folded."""

    COMPONENT_CLASSES = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", show=False)]

    def __init__(
        self, heading: str, lines: Sequence[str], signs: Signs, tone: str = "strong", at_end: bool = False
    ) -> None:
        """`at_end` shows the last lines first, as one wants them of a log."""
        super().__init__()
        self._at_end = at_end
        self._heading, self._lines, self._signs, self._tone = heading, lines, signs, tone

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            title = TitleLine(signs=self._signs)
            title.show((Piece(self._heading, self._tone),), (Piece(READING, "muted"),))
            yield title
            yield LineView(id="text", has_cursor=False, signs=self._signs)

    def on_mount(self) -> None:
        self.call_after_refresh(self._draw)

    def on_line_view_resized(self) -> None:
        self._draw()

    def _draw(self) -> None:
        view = self.query_one(LineView)
        width = view.text_width - 2
        view.show_rows(RowList(row(f" {part}") for line in self._lines for part in fold(line, width)))
        if self._at_end:
            view.show_end()


class Palette(ModalScreen[str | None]):
    """Every command by name; type a few of its letters. Returns the id of the chosen one."""

    COMPONENT_CLASSES = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss(None)", show=False),
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, commands: Sequence[Command], why_not: Callable[[str], str], signs: Signs) -> None:
        super().__init__()
        self._commands, self._why_not, self._signs = commands, why_not, signs
        self._found: list[Command] = list(commands)
        self._typed = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            title = TitleLine(signs=self._signs)
            title.show((Piece("commands"),), (Piece("enter runs, esc closes", "muted"),))
            yield title
            line = Input(self._typed, placeholder="type a few letters", compact=True, id="palette-input")
            line.cursor_blink = False
            yield line
            view = LineView(id="palette", signs=self._signs)
            view.can_focus = False
            yield view

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._draw()

    def on_line_view_resized(self) -> None:
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Take letters that came before the line had the focus."""
        if event.is_printable and event.character and self.focused is None:
            self._typed += event.character
            for line in self.query(Input):
                line.value = self._typed

    def on_input_changed(self, message: Input.Changed) -> None:
        self._found = [each for each in self._commands if matches(message.value, each)]
        typed = message.value.lower()
        self._found.sort(key=lambda each: (not each.label.lower().startswith(typed), typed not in each.help.lower()))
        self._draw()

    def _draw(self) -> None:
        rows, view = [], self.query_one(LineView)
        for each in self._found:
            reason = self._why_not(each.id)
            tone = "muted" if reason else "plain"
            text = fit(
                f"{each.help}: {reason}" if reason else each.help, max(view.text_width - 27, 1), self._signs.ellipsis
            )
            key = Piece(f" {shown_key(each):<10}", "accent")
            rows.append(row(key, Piece(f"{each.label:<16}", "muted" if reason else "strong"), Piece(text, tone)))
        view.show_rows(RowList(rows), cursor=0)

    def action_move(self, direction: int) -> None:
        self.query_one(LineView).action_move(direction)

    def on_input_submitted(self) -> None:
        at = self.query_one(LineView).cursor
        self.dismiss(self._found[at].id if at < len(self._found) else None)

    def on_line_view_entered(self, message: LineView.Entered) -> None:
        self.dismiss(self._found[message.index].id)


def matches(query: str, command: Command) -> bool:
    """The letters of the query come in this order in the command's words."""
    letters = iter(f"{command.label} {command.help}".lower())
    return all(letter in letters for letter in query.lower().replace(" ", ""))


class Question(ModalScreen[str]):
    """A question that single keys answer; esc is the last answer."""

    COMPONENT_CLASSES = TONE_CLASSES

    def __init__(
        self, text: str, answers: Sequence[tuple[str, str, str]], signs: Signs, lines: Sequence[str] = ()
    ) -> None:
        """`answers` are (key, words, what is returned); `lines` say what to know before."""
        super().__init__()
        self._text, self._answers, self._signs, self._lines = text, answers, signs, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            title = TitleLine(signs=self._signs)
            title.show((Piece(self._text, "strong"),))
            yield title
            yield LineView(id="question", has_cursor=False, signs=self._signs)

    def on_mount(self) -> None:
        self.call_after_refresh(self._draw)
        for key, _, value in self._answers:
            self._bindings.bind(key, f"dismiss('{value}')", show=False)
        self._bindings.bind("escape", f"dismiss('{self._answers[-1][2]}')", show=False)

    def on_line_view_resized(self) -> None:
        self._draw()

    def _draw(self) -> None:
        view = self.query_one(LineView)
        rows = [row(Piece(f" {part}")) for line in self._lines for part in wrap(line, view.text_width - 2)]
        rows += [_key_row(key, words) for key, words, _ in self._answers]
        view.show_rows(RowList(rows))
