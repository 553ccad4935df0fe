"""An RNG library that is seeded only after the first draw that matters."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.generator import Drawn, Seeding, suspects, title
from auditor.dynamic.narrative import generator_cause
from auditor.model.rule import Category
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """The seeding call exists in both runs, but behind the divergent event."""
    found = [s for s in suspects(case) if s.seeding is Seeding.TOO_LATE and s.drawn is not Drawn.UNSEEN]
    if not found:
        return None
    suspect = found[0]
    seed = suspect.seeds[0]
    where = line(seed.site) if seed is not None else "a later line"
    name = f"{title(suspect.library)} is seeded at {where}, after it was drawn from at {line(case.site)}"
    return generator_cause(case, CAUSE.name, suspect, len(found) - 1, name)


CAUSE = CauseRule(name="seeded-too-late", category=Category.SEEDING, evidence=find)
