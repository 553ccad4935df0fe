"""An op that is passed another number, or another argument that is no tensor."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.model.divergence import Difference
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """High that it happened; where Python has the number from is another cause."""
    a, b = case.first.reference, case.first.candidate
    if a is None or b is None or case.first.difference is not Difference.ARGUMENT or a.state != b.state:
        return None
    op, place = case.event.identity.op, line(case.site)
    return Cause(
        kind=CAUSE.name,
        title=f"{op} at {place} is passed another number",
        category=Category.FRAMEWORK,
        confidence=Confidence.HIGH,
        evidence=("Its tensor inputs agree; a number, or another argument that is no tensor, does not.",),
        location=case.site,
        findings=case.linked(None),
        remedy="follow the argument back to where it is made: a clock, a draw, the environment",
    )


CAUSE = CauseRule(name="argument-differs", category=Category.FRAMEWORK, evidence=find, depth=2)
