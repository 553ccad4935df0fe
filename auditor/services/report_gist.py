"""What is kept of a report: the cause in short, the criteria, and what differed although nothing was varied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.experiments.variants import CONTROL, IMPLEMENTATION
from auditor.model.evidence import KeptCause
from auditor.model.proof import Proof
from auditor.model.report import AuditReport
from auditor.model.variance import GroupSpread
from auditor.model.verdict import Cause, Status
from auditor.report.prose.numbers import count


def apart_replicas(groups: Iterable[GroupSpread]) -> str:
    """What replicas came to in which everything was fixed, or everything but the operators; empty where they agree."""
    told = []
    for group in groups:
        results = max(group.distinct, group.weights.distinct if group.weights is not None else 0)
        if group.name in (IMPLEMENTATION.name, CONTROL.name) and group.replicas > 1 and results > 1:
            told.append(f"{group.replicas} replicas of `{group.name}` came to {results} different results")
    return "; ".join(told)


def apart_in_proof(proof: Proof) -> str:
    """Whether runs without any patch differed."""
    plain = next((each for each in proof.rounds if not each.patches), None)
    if plain is None or plain.status is not Status.DIVERGENT:
        return ""
    return f"{count(plain.runs, 'run')} without patches differed"


def kept_cause(causes: Sequence[Cause]) -> KeptCause | None:
    if not causes:
        return None
    best = causes[0]
    return KeptCause(
        title=best.title,
        category=best.category,
        confidence=best.confidence,
        evidence=best.evidence[0] if best.evidence else "",
        remedy=best.remedy,
    )


def criteria_of(report: AuditReport) -> tuple[str, ...]:
    """In what runs were held against each other, as the report has it."""
    if report.variance is not None:
        groups = [group for group in report.variance.groups if group.replicas > 1]  # others may have failed
        names = {metric.name for group in groups for metric in group.metrics}
        names |= {"accuracy over classes" for group in groups if group.classes}
        names |= {"churn of predictions" for group in groups if group.churn is not None}
        names |= {"distance of weights" for group in groups if group.weights is not None}
        names |= {"overall metric" for group in groups if group.overall is not None and not group.metrics}
        return tuple(sorted(names))
    if report.verdict is not None and report.verdict.status is not Status.INCONCLUSIVE:
        return ("every traced tensor, bit for bit",)
    return ()
