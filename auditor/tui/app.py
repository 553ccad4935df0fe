"""The app: four screens over one session, the lines around them, and the commands that every screen has."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from auditor.tui import actions, themes
from auditor.tui.answers import Answers
from auditor.tui.commands import EVERYWHERE, Command
from auditor.tui.gateway import Services
from auditor.tui.jobs import Job
from auditor.tui.launcher import Launcher
from auditor.tui.screens.findings import FindingsScreen
from auditor.tui.screens.frame import FrameScreen, bindings_of
from auditor.tui.session import Session
from auditor.tui.signs import UNICODE, Signs
from auditor.tui.source import SourceReader
from auditor.tui.widgets.frame_lines import KeyLine, MessageLine, Tab, TabLine

if TYPE_CHECKING:
    from auditor.model.finding import Finding

KEPT_MESSAGES = 50
SCREENS = ("findings", "divergence", "cost", "runs")


def make_screen(name: str) -> FrameScreen:
    """Import a screen when it is first shown: the first frame needs one of them."""
    if name == "divergence":
        from auditor.tui.screens.divergence import DivergenceScreen

        return DivergenceScreen()
    if name == "cost":
        from auditor.tui.screens.cost import CostScreen

        return CostScreen()
    if name == "runs":
        from auditor.tui.screens.runs import RunsScreen

        return RunsScreen()
    return FindingsScreen()


class AuditApp(Answers):
    """What every screen shares: the session, the lines around the panes, the commands."""

    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "findings"
    TITLE = "repro-audit"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(EVERYWHERE)

    def __init__(
        self,
        session: Session,
        services: Services,
        *,
        signs: Signs = UNICODE,
        theme: str = themes.TERMINAL,
        wanted_runs: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.session = session
        self.services = services
        self.signs = signs
        self.source = SourceReader(session.root)
        self.wanted_runs = tuple(wanted_runs)
        self.shows_newest_pair = False
        """Once the first scan is done, the runs that were compared last are compared for the screen."""

        self.launcher = Launcher(self, session, services)
        self.message = ("", "plain")
        self.said: deque[str] = deque(maxlen=KEPT_MESSAGES)
        """What the message line said, the newest first; without progress."""

        self.quit_asked = False
        self._frames: dict[str, FrameScreen] = {}
        for name in SCREENS:
            self.add_mode(name, partial(self.frame, name))
        for each in themes.THEMES:
            self.register_theme(each)
        self.theme = theme if theme in self.available_themes else themes.TERMINAL

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(themes.variable_defaults())

    def frame(self, name: str) -> FrameScreen:
        """The screen of that name, made at its first use."""
        if name not in self._frames:
            self._frames[name] = make_screen(name)
        return self._frames[name]

    @property
    def current_frame(self) -> FrameScreen | None:
        """The screen under any panel."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, FrameScreen)), None)

    def show_frame(self, name: str) -> FrameScreen:
        """Go to a screen. Each has a stack of its own: a panel stays with the screen that it is over."""
        self.switch_mode(name)
        return self.frame(name)

    @property
    def job(self) -> Job | None:
        return self.launcher.job

    def on_mount(self) -> None:
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Look at what is stored, and scan: reading is all that happens unasked, no program is run."""
        self.launcher.list_runs()
        self.launcher.list_steps()
        if len(self.wanted_runs) == 2:
            self.show_frame("divergence")
            self.launcher.compare_named((self.wanted_runs[0], self.wanted_runs[1]))
        elif self.wanted_runs:
            self.show_frame("runs")
        elif self.session.compared is not None:
            self.show_frame("divergence")
        elif self.session.overhead is not None:
            self.show_frame("cost")
        elif self.session.scanned is None:
            self.shows_newest_pair = True
            self.launcher.scan()
        self.redraw()

    # the three lines around every screen

    def say(self, text: str, tone: str = "plain") -> None:
        """Put a sentence into the message line; it stays until the next one."""
        self.message = (text, tone)
        if tone != "accent" and text and text != next(iter(self.said), ""):
            self.said.appendleft(text)
        self._draw_message()

    def _draw_message(self) -> None:
        frame = self.current_frame
        for line in frame.query("#message").results(MessageLine) if frame is not None else ():
            line.show(*self.message)

    def frame_changed(self) -> None:
        """Draw tabs, message and keys of the current screen again."""
        frame = self.current_frame
        if frame is None or not frame.query("#tabs"):
            return
        frame.query_one(TabLine).show(self._tabs(), frame.KEY)
        self._draw_message()
        frame.query_one(KeyLine).show(tuple(frame.key_commands()))

    def _tabs(self) -> tuple[Tab, ...]:
        session = self.session
        found = f"{len(session.findings):,}" if session.scanned else ""
        diverged, costs = ("", "muted"), ("", "muted")
        if session.verdict is not None:
            from auditor.tui.drawing.verdict import tab_answer as verdict_answer

            diverged = verdict_answer(session.verdict, self.signs)
        if session.overhead is not None:
            from auditor.tui.drawing.cost import tab_answer as cost_answer

            costs = cost_answer(session.overhead, self.signs)
        return (
            Tab("1", "Findings", found, "strong"),
            Tab("2", "Divergence", *diverged),
            Tab("3", "Cost", *costs),
            Tab("4", "Runs", f"{len(session.runs):,}" if session.runs else "", "strong"),
        )

    def redraw(self) -> None:
        """The session changed: draw the current screen again; others are drawn when they are shown."""
        frame = self.current_frame
        if frame is not None and frame.query("#tabs"):
            frame.draw()
            self.frame_changed()

    # commands

    def all_commands(self) -> Iterator[Command]:
        """Those of the current screen, those of the app, and the themes."""
        if self.current_frame is not None:
            yield from self.current_frame.ACTIONS
        yield from EVERYWHERE
        for name in self.available_themes:
            yield Command(f"theme {name}", "", f"theme {name}", "Change the colours")

    def action_perform(self, name: str) -> None:
        """Run a command of the current screen or of the app, or say why it cannot run now."""
        reason = self.why_not(name)
        if reason:
            self.say(reason, "warning")
            return
        for owner in (self.current_frame, self):
            if do := getattr(owner, f"do_{name}", None):
                do()
                break

    def why_not(self, name: str) -> str:
        """Why a command cannot run now; empty if it can."""
        for owner in (self.current_frame, self):
            if check := getattr(owner, f"why_not_{name}", None):
                return str(check())
        return ""

    def on_key_line_pressed(self, message: KeyLine.Pressed) -> None:
        self.action_perform(message.command.id)

    def on_tab_line_chosen(self, message: TabLine.Chosen) -> None:
        self.show_frame(SCREENS[int(message.key) - 1])

    def do_show_findings(self) -> None:
        self.show_frame("findings")

    def do_show_divergence(self) -> None:
        self.show_frame("divergence")

    def do_show_cost(self) -> None:
        self.show_frame("cost")

    def do_show_runs(self) -> None:
        self.show_frame("runs")

    def do_copy(self) -> None:
        actions.copy(self, self.current_frame.copied() if self.current_frame else "")

    def do_copy_more(self) -> None:
        actions.copy(self, self.current_frame.copied_more() if self.current_frame else "")

    def do_edit(self) -> None:
        actions.edit(self)

    def say_if_busy(self) -> bool:
        """Say why no job can be started, if so."""
        if self.launcher.busy:
            self.say(self.launcher.busy, "warning")
        return bool(self.launcher.busy)

    def why_not_rescan(self) -> str:
        return self.launcher.busy

    why_not_run_twice = why_not_rescan

    def do_rescan(self) -> None:
        self.launcher.scan()
        self.say("Scanning.", "accent")
        self.redraw()

    def do_run_twice(self) -> None:
        actions.ask_what_to_run(self, "twice")

    def ask_overhead(self) -> None:
        actions.ask_what_to_run(self, "overhead")

    def why_not_again(self) -> str:
        return self.launcher.busy

    def do_palette(self) -> None:
        actions.open_palette(self)

    def why_not_messages(self) -> str:
        return "" if self.said else "Nothing was said yet."

    def do_messages(self) -> None:
        actions.show_messages(self)

    def do_help(self) -> None:
        actions.open_help(self)

    def do_stop(self) -> None:
        actions.stop(self)

    def do_suspend(self) -> None:
        self.action_suspend_process()

    def do_save_picture(self) -> None:
        actions.save_picture(self)

    def do_next_theme(self) -> None:
        names = [each.name for each in themes.THEMES]
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]
        self.say(f"Theme {self.theme}.")

    def on_unmount(self) -> None:
        self.launcher.close()

    def do_quit(self) -> None:
        actions.ask_to_quit(self)

    def open_finding(self, finding: Finding) -> None:
        """Show a finding on its screen."""
        frame = self.show_frame("findings")
        self.call_after_refresh(frame.show_finding, finding)
