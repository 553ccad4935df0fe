"""Seeds that both runs use, in another order: each item has a seed of its own, and the items come in another order."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule, line
from auditor.dynamic.generator import Drawn, Seeding, Suspect, suspects, title
from auditor.dynamic.narrative import seed_sentence
from auditor.model.rule import Category, Confidence
from auditor.model.trace import SeedCall
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """The event draws from a generator whose two seeds are each used at the same line by the other run as well."""
    found = [s for s in suspects(case) if s.drawn is not Drawn.UNSEEN and is_reordered(case, s)]
    if not found:
        return None
    suspect = found[0]
    seed = suspect.seeds[0]
    place = seed.site if seed is not None else None
    return Cause(
        kind=CAUSE.name,
        title=f"{title(suspect.library)} is given the same seeds in another order",
        category=Category.DATA_ORDER,
        confidence=Confidence.HIGH,
        evidence=(seed_sentence(suspect), f"Both runs use both of these seeds at {line(place)}, at different times."),
        location=place or case.site,
        findings=case.linked(None, at=place),
        remedy="follow the seed back to what it is made from: the order of items, of a set, of tasks",
    )


def is_reordered(case: Case, suspect: Suspect) -> bool:
    """True if what looks like another seed is one that the other run uses too, at another time."""
    if suspect.seeding is not Seeding.DIFFERS or None in suspect.seeds:
        return False
    used = [
        {_key(call) for call in side.trace.seeds} if side.trace is not None else set()
        for side in (case.candidate, case.reference)
    ]
    return all(seed is not None and _key(seed) in known for seed, known in zip(suspect.seeds, used, strict=True))


def _key(call: SeedCall) -> tuple[object, ...]:
    return call.call, call.value, line(call.site)


CAUSE = CauseRule(name="seed-order", category=Category.DATA_ORDER, evidence=find, depth=2)
