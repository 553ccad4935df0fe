"""One line a finding, as editors, grep and problem matchers read it; then the answer."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.report.prose.answer import one_line
from auditor.report.prose.findings import STYLES, told_once
from auditor.report.prose.page import Page, Style
from auditor.report.prose.place import place, position

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.report import RenderOptions


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return `path:line:column: severity id name: message` a finding and place, and the answer as the last line."""
    page = Page()
    names = {rule.id: rule.name for rule in report.rules}
    for finding in told_once(report.findings):
        page.add(
            f"{finding.location.path}:{position(finding.location)}: ",
            (finding.severity.value, STYLES[finding.severity]),
            f" {finding.rule_id} {names.get(finding.rule_id, '')}: {finding.message}",
            f" [patch: {finding.patch.applicability.value}]" if finding.patch else "",
        )
    for cause in report.verdict.causes if report.verdict else ():
        at = f"{place(cause.location)}: " if cause.location else ""
        page.add(f"{at}cause {cause.kind}: {cause.title} (confidence {cause.confidence.value})")
    for use in report.profile.uses if report.profile else ():
        if use.holding.value == "holds":
            at = f"{place(use.site)}: " if use.site else ""
            page.add(f"{at}non-deterministic {use.operator}: {', '.join(use.reasons)}")
    page.add((one_line(report), Style.STRONG))
    return page.text(color=options.color, ascii=options.ascii)


RENDERER = render
