"""What the scan found: list, source, and why it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from auditor.model.location import Location
from auditor.tui.commands import Command
from auditor.tui.drawing.explanation import explanation_rows
from auditor.tui.drawing.findings import TONES, FindingRows, SourceRows, counts, place_of
from auditor.tui.finding_filter import ORDERS, select
from auditor.tui.lines import Piece, Row, RowList, Rows, plural, row, wrap
from auditor.tui.screens.frame import FrameScreen, bindings_of
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from textual.widgets import Input

    from auditor.model.finding import Finding
    from auditor.tui.widgets.filter_line import FilterLine

ACTIONS = (
    Command(
        "filter", "slash", "filter", "Filter as you type: words, rule:RA3 sev:error path:src is:proved, !not", True
    ),
    Command("order", "o", "order", "Change the order: proved, severity, file, rule", True),
    Command("previous_file", "left_square_bracket", "file before", "Go to the first finding of the file before"),
    Command("next_file", "right_square_bracket", "next file", "Go to the first finding of the next file"),
)


class FindingsScreen(FrameScreen):
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
        self._rows: Rows = RowList()
        self._counts: tuple[Piece, ...] = ()
        self._shown: Location | None = None
        self._in_source: tuple[str, Location] | None = None
        self._known: tuple[object, ...] = ()

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
            self._add_filter_line()
        self._list_findings()
        self._draw_details()

    def _list_findings(self) -> None:
        session = self.session
        known = (session.scanned, session.compared, self.query_text, self.order)
        if known != self._known:
            self._known = known
            self.listed = select(
                session.findings, self.query_text, self.order, is_proved=self._is_proved, rule_of=session.rule
            )
            self._rows = FindingRows(self.listed, rule_of=session.rule, is_proved=self._is_proved, signs=self.signs)
            self._counts = counts(self.listed)
            self._keep_current()
        rows: Rows = self._rows
        cursor = next((at for at, finding in enumerate(self.listed) if finding is self.current), 0)
        pane = self.query_one("#list", Pane)
        if not self.listed:
            rows = RowList(self._empty_rows(pane.view.text_width))
        total = len(session.findings)
        title = plural(total, "finding")
        if self.query_text:
            title = f"{len(self.listed):,} of {title}"
        if session.scanned is None:
            title = "findings"
        right = list(self._counts)
        if self.query_text:
            right.insert(0, Piece(f"filter {self.query_text}  ", "accent"))
        elif self.order != ORDERS[0]:
            right.insert(0, Piece(f"by {self.order}  ", "muted"))
        pane.show(rows, left=(Piece(title),), right=tuple(right), cursor=cursor)

    def _keep_current(self) -> None:
        """Stay on the same finding over a rescan or a filter; else go to the first."""
        key = self.current.key if self.current else ""
        same = next((finding for finding in self.listed if finding.key == key), None)
        self.current = same or (self.listed[0] if self.listed else None)
        self._shown = self.current.location if self.current else None

    def _is_proved(self, key: str) -> bool:
        return self.session.proof(key) is not None

    def _empty_rows(self, width: int) -> list[Row]:
        scanned = self.session.scanned
        if self.query_text and self.session.findings:
            text = f"No finding matches `{self.query_text}`. esc clears the filter."
        elif self.audit.job is not None and self.audit.job.kind == "scan":
            text = "Scanning. Nothing of the project is executed."
        elif scanned is None:
            text = "Not scanned yet. R scans the project; nothing of it is executed."
        else:
            looked = scanned.scan
            files = (
                f"{looked.files:,} files, {len(looked.entry_points)} entry points, {looked.rules} rules"
                if looked
                else ""
            )
            text = f"No findings in {files}. This was only read; t runs the program twice and proves it."
        return [row(Piece(f" {line}", "muted")) for line in wrap(text, width - 2)]

    def _draw_details(self) -> None:
        finding = self.current
        source, why = self.query_one("#source", Pane), self.query_one("#why", Pane)
        if finding is None:
            source.show(RowList(), left=(Piece("source"),))
            why.show(RowList(self._scan_rows(why.view.text_width)), left=(Piece("why"),))
            return
        shown = self._shown or finding.location
        self._draw_source(source, finding, shown)
        rule = self.session.rule(str(finding.rule_id))
        proof = self.session.proof(finding.key)
        rows = explanation_rows(finding, rule, proof, why.view.text_width, self.signs)
        name = rule.name if rule else ""
        why.show(
            RowList(rows),
            left=(Piece(f"{finding.rule_id} {name}".strip()),),
            right=(Piece("why", "muted"),),
            cursor=why.view.cursor if why.view.has_focus else 0,
        )

    def _draw_source(self, pane: Pane, finding: Finding, shown: Location) -> None:
        is_own = shown == finding.location
        message = f"{finding.rule_id} {finding.message}"
        if not is_own:
            message = next((each.message for each in finding.related if each.location == shown), message)
        lines = self.audit.source.lines(shown)
        if not lines and is_own:
            lines = ("",) * (shown.line - 1) + finding.source_lines
        rows = SourceRows(
            lines,
            shown,
            message,
            TONES[finding.severity],
            width=pane.view.text_width,
            signs=self.signs,
            colored=shown.path.endswith((".py", ".ipynb", ".pyi")),
        )
        right = "source" if is_own else "source of a related place"
        place = place_of(shown) if lines else f"{place_of(shown)}: cannot be read"
        is_new = self._in_source != (finding.key, shown)
        self._in_source = finding.key, shown
        cursor = rows.marked_row if is_new else None
        pane.show(rows, left=(Piece(place),), right=(Piece(right, "muted"),), cursor=cursor)
        if is_new:
            pane.view.centre_cursor()

    def _scan_rows(self, width: int) -> list[Row]:
        scanned = self.session.scanned
        skipped = scanned.skipped if scanned else ()
        return [row(Piece(f" not analysed: {each.subject}: {each.reason}", "muted")) for each in skipped]

    # moving

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        if message.view.id == "list-view" and message.index < len(self.listed):
            self.current = self.listed[message.index]
            self._shown = self.current.location
            self.soon(self._draw_details)

    def on_line_view_entered(self, message: LineView.Entered) -> None:
        if message.view.id == "list-view":
            if self.current is not None:
                self.bring_forward(self.query_one("#source", Pane))
        elif message.view.id == "why-view":
            target = message.view.current_row.target if message.view.current_row else None
            if target is None:
                self.audit.say("This line names no place; enter works on `see also` lines.")
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

    def _add_filter_line(self) -> None:
        """After the first frame, which comes sooner without it."""
        from auditor.tui.widgets.filter_line import FilterLine

        self._filter_line = FilterLine()
        self.mount(self._filter_line, before="#message")

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
        """Out of the filter first."""
        if self.query_text and not self.zoomed and self.front == "list":
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
            finding, self.session.rule(str(finding.rule_id)), self.session.proof(finding.key), self.session.command
        )

    def do_again(self) -> None:
        self.audit.do_rescan()
