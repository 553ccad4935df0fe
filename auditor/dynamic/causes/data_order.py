"""The same data in another order, proven from the digests of rows."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.narrative import order_sentences
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """High: equal row digests in other places are a proof of what happened. What changed the order is another cause."""
    evidence = order_sentences(case)
    if not evidence:
        return None
    return Cause(
        kind=CAUSE.name,
        title=f"the data come in another order at {line(case.site)}",
        category=Category.DATA_ORDER,
        confidence=Confidence.HIGH,
        evidence=tuple(evidence),
        location=case.site,
        findings=case.linked(Category.DATA_ORDER),
        remedy="make the order a function of the seed alone: a seeded generator, sorted files, in_order=True",
    )


CAUSE = CauseRule(name="data-order", category=Category.DATA_ORDER, evidence=find, depth=2)
