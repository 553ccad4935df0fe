"""The whole answer in one line."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.report.prose.findings import severities
from auditor.report.prose.numbers import count

if TYPE_CHECKING:
    from auditor.model.report import AuditReport


def one_line(report: AuditReport) -> str:
    """Return the answer of a report, without a line end."""
    if report.guideline is not None:
        from auditor.report.prose.guideline import guideline_headline

        return guideline_headline(report.guideline)
    if report.proof is not None:
        from auditor.report.prose.proof import proof_headline

        return proof_headline(report.proof)
    if report.criteria is not None:
        from auditor.report.prose import criteria

        return criteria.headline(report.criteria)
    if report.profile is not None:
        from auditor.report.prose.profile import profile_headline

        return profile_headline(report.profile)
    if report.verdict is not None:
        from auditor.report.prose.story import headline  # a scan has neither verdict nor cost

        return headline(report.verdict)
    if report.overhead is not None:
        from auditor.report.prose.cost import summary

        return summary(report.overhead)
    if report.variance is not None:
        from auditor.report.prose import variance

        return variance.summary(report.variance)
    if report.sensitivity is not None:
        from auditor.report.prose import sensitivity

        return sensitivity.summary(report.sensitivity)
    if report.simulation is not None:
        from auditor.report.prose import simulation

        return simulation.summary(report.simulation)
    if report.findings or report.scan is not None:
        return _of_findings(report)
    return f"{count(len(report.runs), 'run')} recorded"


def _of_findings(report: AuditReport) -> str:
    """What was not looked at is part of the answer: nothing is known of it."""
    new = "new " if report.earlier else ""
    unread = f"; {len(report.skipped):,} not analysed" if report.skipped else ""
    if report.findings:
        return f"{count(len(report.findings), f'{new}finding')}: {severities(report.findings)}{unread}"
    if report.scan is None or not report.scan.files:
        return "nothing was analysed"
    return f"no {new}findings in {count(report.scan.files, 'file')}{unread}"
