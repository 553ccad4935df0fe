"""Randomness that the program asks the system for itself: `os.urandom`, `uuid4`, `secrets`, a generator's seed."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.dynamic.evidence import ONE_TAPE, Asked, Case, CauseRule, Intervention, line
from auditor.dynamic.generator import Drawn, suspects
from auditor.dynamic.narrative import what_differs
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause

_SHOWN = 3
_UNWATCHED = (Drawn.MADE_EARLIER, Drawn.UNSEEN)


def find(case: Case) -> Cause | None:
    """Runs on one tape agree, so randomness is the cause, and no watched generator holds it. High if one line asks."""
    tried = is_open(case)
    asked = by_the_program(case, tried.asked) if tried is not None else []
    if not asked:
        return None
    first = asked[0]
    told = [
        f"{each.call} is asked for randomness at {line(each.site)} ({each.times:,} {_times(each.times)})."
        for each in asked[:_SHOWN]
    ]
    if len(asked) > _SHOWN:
        told.append(f"{len(asked) - _SHOWN:,} more lines do so.")
    return Cause(
        kind=CAUSE.name,
        title=f"randomness is taken from the system at {line(first.site)}",
        category=Category.SEEDING,
        confidence=Confidence.HIGH if len(asked) == 1 else Confidence.MEDIUM,
        evidence=(f"Three more runs that were given the same randomness agree at {what_differs(case)}.", *told),
        location=first.site,
        findings=case.linked(Category.SEEDING, at=first.site),
        remedy="draw it from a generator with a fixed seed, as in random.Random(seed).randbytes(n)",
    )


def is_open(case: Case) -> Intervention | None:
    """The runs on one tape, where they agree at what differs and no generator that is watched explains it."""
    tried = case.intervention(ONE_TAPE)
    if tried is None or not tried.agreed or case.first.inputs_agree is True:
        return None
    return None if any(suspect.drawn not in _UNWATCHED for suspect in suspects(case)) else tried


def by_the_program(case: Case, asked: Sequence[Asked]) -> list[Asked]:
    """Without the `random.Random` that the standard library makes for itself, to name temporary files."""
    traces = [trace for side in case.sides for trace in side.lineage()]
    made = {(seed.site.path, seed.site.line) for trace in traces for seed in trace.seeds if seed.site is not None}
    return [each for each in asked if each.call != "random.seed" or (each.site.path, each.site.line) in made]


def _times(count: int) -> str:
    return "time" if count == 1 else "times"


CAUSE = CauseRule(name="system-entropy", category=Category.SEEDING, evidence=find)
