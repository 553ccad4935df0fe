"""Two trainings, criterion by criterion: a row each, what differs first in front."""

from __future__ import annotations

from auditor.model.criteria import Agreement, CriteriaReport, CriterionResult, Parting
from auditor.model.report import AuditReport
from auditor.model.variance import Criterion
from auditor.model.verdict import Status
from auditor.report.prose.numbers import count, percent
from auditor.report.prose.page import WIDTH, Page, Style, wrap
from auditor.report.prose.story import STYLES, add_runs
from auditor.report.prose.tensors import gap, magnitude_words

MAX_REASONS = 3
_STYLE = {Agreement.EQUAL: Style.GOOD, Agreement.DIFFERS: Style.ERROR, Agreement.NOT_SEEN: Style.WARNING}


_NOUNS = {
    Criterion.OVERALL: "metrics",
    Criterion.PER_CLASS: "classes",
    Criterion.PREDICTIONS: "samples",
    Criterion.LOSSES: "losses",
    Criterion.WEIGHTS: "tensors",
    Criterion.TRACE: "events",
    Criterion.FILES: "files",
}


def add_criteria(page: Page, report: AuditReport, criteria: CriteriaReport, verbosity: int) -> None:
    """Add both sides, the answer, what it rests on, and every criterion."""
    if report.runs:
        add_runs(page, report.runs)
    else:
        page.add(f"reference {criteria.reference}")
        page.add(f"candidate {criteria.candidate}")
    page.add()
    page.sentence(headline(criteria), style=STYLES[criteria.status])
    page.sentence(criteria.basis)
    page.add()
    for result in criteria.results:
        _add_row(page, result, verbosity)
    if report.runs and criteria.status is Status.DIVERGENT:
        page.add()
        page.add(f"  repro-audit compare {criteria.reference} {criteria.candidate}    where the runs part, and why")


def headline(criteria: CriteriaReport) -> str:
    """The answer in one line: the first criterion that differs, and where."""
    counted = [each for each in criteria.results if not criteria.chosen or each.criterion in criteria.chosen]
    equal = sum(each.agreement is Agreement.EQUAL for each in counted)
    if criteria.first is not None:
        result = next(each for each in criteria.results if each.criterion is criteria.first)
        return f"DIVERGENT: {_name(result)} differ{_s(result)} first{_at(result.first)}"
    told = f"{equal} of {count(len(counted), 'criterion', 'criteria')}"
    if criteria.status is Status.REPRODUCIBLE:
        seen = "" if equal == len(counted) else "; the others were not seen"
        return f"REPRODUCIBLE: equal in {told}{seen}"
    return f"INCONCLUSIVE: equal in {told}, too much was not seen" if equal else "INCONCLUSIVE: no criterion was seen"


def _name(result: CriterionResult) -> str:
    return {"overall": "the overall metric", "per-class": "a metric of a class"}.get(
        result.criterion.value, f"the {result.criterion.value}"
    )


def _s(result: CriterionResult) -> str:
    return "s" if result.criterion.value in ("overall", "per-class", "trace") else ""


def _at(first: Parting | None) -> str:
    if first is None:
        return ""
    values = f" ({first.reference} and {first.candidate})" if first.reference and first.candidate else ""
    return f", at {first.place}{values}"


def _add_row(page: Page, result: CriterionResult, verbosity: int) -> None:
    label = f"  {result.criterion.value:<12} "
    style = _STYLE[result.agreement]
    word = f"{result.agreement.value:<9} "
    texts = _texts(result, verbosity)
    width = WIDTH - len(label) - len(word)
    lines = [line for text in texts for line in wrap(text, width)] or [""]
    for index, line in enumerate(lines):
        if index:
            page.add(" " * (len(label) + len(word)), line)
        else:
            page.add((label, Style.FAINT), (word, style), line)


def _texts(result: CriterionResult, verbosity: int) -> list[str]:
    if result.agreement is Agreement.NOT_SEEN:
        shown = result.reasons if verbosity > 0 else result.reasons[:MAX_REASONS]
        more = len(result.reasons) - len(shown)
        return [*shown, *([f"… and {more} more (-v)"] if more else [])]
    if result.agreement is Agreement.EQUAL:
        return [result.held]
    return _differing(result)


def _differing(result: CriterionResult) -> list[str]:
    """Where first, what more is known, how many and by how much."""
    first = result.first
    noun = _NOUNS[result.criterion]
    share = f"{result.differing:,} of {result.compared:,} {noun} differ ({percent(result.differing, result.compared)})"
    if first is None:
        return [share]
    values = f": {first.reference} and {first.candidate}" if first.reference and first.candidate else ""
    told = [f"first at {first.place}{values}"]
    if first.note:
        told.append(first.note)
    if first.magnitude is not None and first.magnitude.differing:
        told.append(magnitude_words(first.magnitude) if first.magnitude.total > 1 else f"by {gap(first.magnitude)}")
    of_all = first.magnitude is not None and first.magnitude.total == result.compared
    return told if of_all or result.compared == 1 else [*told, share]
