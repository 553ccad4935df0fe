"""A process beside the one that differs, which draws from a global generator that nothing seeds in it."""

from __future__ import annotations

import os
import shlex

from auditor.dynamic.causes.system_entropy import by_the_program, is_open
from auditor.dynamic.evidence import Case, CauseRule, Unseeded
from auditor.dynamic.generator import seed_advice, title
from auditor.dynamic.narrative import what_differs
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause

_SHOWN = 3
_LONGEST = 60


def find(case: Case) -> Cause | None:
    """Runs on one tape agree, so randomness is the cause. High where nothing else of the program asked for any."""
    tried = is_open(case)
    own = {trace.name for side in case.sides for trace in side.lineage()}
    found = [each for each in tried.unseeded if each.process not in own] if tried is not None else []
    if tried is None or not found:
        return None
    first = found[0]
    more = len(found) - _SHOWN
    told = [_sentence(each) for each in found[:_SHOWN]]
    return Cause(
        kind=CAUSE.name,
        title=f"{title(first.library)} is never seeded in a process that the program starts",
        category=Category.SEEDING,
        confidence=Confidence.MEDIUM if len(found) > 1 or by_the_program(case, tried.asked) else Confidence.HIGH,
        evidence=(
            f"Three more runs that were given the same randomness agree at {what_differs(case)}.",
            *told,
            *([f"{more:,} more processes do so."] if more > 0 else []),
        ),
        location=case.site,
        findings=case.linked(Category.SEEDING),
        remedy=f"in that process, {seed_advice(first.library)}",
    )


def _sentence(drawn: Unseeded) -> str:
    name = title(drawn.library)
    return f"Process {drawn.process} ({_command(drawn)}) drew from {name}, and no call in it seeds that."


def _command(drawn: Unseeded) -> str:
    words = [os.path.basename(drawn.argv[0]), *drawn.argv[1:]] if drawn.argv else ["another interpreter"]
    text = shlex.join(words).replace("\n", " ")
    return f"`{text}`" if len(text) <= _LONGEST else f"`{text[:_LONGEST]}…`"


CAUSE = CauseRule(name="unseeded-process", category=Category.SEEDING, evidence=find)
