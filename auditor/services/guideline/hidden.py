"""What a project's settings and its baseline keep out of a scan's sight."""

from __future__ import annotations

from pathlib import Path

from auditor.model.finding import Finding
from auditor.model.lean import replace
from auditor.model.report import AuditReport
from auditor.model.rule import Confidence, Severity
from auditor.services.baseline import read_baseline
from auditor.services.check import CheckOptions, check
from auditor.services.program import about_program
from auditor.services.settings import Settings


def left_out(settings: Settings) -> tuple[str, ...]:
    """Settings by which a scan tells less than it could, as they are written."""
    floors = []
    if settings.min_severity is not Severity.NOTE:
        floors.append(f"min-severity {settings.min_severity.value}")
    if settings.min_confidence is not Confidence.LOW:
        floors.append(f"min-confidence {settings.min_confidence.value}")
    return (
        *(f"select {rule}" for rule in settings.select),
        *(f"ignore {rule}" for rule in settings.ignore),
        *(f"exclude {path}" for path in settings.exclude),
        *(f"per-file-ignores {pattern}" for pattern in settings.per_file_ignores),
        *(f"severity of {rule}" for rule in settings.severity),
        *floors,
    )


def hidden_findings(scan: AuditReport, root: Path, program: Path | None, settings: Settings) -> tuple[Finding, ...]:
    """Errors and warnings that only settings or a baseline take out of `scan`, but for those accepted with a reason.

    Files that `exclude` names are not looked at.
    """
    bare = replace(
        settings,
        select=(),
        ignore=(),
        per_file_ignores={},
        severity={},
        min_severity=Severity.NOTE,
        min_confidence=Confidence.LOW,
        baseline=None,
    )
    if bare == settings:
        return ()
    entries = () if settings.baseline is None else read_baseline(settings.baseline)
    seen = {entry.key for entry in entries if entry.reason}
    seen |= {finding.key for finding in scan.findings if finding.severity is not Severity.NOTE}
    all_of_it = about_program(check([root], bare, CheckOptions()), program, root, unplaced=True)
    weighty = (finding for finding in all_of_it.findings if finding.severity is not Severity.NOTE)
    return tuple(finding for finding in weighty if finding.key not in seen)
