"""A generator that starts alike in both runs, but of which more was drawn in one of them."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.dynamic.generator import Drawn, Seeding, suspects, title
from auditor.dynamic.narrative import seed_sentence, state_sentences
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """Medium: the states differ in spite of equal seeds, so something unseen drew, or threads took turns."""
    found = [
        suspect
        for suspect in suspects(case)
        if suspect.seeding is Seeding.SAME and suspect.drawn in (Drawn.BY_EVENT, Drawn.AROUND)
    ]
    if not found:
        return None
    suspect = found[0]
    return Cause(
        kind=CAUSE.name,
        title=f"{title(suspect.library)} was drawn from more often in one run",
        category=Category.SEEDING,
        confidence=Confidence.MEDIUM,
        evidence=(*state_sentences(case, suspect), seed_sentence(suspect)),
        location=case.site,
        findings=case.linked(Category.SEEDING),
        remedy="give what draws here a generator of its own; look for threads and for draws whose number varies",
    )


CAUSE = CauseRule(name="generator-shifted", category=Category.SEEDING, evidence=find, depth=2)
