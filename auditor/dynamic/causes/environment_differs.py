"""The runs did not have the same versions, devices, switches or environment variables."""

from __future__ import annotations

from auditor.dynamic.evidence import Case, CauseRule
from auditor.model.rule import Category, Confidence
from auditor.model.verdict import Cause
from auditor.runs.environment import differences, from_fields

SHOWN = 8
_OTHER_CAUSES = ("threads",)


def find(case: Case) -> Cause | None:
    """Medium if the op got the same inputs in both runs; else low. The number of threads has a cause of its own."""
    environments = [from_fields(side.trace.environment) for side in case.sides if side.trace is not None]
    if len(environments) < 2 or not all(environment.python for environment in environments):
        return None
    found = [entry for entry in differences(*environments) if entry[0] not in _OTHER_CAUSES]
    if not found:
        return None
    evidence = [f"{name}: {a} in the reference, {b} in the candidate." for name, a, b in found[:SHOWN]]
    if len(found) > SHOWN:
        evidence.append(f"{len(found) - SHOWN} more settings differ.")
    return Cause(
        kind=CAUSE.name,
        title="the runs had different environments",
        category=Category.ENVIRONMENT,
        confidence=Confidence.MEDIUM if case.first.inputs_agree is True else Confidence.LOW,
        evidence=tuple(evidence),
        location=None,
        findings=(),
        remedy="run both in the same environment, then compare again",
    )


CAUSE = CauseRule(name="environment-differs", category=Category.ENVIRONMENT, evidence=find, depth=1)
