"""An RNG library that the program never seeds, or seeds from the system's entropy: another sequence in every run."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.dynamic.generator import Drawn, Seeding, suspects, title
from auditor.dynamic.narrative import generator_cause, in_worker, seeding_findings
from auditor.model.rule import Category
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """The surest suspect without a seed. One that nobody was seen drawing from needs the scan to speak for it."""
    if in_worker(case):
        return None
    found = [
        suspect
        for suspect in suspects(case)
        if suspect.seeding in (Seeding.NEVER, Seeding.ENTROPY)
        and (suspect.drawn is not Drawn.UNSEEN or seeding_findings(case, suspect.library))
    ]
    if not found:
        return None
    name = title(found[0].library)
    verb = "is never seeded" if found[0].seeding is Seeding.NEVER else "is seeded from the system's entropy"
    rivals = sum(suspect.drawn is found[0].drawn for suspect in found) - 1
    return generator_cause(case, CAUSE.name, found[0], rivals, f"{name} {verb}")


CAUSE = CauseRule(name="unseeded-rng", category=Category.SEEDING, evidence=find)
