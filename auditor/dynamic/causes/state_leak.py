"""The second run reads a file that the first one left behind: a checkpoint, a cache."""

from __future__ import annotations

import os

from auditor.dynamic.evidence import LATER_RUNS, Case, CauseRule, line
from auditor.dynamic.leak import Leak, leaks, leaks_outside
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause

NEAR = 50

_INSIDE = "start from an empty folder, or compare with --isolate copy; name the checkpoint to resume from"
_OUTSIDE = "remove the file before each run, or make what is read from it the same as what is computed without it"


def find(case: Case) -> Cause | None:
    """High if the divergent event comes from the line that read the file, or right after it; else medium.

    A file outside the project may be a library's cache, which is read right before much else: high only if a third run
    agrees with the candidate as well. That alone is no proof: a draw with two outcomes makes every other one agree.
    """
    everywhere = leaks_outside(case.reference.traces, case.candidate.traces)
    if case.reference.record is not None:
        everywhere += leaks(case.reference.record, case.candidate.traces)
    found = [leak for leak in everywhere if _is_before(case, leak)]
    if not found:
        return None
    leak = min(found, key=lambda each: (not _is_here(case, each), -each.event))
    evidence = [
        f"The candidate read {each.path} at {line(each.site)}; the reference had written it." for each in found[:5]
    ]
    if _is_here(case, leak):
        evidence.append(f"The first difference, at {line(case.site)}, comes right after {leak.path} was read.")
    outside = os.path.isabs(leak.path)
    later = case.intervention(LATER_RUNS)
    first_is_odd = later is not None and later.agreed
    if first_is_odd:
        evidence.append(
            "A third run agrees with the candidate up to this step: of the three only the first is different."
        )
    return Cause(
        kind=CAUSE.name,
        title=f"state leaks between runs: {leak.path}",
        category=Category.RESUME,
        confidence=Confidence.HIGH if _is_here(case, leak) and (first_is_odd or not outside) else Confidence.MEDIUM,
        evidence=tuple(evidence),
        location=leak.site,
        findings=case.linked(Category.RESUME, at=leak.site),
        remedy=_OUTSIDE if outside else _INSIDE,
    )


def _is_before(case: Case, leak: Leak) -> bool:
    return leak.process != case.first.process or leak.event <= case.candidate.row


def _is_here(case: Case, leak: Leak) -> bool:
    """The divergence is a tensor or an op at the line that read the file, or among the next few events."""
    if leak.process != case.first.process:
        return False
    event = case.first.candidate or case.first.instead
    at_line = event is not None and event.site is not None and event.site == leak.site
    return at_line or 0 <= case.candidate.row - leak.event <= NEAR


CAUSE = CauseRule(name="state-leak", category=Category.RESUME, evidence=find)
