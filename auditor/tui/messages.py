"""What workers tell the app; its handlers change the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.tui.evidence import Evidence


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
