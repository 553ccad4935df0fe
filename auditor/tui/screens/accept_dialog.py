"""Ask why a finding is accepted."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from auditor.tui.lines import Piece
from auditor.tui.screens.run_dialog import field
from auditor.tui.signs import Signs
from auditor.tui.widgets.frame_lines import MessageLine
from auditor.tui.widgets.title_line import TitleLine
from auditor.tui.widgets.tones import TONE_CLASSES


class AcceptDialog(ModalScreen[str | None]):
    """A field for the reason, and what enter writes to; returns the reason, which may be empty, or None."""

    COMPONENT_CLASSES = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", show=False)]

    def __init__(self, what: str, file: str, signs: Signs) -> None:
        """`file`: the name of the baseline, with what is to be known of it."""
        super().__init__()
        self._what, self._file, self._signs = what, file, signs

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel"):
            title = TitleLine(signs=self._signs)
            title.show((Piece(f"Accept {self._what}?", "strong"),), (Piece("enter writes, esc leaves it", "muted"),))
            yield title
            yield from field("reason", "reason", "", "why it may stay; empty: none is given")
            line = MessageLine(signs=self._signs)
            line.show(f"Writes to {self._file}.")
            yield line

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self) -> None:
        self.dismiss(self.query_one(Input).value.strip())
