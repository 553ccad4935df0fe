"""What the app knows: the newest answer of each service, and what follows from them together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.lean import dataclass, field, replace
from auditor.tui.patch_desk import PatchDesk

if TYPE_CHECKING:  # the first frame comes sooner without them
    from auditor.model.divergence import Divergence
    from auditor.model.finding import Finding
    from auditor.model.overhead import OverheadReport
    from auditor.model.report import AuditReport
    from auditor.model.rule import Rule
    from auditor.model.run import RunRecord
    from auditor.model.verdict import Cause, Verdict
    from auditor.services.acceptance import BaselineChange


@dataclass
class Session:
    """Changed by the app's message handlers only."""

    root: Path
    """Folder that paths in reports are relative to."""

    paths: tuple[Path, ...]
    """What to scan."""

    scanned: AuditReport | None = None
    compared: AuditReport | None = None
    costed: AuditReport | None = None
    runs: tuple[RunRecord, ...] = ()
    """Stored runs, newest first."""

    command: tuple[str, ...] = ()
    """The program that was run last."""

    cwd: Path | None = None
    """Where it was started; None before the first run."""

    steps: int | None = None
    isolate: str = "none"
    desk: PatchDesk = field(default_factory=PatchDesk)
    shows_known: bool = False
    """Findings that the baseline knows are listed too."""

    baseline: Path | None = None
    """What scans are held against: the setting, or the file that was made here; None: nothing."""

    known: dict[str, str] = field(default_factory=dict)
    """Keys of listed findings that the baseline knows, each with the reason given there, which may be empty."""

    changes: list[tuple[BaselineChange, int]] = field(default_factory=list)
    """What was written to the baseline here and not taken back, each with the number of the last step before it."""

    _rules: dict[str, Rule] = field(default_factory=dict)
    _proofs: dict[str, Cause] = field(default_factory=dict)

    def accept(self, report: AuditReport) -> None:
        """Take over those parts that a report has."""
        if self.scanned is not None and report.verdict is not None:
            self.scanned = _joined(self.scanned, report)
        elif report.scan is not None or report.findings:
            self.scanned = report
            self.desk.forget(finding.key for finding in report.findings)
        if report.verdict is not None:
            self.compared = report
            self._proofs = {key: cause for cause in reversed(report.verdict.causes) for key in cause.findings}
            if report.runs and not self.command:
                self.command = report.runs[0].argv
        if report.overhead is not None:
            self.costed = report
        self._rules.update({str(rule.id): rule for rule in report.rules})

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.scanned.findings if self.scanned else ()

    @property
    def verdict(self) -> Verdict | None:
        return self.compared.verdict if self.compared else None

    @property
    def first(self) -> Divergence | None:
        """Where the compared runs part."""
        comparison = self.verdict.comparison if self.verdict else None
        return comparison.first if comparison else None

    @property
    def overhead(self) -> OverheadReport | None:
        if self.costed is None:
            return None
        return self.costed.overhead or (self.costed.proof.price if self.costed.proof else None)

    @property
    def costed_patches(self) -> bool:
        """What was measured is the price of patches, not of deterministic mode."""
        return self.costed is not None and self.costed.overhead is None

    @property
    def pair(self) -> tuple[RunRecord, RunRecord] | None:
        """The two runs of the verdict, reference first."""
        runs = self.compared.runs if self.compared else ()
        return (runs[0], runs[1]) if len(runs) >= 2 else None

    def rule(self, rule_id: str) -> Rule | None:
        return self._rules.get(rule_id)

    def proof(self, key: str) -> Cause | None:
        """The cause of a divergence that names this finding; None where no run has shown it."""
        return self._proofs.get(key)

    def holds(self, key: str, word: str) -> bool:
        """Whether `is:<word>` is true of a finding."""
        if word == "proved":
            return key in self._proofs
        if word == "known":
            return key in self.known
        if word == "marked":
            return key in self.desk.marked
        if word == "verified":
            return self.desk.is_verified(key)
        applicability = self.desk.word(key)
        return bool(applicability) and word in ("patch", applicability)

    @property
    def has_evidence(self) -> bool:
        """There is something to say of single findings beyond the scan: runs, trials, a baseline."""
        return self.compared is not None or self.desk.was_tried or bool(self.known)

    @property
    def last_change(self) -> BaselineChange | None:
        """The change of the baseline that `u` takes back; None where a patch was applied after it, or there is none."""
        if not self.changes:
            return None
        change, before = self.changes[-1]
        return change if before >= self.last_number else None

    @property
    def last_number(self) -> int:
        """That of the last step of patches that holds; 0 where none does."""
        step = self.desk.last_step
        return step.number if step is not None else 0

    @property
    def hidden(self) -> int:
        """Findings that are not listed because the baseline knows them."""
        return sum(each.known for each in self.scanned.earlier) if self.scanned else 0

    def finding(self, key: str) -> Finding | None:
        return next((finding for finding in self.findings if finding.key == key), None)

    def suggested_command(self) -> tuple[str, ...]:
        """What a person most likely wants to run: the last program, else the first entry point of the scan."""
        if self.command:
            return self.command
        if self.runs:
            return self.runs[0].argv
        scripts = self.scanned.scan.entry_points if self.scanned and self.scanned.scan else ()
        python = [path for path in scripts if path.endswith(".py")]
        return ("python", python[0]) if python else ()


def _joined(own: AuditReport, report: AuditReport) -> AuditReport:
    """What was asked to be scanned stays the list; findings elsewhere come in only where a cause names them."""
    known = {finding.key for finding in own.findings}
    named = {key for cause in report.verdict.causes for key in cause.findings} if report.verdict else set()
    more = tuple(each for each in report.findings if each.key in named and each.key not in known)
    return replace(own, findings=own.findings + more)
