"""What workers tell the app; its handlers change the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.services.acceptance import BaselineChange
    from auditor.services.apply import Applied, Undone
    from auditor.services.fix import FixPlan
    from auditor.services.journal import Step
    from auditor.services.trial import Trial
    from auditor.tui.evidence import Evidence
    from auditor.tui.gateway import ScanAnswer


class JobProgressed(Message):
    """A line for people on how far the job is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class JobFinished(Message):
    """A service returned."""

    def __init__(self, kind: str, report: AuditReport, *, cancelled: bool, seconds: float) -> None:
        super().__init__()
        self.kind = kind
        self.report = report
        self.cancelled = cancelled
        self.seconds = seconds


class ScanFinished(JobFinished):
    """The project was scanned."""

    def __init__(self, kind: str, answer: ScanAnswer, *, cancelled: bool, seconds: float) -> None:
        super().__init__(kind, answer.report, cancelled=cancelled, seconds=seconds)
        self.known = answer.known


class PatchesWritten(Message):
    """Patches were applied (`kind` is `apply`) or taken back (`undo`)."""

    def __init__(self, kind: str, result: Applied | Undone, *, cancelled: bool, seconds: float) -> None:
        super().__init__()
        self.kind = kind
        self.result = result


class BaselineWritten(Message):
    """Findings were accepted (`kind` is `accept`), taken out of the baseline (`take out`), or either was taken back
    (`take back`)."""

    def __init__(self, kind: str, change: BaselineChange, *, cancelled: bool, seconds: float) -> None:
        super().__init__()
        self.kind = kind
        self.change = change


class TrialEnded(Message):
    """Patches were tried in a copy."""

    def __init__(self, kind: str, trial: Trial, *, cancelled: bool, seconds: float) -> None:
        super().__init__()
        self.trial = trial
        self.seconds = seconds


class ProofEnded(JobFinished):
    """It was found out which patches the program needs; the report has a proof."""


class OperatorsRead(JobFinished):
    """A stored run's operators were held against what is known of them; the report has a profile."""


class JobFailed(Message):
    """A service raised one of our errors, or has a bug."""

    def __init__(self, kind: str, error: Exception, *, cancelled: bool) -> None:
        super().__init__()
        self.kind = kind
        self.error = error
        self.cancelled = cancelled


class RunsListed(Message):
    """The stored runs were read."""

    def __init__(self, runs: tuple[RunRecord, ...]) -> None:
        super().__init__()
        self.runs = runs


class PairFound(Message):
    """Two runs were compared before."""

    def __init__(self, pair: tuple[RunRecord, RunRecord]) -> None:
        super().__init__()
        self.pair = pair


class PatchesPlanned(Message):
    """The patches for the findings of a scan are known, or cannot be (`problem` says why)."""

    def __init__(self, report: AuditReport, plan: FixPlan | None, problem: str = "") -> None:
        super().__init__()
        self.report = report
        self.plan = plan
        self.problem = problem


class StepsRead(Message):
    """What was ever applied to the project was read from the journal."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        super().__init__()
        self.steps = steps


class EvidenceReady(Message):
    """The traces of the two runs are open, or cannot be (`problem` says why)."""

    def __init__(self, evidence: Evidence | None, problem: str = "") -> None:
        super().__init__()
        self.evidence = evidence
        self.problem = problem


class StepRead(Message):
    """The events of one step were paired."""

    def __init__(self, evidence: Evidence, process: str, step: int) -> None:
        super().__init__()
        self.evidence = evidence
        self.process = process
        self.step = step
