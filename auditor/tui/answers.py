"""What the app does when a worker tells it something: the only place where answers change session and screens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import App

from auditor.tui import actions
from auditor.tui.messages import (
    BaselineWritten,
    EvidenceReady,
    JobFailed,
    JobFinished,
    JobProgressed,
    OperatorsRead,
    PairFound,
    PatchesPlanned,
    PatchesWritten,
    ProofEnded,
    RunsListed,
    ScanFinished,
    StepRead,
    StepsRead,
    TrialEnded,
)

if TYPE_CHECKING:
    from auditor.tui.app import AuditApp

SCREEN_OF_JOB = {"scan": "findings", "twice": "divergence", "compare": "divergence", "overhead": "cost"}


class Answers(App[int]):
    """Handlers of the app, by the names that Textual calls them."""

    @property
    def audit(self) -> AuditApp:
        """The whole of which this is a part."""
        return cast("AuditApp", self)

    def on_job_progressed(self, message: JobProgressed) -> None:
        if self.audit.job is not None:
            self.audit.say(message.text, "accent")

    def on_job_finished(self, message: JobFinished) -> None:
        self.audit.launcher.ended()
        self.audit.session.accept(message.report)
        self.audit.source.forget()
        shown = self.audit.frame(SCREEN_OF_JOB[message.kind])
        hint = "" if self.audit.current_frame is shown else f" {shown.KEY} shows it."
        self.audit.say(self.audit.launcher.said(message) or actions.summary(message, self.audit.signs) + hint)
        if message.kind != "scan":
            self.audit.launcher.list_runs()
        self.audit.redraw()

    def on_scan_finished(self, message: ScanFinished) -> None:
        self.audit.session.known = dict(message.known)
        self.audit.on_job_finished(message)
        if self.audit.shows_newest_pair and not message.cancelled:
            self.audit.launcher.find_newest_pair()
        self.audit.shows_newest_pair = False

    def on_pair_found(self, message: PairFound) -> None:
        if not self.audit.launcher.busy and self.audit.session.compared is None:
            self.audit.launcher.compare(*message.pair)

    def on_patches_planned(self, message: PatchesPlanned) -> None:
        if self.audit.launcher.is_wanted(message.report):
            self.audit.session.desk.take(message.plan, message.problem)
            self.audit.redraw()

    def on_steps_read(self, message: StepsRead) -> None:
        self.audit.session.desk.steps = message.steps
        self.audit.frame_changed()

    def on_patches_written(self, message: PatchesWritten) -> None:
        from auditor.tui import patching

        self.audit.launcher.ended()
        patching.written(self.audit, message)

    def on_baseline_written(self, message: BaselineWritten) -> None:
        from auditor.tui import accepting

        self.audit.launcher.ended()
        accepting.written(self.audit, message)
        self.audit.redraw()

    def on_trial_ended(self, message: TrialEnded) -> None:
        from auditor.tui import patching

        self.audit.launcher.ended()
        patching.tried(self.audit, message)
        self.audit.launcher.list_runs()
        self.audit.redraw()

    def on_proof_ended(self, message: ProofEnded) -> None:
        from auditor.tui import patching

        self.audit.launcher.ended()
        patching.proved(self.audit, message)
        self.audit.redraw()

    def on_job_failed(self, message: JobFailed) -> None:
        if message.kind not in ("runs", "steps"):
            self.audit.launcher.ended()
            self.audit.launcher.list_runs()
        actions.show_failure(self.audit, message)
        self.audit.redraw()

    def on_runs_listed(self, message: RunsListed) -> None:
        self.audit.session.runs = message.runs
        self.audit.redraw()
        if self.audit.wanted_runs and self.audit.current_frame is self.audit.frame("runs"):
            self.audit.frame("runs").show_run(self.audit.wanted_runs[0])
            self.audit.wanted_runs = ()

    def on_evidence_ready(self, message: EvidenceReady) -> None:
        self.audit.frame("divergence").take_evidence(message.evidence, message.problem)

    def on_step_read(self, message: StepRead) -> None:
        self.audit.frame("divergence").step_was_read(message.evidence, message.process, message.step)

    def on_operators_read(self, message: OperatorsRead) -> None:
        self.audit.launcher.ended()
        actions.show_operators(self.audit, message.report)
        self.audit.redraw()
