"""An op that reads memory which nothing was written to."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, Side, line
from auditor.model.location import Location
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause
from auditor.probe import wire

LOOK_BACK = 64  # rows between an op and the row that tells where its unwritten input was made


def find(case: Case) -> Cause | None:
    """High if all that was written is equal: then only what was never written can differ. Points at the `empty`."""
    event = case.event
    if not event.reads_uninitialised or case.first.candidate is None or case.first.reference is None:
        return None
    a, b = case.first.reference, case.first.candidate
    same = (a.inputs, a.arguments, a.state) == (b.inputs, b.arguments, b.state)
    origin = _origin(case.reference)
    place = origin or event.site
    evidence = [f"{event.identity.op} at {line(event.site)} reads a tensor of which not every element was written."]
    if origin is not None:
        evidence.append(f"Its memory was allocated, not filled, at {line(origin)}.")
    if same:
        evidence.append("All that was written to its inputs, its other arguments and generator states are equal.")
    closeup = case.first.closeup
    if closeup is not None and closeup.replay is not None and closeup.replay.distinct == 1:
        evidence.append(f"Called {closeup.replay.calls} times on the same bytes it gives one result: the op is sound.")
    return Cause(
        kind=CAUSE.name,
        title=f"uninitialised memory from {line(place)} is read",
        category=Category.OPERATORS,
        confidence=Confidence.HIGH if same else Confidence.MEDIUM,
        evidence=tuple(evidence),
        location=place,
        findings=case.linked(Category.OPERATORS, at=origin),
        remedy="make it with torch.zeros, or write every element before it is read",
    )


def _origin(side: Side) -> Location | None:
    """Site of the allocation: the tainted read has a row of its own right before the op."""
    if side.trace is None:
        return None
    events = side.trace.events
    thread = events["thread"][side.row]
    for row in range(side.row - 1, max(side.row - LOOK_BACK, 0) - 1, -1):
        found = events[row]
        tainted = found["kind"] == wire.OUTSIDE and found["flags"] & wire.READS_UNINITIALISED
        if tainted and found["thread"] == thread:
            return side.trace.event(row).site
    return None


CAUSE = CauseRule(name="uninitialized-memory", category=Category.OPERATORS, evidence=find)
