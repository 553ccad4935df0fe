"""The runs used another number of threads, which changes the order of additions."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause


def find(case: Case) -> Cause | None:
    """Medium if the op got the same inputs in both runs; else low: the count alone proves nothing."""
    environments = [side.trace.environment for side in case.sides if side.trace is not None and side.trace.environment]
    counts = [environment.get("threads") for environment in environments]
    if len(counts) < 2 or None in counts or counts[0] == counts[1]:
        return None
    agree = case.first.inputs_agree is True
    evidence = [f"torch used {counts[0]} threads in the reference and {counts[1]} in the candidate."]
    if agree:
        evidence.append(f"{case.event.identity.op} got the same inputs in both; how it splits the work differs.")
    return Cause(
        kind=CAUSE.name,
        title=f"the runs used {counts[0]} and {counts[1]} threads",
        category=Category.ENVIRONMENT,
        confidence=Confidence.MEDIUM if agree else Confidence.LOW,
        evidence=tuple(evidence),
        location=None,
        findings=case.linked(Category.ENVIRONMENT, "thread", everywhere=True),
        remedy="set torch.set_num_threads(n), or OMP_NUM_THREADS, to the same number everywhere",
    )


CAUSE = CauseRule(name="thread-count", category=Category.ENVIRONMENT, evidence=find, depth=1)
