"""A collective that gives something else although no rank differs before it: used before it was waited for."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.order import is_collective, step
from auditor.model.divergence import Difference
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """In every rank the first difference is what a collective brought, or comes at a later step."""
    first = case.first
    if first.difference is not Difference.VALUE or first.inputs_agree is False:
        return None
    others = [(other, other.reference or other.candidate) for other in case.comparison.others]
    if not is_collective(case.event.identity.op) or not all(
        event is not None and (is_collective(event.identity.op) or step(other) > step(first)) for other, event in others
    ):
        return None
    return Cause(
        kind=CAUSE.name,
        title=f"{case.event.identity.op} gives other results though no rank differs before it",
        category=Category.OPERATORS,
        confidence=Confidence.MEDIUM,
        evidence=(
            f"No traced tensor of any rank differs before {case.event.identity.op} at {line(case.site)}.",
            "A tensor that is read or written between an asynchronous collective and its wait() depends on timing.",
        ),
        location=case.site,
        findings=case.linked(None),
        remedy="call wait() on what an asynchronous collective returned before its tensors are used again",
    )


CAUSE = CauseRule(name="collective-race", category=Category.OPERATORS, evidence=find, depth=1)
