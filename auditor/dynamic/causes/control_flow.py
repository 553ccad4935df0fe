"""The runs took different ways through the program."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.model.divergence import Difference
from auditor.model.rule import Category, Confidence
from auditor.model.trace import TraceEvent
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """High that it happened, since one run has an event that the other lacks; what decided the way is another cause."""
    first = case.first
    if first.difference not in (Difference.MISSING, Difference.EXTRA, Difference.PROCESS):
        return None
    mine, theirs = ("reference", "candidate") if first.reference is not None else ("candidate", "reference")
    evidence = [f"The {mine} runs {_what(case.event)}; the {theirs} does not, there."]
    if first.moved:
        evidence = [f"The {mine} runs {_what(case.event)} here; the {theirs} runs the same later, in another order."]
    if first.difference is Difference.PROCESS:
        evidence = [f"Process {first.process} exists in the {mine} only; it begins with {_what(case.event)}."]
    elif first.instead is not None:
        evidence.append(f"The {theirs} goes on with {_what(first.instead)}.")
    else:
        evidence.append(f"The {theirs} had ended by then.")
    return Cause(
        kind=CAUSE.name,
        title=f"the runs take different ways at {line(case.site)}",
        category=Category.FRAMEWORK,
        confidence=Confidence.HIGH,
        evidence=tuple(evidence),
        location=case.site,
        findings=case.linked(None),
        remedy="find what the branch or loop at these lines depends on: a draw, the time, the order of a set",
    )


def _what(event: TraceEvent) -> str:
    return f"{event.identity.op or event.kind.value} at {line(event.site)}"


CAUSE = CauseRule(name="control-flow", category=Category.FRAMEWORK, evidence=find, depth=2)
