"""Ask what to run."""

from __future__ import annotations

import shlex
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from auditor.tui.gateway import ProgramRequest
from auditor.tui.lines import Piece
from auditor.tui.signs import Signs
from auditor.tui.widgets.frame_lines import MessageLine
from auditor.tui.widgets.title_line import TitleLine
from auditor.tui.widgets.tones import TONE_CLASSES

HINT = "enter starts, esc closes, tab goes on"


class RunDialog(ModalScreen[ProgramRequest | None]):
    """Fields for a command and its limits; returns what to run, or None."""

    COMPONENT_CLASSES = TONE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("tab,down", "app.focus_next", show=False, priority=True),
        Binding("shift+tab,up", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, title: str, request: ProgramRequest, *, asks: str, signs: Signs) -> None:
        """`asks` for one field more: `runs`, `isolate`, or none."""
        super().__init__()
        self._heading, self._request, self._signs = title, request, signs
        self._asks = asks

    def compose(self) -> ComposeResult:
        request = self._request
        with Vertical(classes="panel"):
            title = TitleLine(signs=self._signs)
            title.show((Piece(self._heading, "strong"),), (Piece(str(request.cwd), "muted"),))
            yield title
            yield from field("program", "command", command_line(request.command), "train.py --epochs 1")
            steps = str(request.steps) if request.steps else ""
            yield from field("steps", "steps", steps, "all; or stop after so many optimizer steps")
            if self._asks == "runs":
                yield from field("runs", "runs", str(request.runs), "of each kind")
            elif self._asks == "isolate":
                yield from field("isolate", "isolate", request.isolate, "none, or copy: each run in its own copy")
            line = MessageLine(signs=self._signs)
            line.show(HINT, "muted")
            yield line

    def on_mount(self) -> None:
        self.query_one("#command", Input).focus()

    def on_input_submitted(self) -> None:
        try:
            self.dismiss(self._answer())
        except ValueError as error:
            self.query_one(MessageLine).show(str(error), "warning")

    def _answer(self) -> ProgramRequest:
        texts = {line.id: line.value.strip() for line in self.query(Input)}
        command = parse_command(texts["command"] or "")
        steps = _number("steps", texts["steps"]) if texts["steps"] else None
        isolate = texts.get("isolate", self._request.isolate) or "none"
        if isolate not in ("none", "copy"):
            raise ValueError(f"isolate: `none` or `copy`, not `{isolate}`")
        runs = _number("runs", texts["runs"]) if self._asks == "runs" else self._request.runs
        return ProgramRequest(command=command, cwd=self._request.cwd, steps=steps, isolate=isolate, runs=runs)


def field(label: str, name: str, value: str, placeholder: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(f" {label:<9}", markup=False)
        line = Input(value, placeholder=placeholder, id=name, compact=True)
        line.cursor_blink = False
        yield line


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError(f"{name}: a whole number of at least 1, not `{text}`")
    return int(text)


def parse_command(text: str) -> tuple[str, ...]:
    """Turn what was typed into an argv: `train.py --lr 1`, `-m package.train` and whole commands.

    Raises `ValueError` with what to type instead.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"program: {str(error).lower()}; close the quotes") from None
    if not words:
        raise ValueError("program: type what to run, for example train.py --epochs 1")
    if words[0] == "-m" or words[0].endswith(".py"):
        words.insert(0, "python")
    return tuple(words)


def command_line(command: tuple[str, ...]) -> str:
    """The shortest text that `parse_command` turns into the command."""
    words = list(command)
    if len(words) > 1 and words[0] == "python" and (words[1] == "-m" or words[1].endswith(".py")):
        words = words[1:]
    return shlex.join(words)
