"""What all four screens share: the lines around the panes, one-pane mode, the filter line, delayed drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from auditor.model.location import Location
from auditor.tui.commands import EVERYWHERE, Command
from auditor.tui.session import Session
from auditor.tui.signs import Signs
from auditor.tui.widgets.frame_lines import KeyLine, MessageLine, TabLine
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.pane import Pane
from auditor.tui.widgets.tones import TONE_CLASSES

if TYPE_CHECKING:
    from auditor.model.finding import Finding
    from auditor.tui.app import AuditApp
    from auditor.tui.evidence import Evidence

SETTLE_S = 0.05  # while keys come faster than this, only the list moves; the other panes follow once it rests


def bindings_of(commands: tuple[Command, ...]) -> list[BindingType]:
    """Textual's bindings for a table of commands; the app runs them all."""
    return [
        Binding(each.keys, f"app.perform('{each.id}')", each.label, show=False, priority=each.id == "stop")
        for each in commands
    ]


class FrameScreen(Screen[None]):
    """A screen of panes. Subclasses yield panes in `compose_panes` and fill them in `draw`."""

    COMPONENT_CLASSES = TONE_CLASSES
    # Textual's own screens bind these keys: they would go to panes on the screen only, and to none in one-pane mode.
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(
        tuple(each for each in EVERYWHERE if each.id in ("next_pane", "previous_pane"))
    )
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it as an instance's
        (0, "-tiny"),
        (60, "-narrow"),
        (80, "-normal"),
        (120, "-wide"),
    ]
    KEY: ClassVar[str]
    """The key that opens the screen, and its place in the tab line."""

    ACTIONS: ClassVar[tuple[Command, ...]] = ()
    AUTO_FOCUS = "LineView"

    def __init__(self) -> None:
        super().__init__()
        self.zoomed = False
        self.front = ""
        """Id of the pane that is shown alone in one-pane mode."""

        self._timer: Timer | None = None

    @property
    def audit(self) -> AuditApp:
        return cast("AuditApp", self.app)

    @property
    def session(self) -> Session:
        return self.audit.session

    @property
    def signs(self) -> Signs:
        return self.audit.signs

    # layout

    def compose(self) -> ComposeResult:
        yield TabLine(signs=self.signs)
        with Container(id="body"):
            yield from self.compose_panes()
        yield MessageLine(signs=self.signs)
        yield KeyLine(signs=self.signs)

    def compose_panes(self) -> ComposeResult:
        raise NotImplementedError

    def draw(self) -> None:
        """Fill the panes from the session."""
        raise NotImplementedError

    def spare_panes(self) -> frozenset[str]:
        """Panes that there is no room for at this size; what they say is in another pane then."""
        return frozenset()

    def on_mount(self) -> None:
        self.audit.frame_changed()
        self.arrange_panes()
        self.call_after_refresh(self.draw)

    def on_screen_resume(self) -> None:
        self.audit.frame_changed()
        if self.is_mounted:
            self.draw()

    def on_resize(self) -> None:
        self.arrange_panes()

    def on_line_view_resized(self, message: LineView.Resized) -> None:
        """Text is laid out for a width: another width, another text."""
        message.stop()
        self.soon(self.draw)

    def on_descendant_focus(self) -> None:
        pane = self.active_pane
        if pane is not None and pane.id != self.front:
            self.front = pane.id or ""
            if self.one_pane:
                self.arrange_panes()

    @property
    def panes(self) -> list[Pane]:
        return list(self.query(Pane))

    @property
    def active_pane(self) -> Pane | None:
        """The pane that has the focus."""
        node = self.focused
        while node is not None and not isinstance(node, Pane):
            node = node.parent if isinstance(node.parent, Widget) else None
        return node

    @property
    def one_pane(self) -> bool:
        """One pane at a time: asked for, or no room for two."""
        return self.zoomed or self.size.width < 60 or self.size.height < 16

    def arrange_panes(self) -> None:
        """Show the panes that there is room for, and the containers that hold any of them."""
        panes = self.panes
        if not panes:
            return
        self.set_class(self.one_pane, "-alone")
        if self.front not in {pane.id for pane in panes}:
            self.front = panes[0].id or ""
        spare = self.spare_panes() if not self.one_pane else frozenset()
        for pane in panes:
            pane.display = pane.id == self.front if self.one_pane else pane.id not in spare
        for group in self.query(".group"):
            group.display = any(pane.display for pane in group.query(Pane))

    # panes

    def do_next_pane(self) -> None:
        self._go(1)

    def do_previous_pane(self) -> None:
        self._go(-1)

    def _go(self, direction: int) -> None:
        panes = self.reachable_panes()
        ids = [pane.id for pane in panes]
        at = ids.index(self.front) if self.front in ids else 0
        self.bring_forward(panes[(at + direction) % len(panes)])

    def reachable_panes(self) -> list[Pane]:
        """Those that tab goes through."""
        return [pane for pane in self.panes if self.one_pane or pane.display]

    def bring_forward(self, pane: Pane) -> None:
        """Give a pane the focus, and in one-pane mode the screen."""
        self.front = pane.id or ""
        pane.display = True
        self.set_focus(pane.view)  # before the pane that has it is hidden: Textual would give it to any other
        self.arrange_panes()

    def do_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.arrange_panes()

    def do_leave(self) -> None:
        """Out of the zoom, else back to the first pane."""
        if self.zoomed:
            self.do_zoom()
        elif self.panes:
            self.bring_forward(self.panes[0])

    # drawing later

    def soon(self, callback: Callable[[], None]) -> None:
        """Call once no further call came for a moment."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_S, callback)

    # what the app tells: a screen that has nothing to do with it does nothing

    def take_evidence(self, evidence: Evidence | None, problem: str) -> None:
        """The traces of the compared runs are open, or cannot be."""

    def step_was_read(self, evidence: Evidence, process: str, step: int) -> None:
        """The events of a step are known now."""

    def show_run(self, run_id: str) -> None:
        """Put the cursor on a run."""

    def show_finding(self, finding: Finding) -> None:
        """Put the cursor on a finding."""

    # what the app asks

    def key_commands(self) -> Iterator[tuple[Command, bool]]:
        """For the key line: each with whether it can act now."""
        for command in (*self.ACTIONS, *EVERYWHERE):
            if command.on_line:
                yield command, not self.audit.why_not(command.id)

    def place(self) -> Location | None:
        """The place in the source under the cursor."""
        pane = self.active_pane
        current = pane.view.current_row if pane is not None and pane.view.has_cursor else None
        return current.target if current else None

    def copied(self) -> str:
        """What `y` copies: the location, else the row's text."""
        target = self.place()
        if target is not None:
            return f"{target.path}:{target.line}"
        pane = self.active_pane
        current = pane.view.current_row if pane is not None else None
        return current.text.strip() if current else ""

    def copied_more(self) -> str:
        """What `Y` copies."""
        return self.copied()

    def do_again(self) -> None:
        """Run again what this screen shows."""
        raise NotImplementedError
