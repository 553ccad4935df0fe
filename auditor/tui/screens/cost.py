"""What deterministic mode costs."""

from __future__ import annotations

from textual.app import ComposeResult

from auditor.tui.drawing.cost import cost_rows, memory_rows
from auditor.tui.lines import Piece, Row, RowList, row, wrap
from auditor.tui.screens.frame import FrameScreen
from auditor.tui.widgets.pane import Pane


class CostScreen(FrameScreen):
    KEY = "3"

    def compose_panes(self) -> ComposeResult:
        yield Pane(
            "cost",
            signs=self.signs,
            has_cursor=False,
            hint="The median time of a training step, as the program is and in deterministic mode, with its interval. "
            "Where the interval of the ratio spans 1, the measurement decides nothing.",
        )
        yield Pane(
            "memory",
            signs=self.signs,
            has_cursor=False,
            hint="Runs, wall time and peak memory of each variant, and how it was measured.",
        )

    def draw(self) -> None:
        cost, memory = self.query_one("#cost", Pane), self.query_one("#memory", Pane)
        report = self.session.overhead
        if report is None:
            cost.show(RowList(self._empty_rows(cost.view.text_width)), left=(Piece("cost of deterministic mode"),))
            memory.show(RowList(), left=(Piece("memory and method"),))
            return
        cost.show(
            RowList(cost_rows(report, cost.view.text_width, self.signs)),
            left=(Piece(f"time of a step, {'with patches' if self.session.costed_patches else 'deterministic mode'}"),),
            right=(Piece(f"{report.baseline.runs} runs each, interleaved", "muted"),),
        )
        rows = memory_rows(report, memory.view.text_width, self.signs)
        memory.show(RowList(rows), left=(Piece("memory and method"),))

    def _empty_rows(self, width: int) -> list[Row]:
        text = (
            "Not measured yet. r runs a program as it is and in deterministic mode, in turns, and compares the time "
            "of a step."
        )
        if self.audit.job is not None and self.audit.job.kind == "overhead":
            text = "Measuring. The program runs many times; leave the machine alone meanwhile."
        return [row(Piece(f" {line}", "muted")) for line in wrap(text, width - 2)]

    def copied(self) -> str:
        report = self.session.overhead
        return "\n".join(each.text.rstrip() for each in cost_rows(report, 100, self.signs)) if report else ""

    def do_again(self) -> None:
        self.audit.ask_overhead()
