"""The stored runs: look at one, compare two."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from auditor.report.prose.numbers import count
from auditor.tui import actions
from auditor.tui.commands import Command
from auditor.tui.drawing.runs import RunRows, command_text, run_rows
from auditor.tui.lines import Piece, Row, RowList, Rows, row, wrap
from auditor.tui.screens.frame import FrameScreen, bindings_of
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from auditor.model.run import RunRecord

ACTIONS = (
    Command("mark", "space", "mark", "Mark the run; two can be marked, the older one is the reference", True),
    Command("compare", "enter", "compare", "Compare the two marked runs", True),
    Command("profile", "P", "operators", "Say which operators of this run are non-deterministic, and when"),
    Command("log", "L", "printed", "Read the end of what the program printed in this run", True),
)


class RunsScreen(FrameScreen):
    KEY = "4"
    ACTIONS = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(tuple(each for each in ACTIONS if each.keys != "enter"))

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[str] = []
        self.shown: tuple[RunRecord, ...] = ()

    def compose_panes(self) -> ComposeResult:
        yield Pane(
            "runs",
            signs=self.signs,
            keeps_mark=True,
            hint="Every stored run of the project, newest first. Mark two with space and compare them with enter.",
        )
        yield Pane(
            "run",
            signs=self.signs,
            has_cursor=False,
            hint="What the run was started with and what it ran on. With another run marked, differences of the two "
            "environments come first.",
        )

    def draw(self) -> None:
        self.shown = self.session.runs
        self.marked = [each for each in self.marked if any(run.id == each for run in self.shown)]
        pane = self.query_one("#runs", Pane)
        rows: Rows = RunRows(self.shown, self.marked, self.signs)
        if not self.shown:
            rows = RowList(self._empty_rows(pane.view.text_width))
        marked = f"{len(self.marked)} of 2 marked" if self.marked else ""
        pane.show(
            rows, left=(Piece(count(len(self.shown), "run")),), right=(Piece(marked, "accent"),) if marked else ()
        )
        self._draw_run()

    def _empty_rows(self, width: int) -> list[Row]:
        text = "No runs are stored for this project. t runs a program twice and keeps both."
        return [row(Piece(f" {line}", "muted")) for line in wrap(text, width - 2)]

    @property
    def current(self) -> RunRecord | None:
        at = self.query_one("#runs", Pane).view.cursor
        return self.shown[at] if at < len(self.shown) else None

    def _draw_run(self) -> None:
        pane = self.query_one("#run", Pane)
        run = self.current
        if run is None:
            pane.show(RowList(), left=(Piece("run"),))
            return
        other_id = next((each for each in self.marked if each != run.id), None)
        other = next((each for each in self.shown if each.id == other_id), None)
        pane.show(RowList(run_rows(run, other, pane.view.text_width)), left=(Piece(f"run {run.id}"),))

    def show_run(self, run_id: str) -> None:
        """Put the cursor on a run."""
        at = next((at for at, run in enumerate(self.shown) if run.id == run_id), None)
        if at is not None:
            self.query_one("#runs", Pane).view.move_cursor(at)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        if message.view.id == "runs-view":
            self.soon(self._draw_run)

    def on_line_view_entered(self, message: LineView.Entered) -> None:
        self.audit.action_perform("compare")

    def why_not_mark(self) -> str:
        return "" if self.shown else "There is no run to mark; t runs a program twice."

    def do_mark(self) -> None:
        run = self.current
        if run is None:
            return
        if run.id in self.marked:
            self.marked.remove(run.id)
        else:
            self.marked = [*self.marked[-1:], run.id]
        self._sort_marked()
        self.draw()
        self.query_one("#runs", Pane).view.action_move(1)
        self.audit.frame_changed()

    def _sort_marked(self) -> None:
        """The older run is the reference; the list has the newest first."""
        ids = [run.id for run in self.shown]
        self.marked.sort(key=ids.index, reverse=True)

    def why_not_compare(self) -> str:
        if len(self.marked) != 2:
            return "Mark two runs with space first."
        return self.audit.launcher.busy

    def do_compare(self) -> None:
        by_id = {run.id: run for run in self.shown}
        self.audit.launcher.compare(by_id[self.marked[0]], by_id[self.marked[1]])
        self.audit.show_frame("divergence")

    def why_not_profile(self) -> str:
        return self.audit.launcher.busy or ("" if self.shown else "No run is stored; t runs a program twice.")

    def do_profile(self) -> None:
        if self.current is not None:
            self.audit.launcher.profile(self.current)

    def why_not_log(self) -> str:
        return "" if self.shown else "No run is stored; t runs a program twice."

    def do_log(self) -> None:
        if self.current is not None:
            actions.show_log(self.audit, self.current)

    def copied(self) -> str:
        return f"{self.current.id}  {command_text(self.current)}" if self.current else ""

    def do_again(self) -> None:
        self.audit.do_run_twice()

    def why_not_again(self) -> str:
        return "" if self.session.command or self.session.runs else "Nothing was run yet; t asks what to run."
