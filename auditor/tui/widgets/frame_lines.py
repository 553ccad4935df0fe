"""The three lines around every screen: tabs with the answers on top, message and keys below."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.message import Message

from auditor.model.lean import dataclass
from auditor.tui.commands import Command, shown_key
from auditor.tui.lines import Piece, clean, fit
from auditor.tui.signs import UNICODE, Signs
from auditor.tui.widgets.title_line import ToneWidget


@dataclass(frozen=True, slots=True)
class Tab:
    """A screen's name and what it has to say."""

    key: str
    name: str
    answer: str
    tone: str = "plain"


class TabLine(ToneWidget):
    """Names the screens and shows their answers; a click opens one."""

    class Chosen(Message):
        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, signs: Signs = UNICODE) -> None:
        super().__init__(id="tabs", signs=signs)
        self.tabs: tuple[Tab, ...] = ()
        self.current = ""
        self._places: list[tuple[int, int, str]] = []

    def show(self, tabs: tuple[Tab, ...], current: str) -> None:
        if (tabs, current) != (self.tabs, self.current):
            self.tabs, self.current = tabs, current
            self.refresh()

    def pieces(self, width: int) -> list[Piece]:
        for level in range(5):
            line = self._line(level)
            if sum(cell_len(piece.text) for piece in line) <= width:
                break
        return line

    def _line(self, level: int) -> list[Piece]:
        """Levels of brevity: all words; without our name; only the current screen's name; no names; no answers."""
        line = [Piece(" repro-audit ", "strong")] if level == 0 else []
        gap = "   " if level == 0 else "  "
        self._places = []
        for tab in self.tabs:
            is_current = tab.key == self.current
            start = sum(cell_len(piece.text) for piece in line)
            named = level < 2 or (is_current and level == 2)
            words = f"{tab.key} {tab.name}" if named else tab.key
            line += [Piece(gap if line else " "), Piece(words, "tab-current" if is_current else "muted")]
            if tab.answer and level < 4:
                line.append(Piece(" " + tab.answer, tab.tone))
            self._places.append((start, sum(cell_len(piece.text) for piece in line), tab.key))
        return line

    def on_click(self, event: events.Click) -> None:
        for start, end, key in self._places:
            if start <= event.x < end:
                self.post_message(self.Chosen(key))


class MessageLine(ToneWidget):
    """The last thing that happened, or what is going on."""

    def __init__(self, *, signs: Signs = UNICODE) -> None:
        super().__init__(id="message", signs=signs)
        self.text = ""
        self.tone = "plain"

    def show(self, text: str, tone: str = "plain") -> None:
        if (text, tone) != (self.text, self.tone):
            self.text, self.tone = text, tone
            self.refresh()

    def pieces(self, width: int) -> list[Piece]:
        text = clean(self.text)
        if cell_len(text) < width:
            return [Piece(" " + text, self.tone)]
        rest = "m reads on"
        shown = fit(text, width - len(rest) - 2, self.signs.ellipsis)
        return [Piece(f" {shown} ", self.tone), Piece(rest, "muted")]


class KeyLine(ToneWidget):
    """The keys that count here; each is a button. Those that cannot act now are dim."""

    class Pressed(Message):
        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(self, *, signs: Signs = UNICODE) -> None:
        super().__init__(id="keys", signs=signs)
        self.commands: tuple[tuple[Command, bool], ...] = ()
        self._places: list[tuple[int, int, Command]] = []

    def show(self, commands: tuple[tuple[Command, bool], ...]) -> None:
        """Show commands, each with whether it can act now."""
        if commands != self.commands:
            self.commands = commands
            self.refresh()

    def pieces(self, width: int) -> list[Piece]:
        line: list[Piece] = []
        self._places = []
        used = 0
        for command, can_act in self._fitting(width):
            key, label = shown_key(command), command.label
            line += [
                Piece("  " if line else " "),
                Piece(key, "strong" if can_act else "muted"),
                Piece(" " + label, "plain" if can_act else "muted"),
            ]
            start, used = used, sum(cell_len(piece.text) for piece in line)
            self._places.append((start, used, command))
        return line

    def _fitting(self, width: int) -> list[tuple[Command, bool]]:
        """As many as there is room for; the last two (help and quit) always."""
        must = list(self.commands[-2:])
        chosen: list[tuple[Command, bool]] = []
        used = sum(_width(command) for command, _ in must)
        for entry in self.commands[:-2]:
            used += _width(entry[0])
            if used > width:
                break
            chosen.append(entry)
        return chosen + must

    def on_click(self, event: events.Click) -> None:
        for start, end, command in self._places:
            if start <= event.x < end:
                self.post_message(self.Pressed(command))


def _width(command: Command) -> int:
    return cell_len(shown_key(command)) + cell_len(command.label) + 3
