"""Memory of a tensor that was changed behind torch's back: through numpy, an extension, another process."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.replay import inputs_really_agree
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """The traces say that the inputs agree, the bytes that the close-up looked at say that they don't."""
    if case.first.inputs_agree is not True or inputs_really_agree(case) is not False:
        return None
    event = case.event
    return Cause(
        kind=CAUSE.name,
        title=f"an input of {event.identity.op} was changed without torch",
        category=Category.DATA_ORDER,
        confidence=Confidence.HIGH,
        evidence=(
            f"All that torch wrote to the inputs of {event.identity.op} at {line(event.site)} is equal.",
            "In a second pair of runs the bytes of these inputs differed when it was called.",
        ),
        location=event.site,
        findings=case.linked(Category.DATA_ORDER),
        remedy="look for code that writes to the memory of a tensor: numpy views, extensions, shared memory, threads",
    )


CAUSE = CauseRule(name="unseen-write", category=Category.DATA_ORDER, evidence=find)
