"""For people: a scan by file, two runs as a story, a cost as a table."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.report.prose.answer import one_line
from auditor.report.prose.findings import add_findings, add_scan_summary, add_skipped
from auditor.report.prose.page import Page

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.report import RenderOptions


def render(report: AuditReport, options: RenderOptions) -> str:
    """Return what fits the report's content: verdict, cost, recorded run or scan."""
    page = Page()
    if options.verbosity < 0:
        page.add(one_line(report))
    elif report.guideline is not None:
        from auditor.report.prose.guideline import add_guideline

        add_guideline(page, report, report.guideline, options.verbosity)
    elif report.proof is not None:
        from auditor.report.prose.proof import add_proof  # each part is loaded for the reports that have it

        add_proof(page, report, report.proof)
    elif report.criteria is not None:
        from auditor.report.prose.criteria import add_criteria

        add_criteria(page, report, report.criteria, options.verbosity)
    elif report.profile is not None:
        from auditor.report.prose.profile import add_profile

        add_profile(page, report, report.profile, options.verbosity)
    elif report.verdict is not None:
        from auditor.report.prose.story import add_story

        add_story(page, report, report.verdict, options.verbosity)
    elif report.overhead is not None:
        from auditor.report.prose.cost import add_overhead

        add_overhead(page, report.overhead)
    elif report.variance is not None:
        from auditor.report.prose.variance import add_variance

        add_variance(page, report.variance, options.verbosity)
        add_skipped(page, "Not read", report.skipped, options.verbosity)
    elif report.sensitivity is not None:
        from auditor.report.prose.sensitivity import add_sensitivity

        add_sensitivity(page, report.sensitivity, options.verbosity)
    elif report.simulation is not None:
        from auditor.report.prose.simulation import add_simulation

        add_simulation(page, report.simulation, options.verbosity)
    elif report.runs:
        from auditor.report.prose.recorded import add_recorded

        add_recorded(page, report, options.verbosity)
    else:
        add_findings(page, report)
        add_scan_summary(page, report, options)
    return page.text(color=options.color, ascii=options.ascii)


RENDERER = render
