"""A tensor that came from outside torch with other values, and nothing that is watched explains it."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """Low: says where to look, and what was looked at in vain."""
    if case.event.kind not in (EventKind.OUTSIDE, EventKind.BATCH):
        return None
    return Cause(
        kind=CAUSE.name,
        title=f"other values come in from outside torch at {line(case.site)}",
        category=Category.DATA_ORDER,
        confidence=Confidence.LOW,
        evidence=(
            "The tensor was made by no torch op: it came from numpy, a file or another library.",
            "Not watched: clocks, os.urandom, uuid, the order of sets, the order in which threads finish.",
        ),
        location=case.site,
        findings=case.linked(None),
        remedy="follow the value from this line back to where it is made",
    )


CAUSE = CauseRule(name="outside-source", category=Category.DATA_ORDER, evidence=find, depth=3)
