"""Randomness inside a data loader's worker that the loader's own seeding does not reach."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.dynamic.generator import Drawn, Seeding, suspects, title
from auditor.dynamic.narrative import generator_cause, in_worker
from auditor.model.lean import replace
from auditor.model.rule import Category
from auditor.model.verdict import Cause

_REMEDY = (
    "draw from torch or from the globally seeded libraries in the data set, or make the generator from "
    "torch.initial_seed() in worker_init_fn; give the DataLoader a seeded generator"
)


def find(case: Case) -> Cause | None:
    """The first divergence is in a worker, and a generator there differs."""
    if not in_worker(case):
        return None
    found = [s for s in suspects(case) if s.seeding is not Seeding.SAME and s.drawn is not Drawn.UNSEEN]
    if not found:
        return None
    suspect = found[0]
    rivals = sum(each.drawn is suspect.drawn for each in found) - 1
    name = f"{title(suspect.library)} differs in worker process {case.first.process}"
    cause = generator_cause(case, CAUSE.name, suspect, rivals, name)
    place = f"The first difference is in worker process {case.first.process}, before the main process used its batch."
    return replace(cause, evidence=(place, *cause.evidence), remedy=_REMEDY)


CAUSE = CauseRule(name="worker-rng", category=Category.SEEDING, evidence=find)
