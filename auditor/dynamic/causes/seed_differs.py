"""A seed that is another number in every run: the time, a process id, an argument."""

from __future__ import annotations

from auditor.dynamic.causes import seed_order
from auditor.dynamic.evidence import Case, CauseRule
from auditor.dynamic.generator import Drawn, Seeding, suspects, title
from auditor.dynamic.narrative import clock_sentence, generator_cause
from auditor.model.lean import replace
from auditor.model.rule import Category
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """The last seed before the event has two values; quotes both."""
    found = [s for s in suspects(case) if s.seeding is Seeding.DIFFERS and s.drawn is not Drawn.UNSEEN]
    found = [suspect for suspect in found if not seed_order.is_reordered(case, suspect)]
    if not found:
        return None
    suspect = found[0]
    first, second = suspect.seeds
    cause = generator_cause(
        case, CAUSE.name, suspect, len(found) - 1, f"{title(suspect.library)} is seeded with another value in every run"
    )
    clock = clock_sentence(case, first, second) if first is not None and second is not None else ""
    evidence = (*cause.evidence, clock) if clock else cause.evidence
    return replace(cause, evidence=evidence, remedy="use a fixed seed, or print the seed and take it from an argument")


CAUSE = CauseRule(name="seed-differs", category=Category.SEEDING, evidence=find)
