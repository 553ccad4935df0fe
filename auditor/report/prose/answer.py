"""The whole answer in one line."""

from __future__ import annotations

from auditor.model.report import AuditReport
from auditor.report.prose.cost import summary
from auditor.report.prose.findings import severities
from auditor.report.prose.numbers import count
from auditor.report.prose.proof import proof_headline
from auditor.report.prose.story import headline


def one_line(report: AuditReport) -> str:
    """Return the answer of a report, without a line end."""
    if report.proof is not None:
        return proof_headline(report.proof)
    if report.verdict is not None:
        return headline(report.verdict)
    if report.overhead is not None:
        return summary(report.overhead)
    new = "new " if report.earlier else ""
    if report.findings:
        return f"{count(len(report.findings), f'{new}finding')}: {severities(report.findings)}"
    if report.scan is not None:
        return (
            f"no {new}findings in {count(report.scan.files, 'file')}" if report.scan.files else "nothing was analysed"
        )
    return f"{count(len(report.runs), 'run')} recorded"
