"""A line to type a filter into. Keys that come fast, as over ssh or from a paste, go where they were meant to go."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

HINT = "words  rule:RA3 sev:error path:src is:safe !not"


class FilterLine(Input):
    """Hidden until it is asked for; it stays in place so that it can take the focus at once."""

    # With priority: these are acted on before the next key is given to anyone.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave(True)", show=False, priority=True),
        Binding("escape", "leave(False)", show=False, priority=True),
    ]

    class Left(Message):
        """The person is done; with `keeps` the filter stays."""

        def __init__(self, *, keeps: bool) -> None:
            super().__init__()
            self.keeps = keeps

    def __init__(self) -> None:
        super().__init__(placeholder=HINT, id="filter", compact=True)
        self.cursor_blink = False
        self.display = False

    def open(self, text: str) -> None:
        self.value = text
        self.display = True
        self.screen.set_focus(self)

    def action_leave(self, keeps: bool) -> None:
        self.screen.set_focus(None)
        self.post_message(self.Left(keeps=keeps))
