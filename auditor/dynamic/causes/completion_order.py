"""Results of a pool of workers that are used in the order in which the workers finish."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.narrative import order_sentences
from auditor.model.divergence import Difference
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause

_RULE = "completion-order"
_UNPAIRED = (Difference.MISSING, Difference.EXTRA)


def find(case: Case) -> Cause | None:
    """The source takes results as they come, and what the event is given differs. High if it is proven reordered."""
    findings = case.linked(None, _RULE, everywhere=True)
    if not findings or not _can_follow_an_order(case):
        return None
    places = [finding.location for finding in case.findings if finding.key in findings]
    proof = order_sentences(case)
    told = [f"Results are used in the order in which workers finish at {line(place)}." for place in places]
    return Cause(
        kind=CAUSE.name,
        title="results are used in the order in which workers finish",
        category=Category.DATA_ORDER,
        confidence=Confidence.HIGH if proof else Confidence.MEDIUM,
        evidence=(*proof, *told),
        location=places[0],
        findings=findings,
        remedy="use executor.map or pool.imap, or store each result under its index",
    )


def _can_follow_an_order(case: Case) -> bool:
    """The event is data from outside, is given something else, or only one run has it."""
    first = case.first
    outside = case.event.kind in (EventKind.BATCH, EventKind.OUTSIDE)
    return outside or first.difference in _UNPAIRED or first.inputs_agree is False


CAUSE = CauseRule(name="completion-order", category=Category.DATA_ORDER, evidence=find)
