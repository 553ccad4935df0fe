"""Where two runs part: phases and steps, modules, events side by side, and why."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from auditor.model.finding import Finding
from auditor.model.location import Location
from auditor.model.verdict import Verdict
from auditor.tui.commands import Command
from auditor.tui.drawing.divergence import DIGEST_HEADING, GridRows
from auditor.tui.drawing.event import event_rows, event_title
from auditor.tui.drawing.margin import margin_rows
from auditor.tui.drawing.markdown import verdict_markdown
from auditor.tui.drawing.verdict import STATUS_TONES, cause_rows, headline
from auditor.tui.evidence import EventPair, Evidence
from auditor.tui.lines import Piece, Row, RowList, row, wrap
from auditor.tui.screens.frame import FrameScreen, bindings_of
from auditor.tui.step_view import StepView
from auditor.tui.widgets.line_view import LineView
from auditor.tui.widgets.pane import Pane

ACTIONS = (
    Command("first", "f", "first", "Return to the first divergence from anywhere", True),
    Command("next_difference", "n", "next", "Go to the next event that differs", True),
    Command("previous_difference", "N", "previous", "Go to the event before that differs"),
    Command("step_before", "h,left", "step", "Go to the step before", True),
    Command("step_after", "l,right", "step", "Go to the next step", True),
    Command("fold", "equals_sign", "equal", "Show or fold long stretches of equal events", True),
    Command("process", "p", "process", "Change to the next process of the program"),
    Command("profile", "P", "operators", "Say which operators of the reference are non-deterministic, and when"),
)


class DivergenceScreen(FrameScreen):
    KEY = "2"
    ACTIONS = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(ACTIONS)
    AUTO_FOCUS = "#events LineView"

    def __init__(self) -> None:
        super().__init__()
        self.view: StepView | None = None
        """None until two runs were compared event by event."""

        self.problem = ""
        """Why the traces cannot be read; empty where they can."""

        self._verdict: Verdict | None = None
        self._to_first = True

    def compose_panes(self) -> ComposeResult:
        yield Pane(
            "grid",
            signs=self.signs,
            has_cursor=False,
            hint="Phases of a training step from top to bottom, steps from left to right: = agrees bit for bit, "
            "≠ differs. Past the width a column stands for a group of steps.",
        )
        with Container(id="middle", classes="group"):
            yield Pane(
                "modules",
                signs=self.signs,
                keeps_mark=True,
                hint="The modules of this step; counts say how many of a module's events differ. "
                "The events beside it are those of the module under the cursor.",
            )
            yield Pane(
                "events",
                signs=self.signs,
                keeps_mark=True,
                hint="Every event of the step in the order in which it happened, with the digest of its results in "
                "the reference and in the candidate. Long stretches of equal events are one line; = unfolds them.",
            )
        with Container(id="bottom", classes="group"):
            yield Pane(
                "event",
                signs=self.signs,
                hint="The event under the cursor: tensors with both digests, and whether its inputs agree. "
                "Inputs that agree point at this op; inputs that differ point upstream.",
            )
            yield Pane(
                "causes",
                signs=self.signs,
                hint="Why the runs differ, best explanation first, with the evidence for it. "
                "Below: what was compared, how far the difference spreads, what was not seen.",
            )

    def spare_panes(self) -> frozenset[str]:
        if self.view is None:
            return frozenset({"grid", "modules", "events", "event"})
        spare = {"causes"} if self.size.width < 120 else set()
        if self.size.width < 66:
            spare.add("modules")
        return frozenset(spare)

    # new answers

    def _take_verdict(self, verdict: Verdict | None) -> None:
        """Show another verdict: at first from the report, then from the traces."""
        had_events = self.view is not None
        self._verdict = verdict
        self.problem = ""
        comparison = verdict.comparison if verdict else None
        self.view = StepView(comparison, self.signs) if comparison else None
        self._to_first = True
        pair = self.session.pair
        if self.view is not None and pair is not None and all(run.folder for run in pair):
            self.audit.launcher.open_evidence(pair, self.view.first)
        self.arrange_panes()
        if self.view is not None and not had_events:
            self.bring_forward(self.query_one("#events", Pane))

    def take_evidence(self, evidence: Evidence | None, problem: str) -> None:
        """The traces are open, or cannot be."""
        if self.view is None:
            return
        if evidence is None or not evidence.processes:
            self.problem = problem or "the runs have no traces in common"
        else:
            self.view.take_evidence(evidence)
            self._to_first = True
        if self.is_current:
            self.draw()

    def step_was_read(self, evidence: Evidence, process: str, step: int) -> None:
        view = self.view
        if view is not None and (evidence, process, step) == (view.evidence, view.process, view.step):
            self._draw_step()

    # drawing

    def draw(self) -> None:
        if self.session.verdict is not self._verdict:
            self._take_verdict(self.session.verdict)
        self.arrange_panes()
        if self.view is None:
            self._draw_no_events()
        else:
            self._draw_grid(self.view)
            self._draw_step()

    def _draw_no_events(self) -> None:
        pane = self.query_one("#causes", Pane)
        width = pane.view.text_width
        verdict = self._verdict
        if verdict is not None:
            rows = self._cause_rows(verdict, pane)
            pane.show(RowList(rows), left=(Piece(headline(verdict), STATUS_TONES[verdict.status]),))
            return
        text = (
            "No two runs were compared yet. t runs a program twice and names the first tensor that differs; "
            "4 lists stored runs: mark two with space, enter compares them."
        )
        kind = self.audit.job.kind if self.audit.job is not None else ""
        if kind == "twice":
            text = "The program runs; the verdict comes here. ctrl+c stops it and keeps what was recorded."
        elif kind == "compare":
            text = "The traces of the two runs are compared; the verdict comes here. Nothing is run."
        rows = [row(Piece(f" {line}", "muted")) for line in wrap(text, width - 2)]
        pane.show(RowList(rows), left=(Piece("divergence"),))

    def _draw_grid(self, view: StepView) -> None:
        pane = self.query_one("#grid", Pane)
        pair = self.session.pair
        names = f"{pair[0].id} {self.signs.gutter} {pair[1].id}" if pair else "two runs"
        rows = GridRows(view.grid, view.step, pane.view.text_width, self.signs)
        pane.styles.height = "1fr" if self.one_pane else len(rows) + 1
        tone = STATUS_TONES[self._verdict.status] if self._verdict else "plain"
        title = headline(self._verdict) if self._verdict else ""
        pane.show(rows, left=(Piece(title, tone),), right=(Piece(names, "muted"),))

    def _draw_step(self) -> None:
        view = self.view
        if view is None:
            return
        modules, listed = self.query_one("#modules", Pane), self.query_one("#events", Pane)
        is_known = view.refresh()
        modules.show(
            view.modules, left=(Piece(f"modules at step {view.step:,}"),), cursor=view.modules.index(view.module)
        )
        title = f"events of {view.module}" if view.module is not None else f"events of step {view.step:,}"
        if view.pairs is None or not is_known:
            listed.show(RowList([row(Piece(" reading the traces", "muted"))]), left=(Piece(title),))
            self.audit.launcher.read_step(view.evidence, view.process, view.step)
        else:
            right = [Piece(DIGEST_HEADING, "muted")]
            if len(view.evidence.processes) > 1:
                right.insert(0, Piece(f"process {view.process}  ", "accent"))
            cursor = view.first_row() if self._to_first else None
            listed.show(view.pairs, left=(Piece(title),), right=tuple(right), cursor=cursor)
            if self._to_first:
                listed.view.centre_cursor()
            self._to_first = False
        self._draw_event()

    def _draw_event(self) -> None:
        view, verdict = self.view, self._verdict
        if view is None or verdict is None:
            return
        pane, causes = self.query_one("#event", Pane), self.query_one("#causes", Pane)
        pair = self._pair_under_cursor()
        rows: list[Row] = []
        title = "event"
        if pair is not None:
            divergence = view.first if view.is_first(pair) else None
            rows += event_rows(pair, divergence, pane.view.text_width, self.signs)
            title = ("first divergence, " if divergence else "") + event_title(pair.event)
        if self.problem:
            rows.append(row(Piece(f" the traces cannot be read: {self.problem}", "warning")))
        right: tuple[Piece, ...] = ()
        if not causes.display and not self.one_pane:
            rows += [*([row()] if rows else []), *self._cause_rows(verdict, pane)]
            right = (Piece("event, why", "muted"),)
        pane.show(RowList(rows), left=(Piece(title),), right=right)
        causes.show(RowList(self._cause_rows(verdict, causes)), left=(Piece("why"),))

    def _cause_rows(self, verdict: Verdict, pane: Pane) -> list[Row]:
        width = pane.view.text_width
        margins = self.session.compared.margins if self.session.compared is not None else None
        shown = margin_rows(margins, width, self.signs) if margins is not None else []
        return [*shown, *cause_rows(verdict, self.session.findings, width, self.signs)]

    def _pair_under_cursor(self) -> EventPair | None:
        pairs = self.view.pairs if self.view else None
        return pairs.pair(self.query_one("#events", Pane).view.cursor) if pairs is not None else None

    # moving

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        view = self.view
        if view is not None and message.view.id == "events-view":
            self.soon(self._draw_event)
        elif view is not None and message.view.id == "modules-view":
            view.module = view.modules.path(message.index)
            self._to_first = True
            self.soon(self._draw_step)

    def on_line_view_entered(self, message: LineView.Entered) -> None:
        if message.view.id == "modules-view":
            self.bring_forward(self.query_one("#events", Pane))
        elif message.view.id == "events-view" and self.view and self.view.pairs and self._pair_under_cursor() is None:
            self.do_fold()
        else:
            target = message.view.current_row.target if message.view.current_row else None
            self._open(target, self._proved_finding() if message.view.id == "events-view" else None)

    def _proved_finding(self) -> Finding | None:
        """What the best cause names, while the cursor is on the event at which the runs part."""
        pair = self._pair_under_cursor()
        if pair is None or self.view is None or not self.view.is_first(pair) or self._verdict is None:
            return None
        keys = [key for cause in self._verdict.causes[:1] for key in cause.findings]
        return next((found for key in keys if (found := self.session.finding(key))), None)

    def _open(self, target: Location | None, otherwise: Finding | None) -> None:
        finding = (self._finding_at(target) if target else None) or otherwise
        if finding is not None:
            self.audit.open_finding(finding)
        elif target is not None:
            self.audit.say(f"No finding at {target.path}:{target.line}. e opens the line in your editor.")
        else:
            self.audit.say("No line of the project is known for this row.")

    def _finding_at(self, target: Location) -> Finding | None:
        place = target.path, target.line
        return next((each for each in self.session.findings if (each.location.path, each.location.line) == place), None)

    def on_click(self, event: events.Click) -> None:
        pane = self.query_one("#grid", Pane)
        if self.view is not None and event.widget is pane.view and self.view.grid.steps:
            rows = GridRows(self.view.grid, self.view.step, pane.view.text_width, self.signs)
            self._show_step(rows.step_at(event.x))

    # commands

    def _no_comparison(self) -> str:
        return "" if self.view else "No two runs were compared yet; t runs a program twice."

    def why_not_step_after(self) -> str:
        return self._no_comparison() or ("" if self.view and self.view.grid.steps > 1 else "There is only one step.")

    why_not_step_before = why_not_step_after

    def do_step_after(self) -> None:
        if self.view is not None:
            self._show_step(min(self.view.step + 1, self.view.grid.steps - 1))

    def do_step_before(self) -> None:
        if self.view is not None:
            self._show_step(max(self.view.step - 1, 0))

    def _show_step(self, step: int) -> None:
        if self.view is None or step == self.view.step:
            return
        self.view.step = step
        self._to_first = True
        self._draw_grid(self.view)
        self.soon(self._draw_step)

    def why_not_profile(self) -> str:
        return self.audit.launcher.busy or ("" if self.session.pair else "No two runs were compared yet.")

    def do_profile(self) -> None:
        if self.session.pair is not None:
            self.audit.launcher.profile(self.session.pair[0])

    def why_not_first(self) -> str:
        return self._no_comparison() or ("" if self.view and self.view.first else "The runs do not part anywhere.")

    why_not_next_difference = why_not_previous_difference = why_not_first

    def do_first(self) -> None:
        if self.view is None:
            return
        if self.view.first_event is None:
            self.audit.say("A whole process is in one run only; the causes tell of it.")
            return
        self.view.go_to_first()
        self._to_first = True
        self._draw_grid(self.view)
        self._draw_step()
        self.bring_forward(self.query_one("#events", Pane))

    def do_next_difference(self) -> None:
        self._go_to_difference(1)

    def do_previous_difference(self) -> None:
        self._go_to_difference(-1)

    def _go_to_difference(self, direction: int) -> None:
        """To the next differing event of the step, else to the next step that differs."""
        if self.view is None:
            return
        pane = self.query_one("#events", Pane)
        found = self.view.next_row(pane.view.cursor, direction)
        if found is not None:
            pane.view.move_cursor(found)
            self.bring_forward(pane)
        elif (step := self.view.next_step(direction)) is not None:
            self._show_step(step)
        else:
            self.audit.say("No further difference " + ("after" if direction > 0 else "before") + " this one.")

    why_not_fold = _no_comparison

    def do_fold(self) -> None:
        view, listed = self.view, self.query_one("#events", Pane).view
        if view is None:
            return
        start = view.folding.at(listed.cursor)[0] if len(view.folding) else 0
        view.folded = not view.folded
        self._draw_step()
        if len(view.folding):
            listed.move_cursor(view.folding.row_of(start))
            listed.centre_cursor()
        self.audit.say("Equal events are folded." if view.folded else "All events are shown; = folds equal ones.")

    def why_not_process(self) -> str:
        several = self.view is not None and len(self.view.evidence.processes) > 1
        return self._no_comparison() or ("" if several else "The runs have one process in common.")

    def do_process(self) -> None:
        if self.view is not None:
            self.view.next_process()
            self._to_first = True
            self._draw_step()
            processes = self.view.evidence.processes
            at = processes.index(self.view.process) + 1
            self.audit.say(f"Process {self.view.process}, {at} of {len(processes)}.")

    # what the app asks

    def copied_more(self) -> str:
        return verdict_markdown(self._verdict, self.session.command) if self._verdict else ""

    def do_again(self) -> None:
        self.audit.do_run_twice()
