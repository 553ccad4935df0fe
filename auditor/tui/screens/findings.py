"""What the scan found: list, source, and why it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from auditor.model.location import Location
from auditor.report.prose.numbers import count
from auditor.tui.commands import Command
from auditor.tui.drawing.findings import FindingRows, counts
from auditor.tui.finding_filter import ORDERS, select
from auditor.tui.lines import Piece, Row, RowList, Rows, row, wrap
from auditor.tui.screens import baseline_commands, patch_commands
from auditor.tui.screens.baseline_commands import BaselineCommands
from auditor.tui.screens.finding_details import FindingDetails
from auditor.tui.screens.frame import bindings_of
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from textual.widgets import Input

    from auditor.model.finding import Finding
    from auditor.model.report import ScanSummary
    from auditor.tui.widgets.filter_line import FilterLine

ACTIONS = (
    *patch_commands.ACTIONS,
    *baseline_commands.ACTIONS,
    Command("filter", "slash", "filter", "Filter as you type: words, rule:RA3 sev:error path:src is:safe, !not", True),
    Command("order", "o", "order", "Change the order: proved, severity, file, rule"),
    Command("previous_file", "left_square_bracket", "file before", "Go to the first finding of the file before"),
    Command("next_file", "right_square_bracket", "next file", "Go to the first finding of the next file"),
)


WIDE = 120
"""Columns from which panes stand beside each other."""

HIGH = 36
"""Rows from which there is room for four panes under each other."""


class FindingsScreen(BaselineCommands):
    KEY = "1"
    ACTIONS = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self.query_text = ""
        self._filter_line: FilterLine | None = None
        self.order = ORDERS[0]
        self.listed: list[Finding] = []
        self.current: Finding | None = None
        self._at = 0
        self._rows: Rows = RowList()
        self._counts: tuple[Piece, ...] = ()
        self._shown: Location | None = None
        self._known: tuple[object, ...] = ()
        self.details = FindingDetails(self)
        self._lower = ""
        """Which of `patch` and `why` was asked for where there is room for one of them."""

    def compose_panes(self) -> ComposeResult:
        yield Pane(
            "list",
            signs=self.signs,
            keeps_mark=True,
            hint="Every place where the source may make two runs differ, proved ones first. "
            "Proved means that two runs differed there; all others were only read.",
        )
        yield Pane(
            "source",
            signs=self.signs,
            hint="The file of the finding, with the line marked and the message under it. "
            "It is read from the disk when it is shown; e opens it in your editor.",
        )
        yield Pane(
            "why",
            signs=self.signs,
            hint="What a run has shown of it, what to do, and why the pattern matters. "
            "Enter on a related place shows its source.",
        )

    # drawing

    def draw(self) -> None:
        if self._filter_line is None:
            self._add_what_can_wait()
        self._list_findings()
        self._draw_details()
        if self.session.scanned is not None and self.session.findings and not self.session.desk.is_planned:
            self.audit.launcher.plan_once(self.session.scanned)

    def _list_findings(self) -> None:
        session = self.session
        about = session.desk.plan, frozenset(session.desk.marked) if "is:marked" in self.query_text else ()
        filtered = tuple(session.known) if "is:known" in self.query_text else ()
        known = (session.scanned, session.compared, about, filtered, session.has_evidence, self.query_text, self.order)
        if known != self._known:
            self._known = known
            self.listed = select(
                session.findings, self.query_text, self.order, holds=session.holds, rule_of=session.rule
            )
            self._rows = FindingRows(
                self.listed,
                rule_of=session.rule,
                marks_of=self.details.marks,
                has_evidence=session.has_evidence,
                signs=self.signs,
            )
            self._counts = counts(self.listed)
            self._keep_current()
        rows: Rows = self._rows
        cursor = next((at for at, finding in enumerate(self.listed) if finding is self.current), 0)
        self._at = cursor
        pane = self.query_one("#list", Pane)
        if not self.listed:
            rows = RowList(self._empty_rows(pane.view.text_width))
        total = len(session.findings)
        title = count(total, "finding")
        if self.query_text:
            title = f"{len(self.listed):,} of {title}"
        if session.scanned is None:
            title = "findings"
        if session.known:
            title += f", {len(session.known):,} known"
        if session.hidden:
            title += f", {session.hidden:,} more known"
        right = list(self._counts)
        if marked := len(session.desk.marked):
            right.insert(0, Piece(f"{marked:,} marked  ", "accent"))
        if self.query_text:
            right.insert(0, Piece(f"filter {self.query_text}  ", "accent"))
        elif self.order != ORDERS[0]:
            right.insert(0, Piece(f"by {self.order}  ", "muted"))
        pane.show(rows, left=(Piece(title),), right=tuple(right), cursor=cursor)

    def _keep_current(self) -> None:
        """Stay on the same finding over a rescan or a filter; else on the one that came in its place."""
        key = self.current.key if self.current else ""
        same = next((finding for finding in self.listed if finding.key == key), None)
        at = min(self._at, len(self.listed) - 1)
        self.current = same or (self.listed[at] if self.listed else None)
        self._shown = self.current.location if self.current else None

    def _empty_rows(self, width: int) -> list[Row]:
        scanned = self.session.scanned
        if self.query_text and self.session.findings:
            text = f"No finding matches `{self.query_text}`. esc clears the filter."
        elif self.audit.job is not None and self.audit.job.kind == "scan":
            text = "Scanning. Nothing of the project is executed."
        elif scanned is None:
            text = "Not scanned yet. R scans the project; nothing of it is executed."
        elif scanned.scan is not None and not scanned.scan.files:
            text = "Nothing was looked at: no Python file was found here that can be read."
        else:
            looked = scanned.scan
            files = ", ".join(_looked_at(looked)) if looked else "what was scanned"
            text = f"No findings in {files}. This was only read; t runs the program twice and proves it."
        return [row(Piece(f" {line}", "muted")) for line in wrap(text, width - 2)]

    def _draw_details(self) -> None:
        self.arrange_panes()
        self.details.draw(self.current, self._shown)

    # panes

    def spare_panes(self) -> frozenset[str]:
        """Where panes stand under each other there is room for one of patch and why, unless the screen is high."""
        if self.size.width >= WIDE:
            return frozenset({"why"}) if self.details.beside else frozenset()
        if self.size.height >= HIGH:
            return frozenset()
        return frozenset({"why" if self._lower_pane() == "patch" else "patch"})

    def _lower_pane(self) -> str:
        """The patch if there is one, else why; whichever was asked for stays until the next finding."""
        if self._lower:
            return self._lower
        has_patch = self.current is not None and self.session.desk.patch(self.current.key) is not None
        return "patch" if has_patch else "why"

    def reachable_panes(self) -> list[Pane]:
        """In the order in which one reads; going to one that is spare swaps it in, but for the wide layout."""
        order = ["list", "source", "patch", "why"]
        panes = sorted(self.panes, key=lambda pane: order.index(pane.id or ""))
        return [pane for pane in panes if self.one_pane or pane.display or self.size.width < WIDE]

    def bring_forward(self, pane: Pane) -> None:
        if pane.id in ("patch", "why"):
            self._lower = pane.id
        super().bring_forward(pane)

    def why_not_beside(self) -> str:
        if self.size.width < WIDE and not self.zoomed:
            return f"Side by side needs {WIDE} columns; these are {self.size.width}."
        return ""

    def do_beside(self) -> None:
        self.details.beside = not self.details.beside
        self.set_class(self.details.beside, "-beside")
        self.arrange_panes()
        self.soon(self._draw_details)

    def marks_changed(self, step: int) -> None:
        self._list_findings()
        self.query_one("#list", Pane).view.action_move(step)
        self.audit.frame_changed()

    # moving

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        if message.view.id == "list-view" and message.index < len(self.listed):
            self.current, self._at = self.listed[message.index], message.index
            self._shown = self.current.location
            self._lower = ""
            self.soon(self._settle)

    def _settle(self) -> None:
        self._draw_details()
        self.audit.frame_changed()

    def on_line_view_entered(self, message: LineView.Entered) -> None:
        if message.view.id == "list-view":
            if self.current is not None:
                self.bring_forward(self.query_one("#source", Pane))
        elif message.view.id in ("why-view", "patch-view"):
            target = message.view.current_row.target if message.view.current_row else None
            if target is None:
                self.audit.say("This line names no place; enter works on lines that do, such as `see also`.")
            else:
                self._shown = target
                self._draw_details()
                if self.one_pane:
                    self.bring_forward(self.query_one("#source", Pane))

    def do_next_file(self) -> None:
        self._go_to_file(1)

    def do_previous_file(self) -> None:
        self._go_to_file(-1)

    def why_not_next_file(self) -> str:
        return "" if self.listed else "There are no findings to go through."

    why_not_previous_file = why_not_next_file

    def _go_to_file(self, direction: int) -> None:
        files = sorted({finding.location.path for finding in self.listed})
        here = self.current.location.path if self.current else files[0]
        path = files[(files.index(here) + direction) % len(files)]
        view = self.query_one("#list", Pane).view
        view.move_cursor(next(at for at, finding in enumerate(self.listed) if finding.location.path == path))

    def show_finding(self, finding: Finding) -> None:
        """Put the cursor on a finding, whatever the filter says."""
        if finding not in self.listed:
            self.query_text = ""
        self.current = finding
        self._shown = finding.location
        self.draw()

    # order and filter

    def do_order(self) -> None:
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self._list_findings()
        self._draw_details()
        self.audit.say(f"Ordered by {self.order}.")

    def why_not_filter(self) -> str:
        return "" if self.session.findings else "There is nothing to filter: no findings."

    def do_filter(self) -> None:
        line = self._filter_line
        if line is not None:
            line.open(self.query_text)

    def _add_what_can_wait(self) -> None:
        """After the first frame, which comes sooner without it."""
        from auditor.tui.widgets.filter_line import FilterLine

        self._filter_line = FilterLine()
        self.mount(self._filter_line, before="#message")
        hint = (
            "What a applies: the lines of the file that go and that come. safe: nothing changes but that runs repeat; "
            "unsafe: results or speed may change; to look at: never applied, a person must decide."
        )
        self.query_one("#body").mount(Pane("patch", signs=self.signs, hint=hint))
        self.arrange_panes()

    def on_input_changed(self, message: Input.Changed) -> None:
        if message.input.display:
            self.query_text = message.value
            self._list_findings()
            self.soon(self._draw_details)

    def on_filter_line_left(self, message: FilterLine.Left) -> None:
        if self._filter_line is not None:
            self._filter_line.display = False
        if not message.keeps:
            self.query_text = ""
        self.query_one("#list", Pane).view.focus()
        self.draw()

    def do_leave(self) -> None:
        """Out of the filter first, then out of the marks."""
        if self.session.desk.marked and not self.zoomed and self.front == "list" and not self.query_text:
            self.session.desk.marked.clear()
            self.marks_changed(step=0)
        elif self.query_text and not self.zoomed and self.front == "list":
            self.query_text = ""
            self.draw()
        else:
            super().do_leave()

    # what the app asks

    def place(self) -> Location | None:
        return super().place() or self._shown

    def copied_more(self) -> str:
        finding = self.current
        if finding is None:
            return ""
        from auditor.tui.drawing.markdown import finding_markdown

        return finding_markdown(
            finding,
            self.session.rule(str(finding.rule_id)),
            self.session.proof(finding.key),
            self.session.command,
            self.session.desk.patch(finding.key),
        )

    def do_again(self) -> None:
        self.audit.do_rescan()


def _looked_at(looked: ScanSummary) -> tuple[str, ...]:
    return count(looked.files, "file"), count(len(looked.entry_points), "entry point"), count(looked.rules, "rule")
