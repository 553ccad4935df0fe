"""Processes that train the same tensors in shared memory (Hogwild): who writes first is left to chance."""

from __future__ import annotations

import numpy as np

from auditor.dynamic.evidence import Case, CauseRule, Side, line
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause
from auditor.probe import wire


def find(case: Case) -> Cause | None:
    """Several processes of a run take optimizer steps, and the tensor lies in memory that all of them can write to."""
    if not is_open(case):
        return None
    return Cause(
        kind=CAUSE.name,
        title="processes write to shared memory in no fixed order",
        category=Category.ENVIRONMENT,
        confidence=Confidence.HIGH,
        evidence=(
            f"The tensor at {line(case.site)} lies in memory that other processes can write to.",
            f"{_trainers(case.reference)} processes take optimizer steps, and nothing makes one wait for another.",
        ),
        location=case.site,
        findings=case.linked(None),
        remedy="one process alone updates the weights, or gradients are added up in a fixed order (all-reduce)",
    )


def is_open(case: Case) -> bool:
    """True if the tensor that came from outside may have been written to by another process that trains."""
    shared = case.event.kind is EventKind.OUTSIDE and case.event.shared
    return shared and min(_trainers(side) for side in case.sides) > 1


def _trainers(side: Side) -> int:
    traces = side.traces.processes.values()
    return sum(1 for trace in traces if np.any(trace.events["kind"] == wire.STEP))


CAUSE = CauseRule(name="shared-memory", category=Category.ENVIRONMENT, evidence=find)
