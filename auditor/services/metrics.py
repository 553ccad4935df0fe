"""Results of trainings that others ran: which of them agree, and how far they spread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import auditor
from auditor.dynamic.statistics import LEVEL
from auditor.errors import UsageError
from auditor.experiments.criteria import count_pairs, distinct
from auditor.experiments.pairs import RESAMPLES, SEED
from auditor.experiments.spread import CLASS_RESAMPLES, group_spread
from auditor.model.report import AuditReport
from auditor.model.variance import PairCounts, Replica, VarianceReport
from auditor.runs.icse22 import UNSEEDED, Result, SetUp, read_results

FORMATS = ("icse22",)
SAME_SEED = "same seed"
RECORD_REPLAY = "record and replay"


def import_metrics(source: Path, kind: str, *, ddof: int = 0, artifact: bool = False) -> AuditReport:
    """Read the results in `source` and say what agrees and what spreads.

    Raises `UsageError` for an unknown kind, for what cannot be read, and where there are no results.
    """
    if kind not in FORMATS:
        raise UsageError(f"--format: there is no `{kind}`; there is: {', '.join(FORMATS)}")
    results, skipped = read_results(source)
    groups = [
        group_spread(set_up.group(), [result.replica for result in members], ddof=ddof, artifact=artifact)
        for set_up, members in _by_set_up(results)
        if set_up.seed == UNSEEDED and set_up.mode == "norecord" and len(members) > 1
    ]
    variance = VarianceReport(
        source=source.name,
        results=len(results),
        ddof=ddof,
        artifact=artifact,
        pairs=(*_same_seed(results), *_record_replay(results)),
        groups=tuple(groups),
        warnings=tuple(_dependent(results)),
        method=(
            f"Intervals: {100 * LEVEL:.0f} % percentile bootstrap over replicas, {RESAMPLES:,} resamples "
            f"({CLASS_RESAMPLES:,} for a class), seed {SEED}."
        ),
    )
    return AuditReport(
        tool=f"repro-audit {auditor.__version__}", project=source.name, skipped=tuple(skipped), variance=variance
    )


def _by_set_up(results: Iterable[Result]) -> list[tuple[SetUp, list[Result]]]:
    return [(set_up, list(members)) for set_up, members in groupby(results, key=lambda result: result.set_up)]


def _same_seed(results: Sequence[Result]) -> list[PairCounts]:
    """Runs 1 and 2 of every seed, by group."""
    pairs: dict[str, list[tuple[Replica, Replica]]] = {}
    for set_up, members in _by_set_up(results):
        if set_up.seed == UNSEEDED or set_up.mode != "norecord":
            continue
        first, *others = (result.replica for result in members)
        pairs.setdefault(set_up.group(), []).extend((first, other) for other in others)
    return [count_pairs(group, SAME_SEED, found) for group, found in pairs.items() if found]


def _record_replay(results: Sequence[Result]) -> list[PairCounts]:
    """Every recorded run with the replay of the same number."""
    recorded: dict[tuple[str, int, int], Replica] = {}
    pairs: dict[str, list[tuple[Replica, Replica]]] = {}
    for result in results:
        if result.set_up.mode == "record":
            recorded[(result.set_up.group(), result.set_up.seed, result.number)] = result.replica
    for result in results:
        earlier = recorded.get((result.set_up.group(), result.set_up.seed, result.number))
        if result.set_up.mode == "replay" and earlier is not None:
            pairs.setdefault(result.set_up.group(), []).append((earlier, result.replica))
    return [count_pairs(group, RECORD_REPLAY, found) for group, found in pairs.items()]


def _dependent(results: Sequence[Result]) -> Iterator[str]:
    """Groups whose spread says nothing: runs whose randomness should be their own are equal."""
    for set_up, members in _by_set_up(results):
        if set_up.seed != UNSEEDED or set_up.mode == "replay" or len(members) < 2:
            continue
        own = len(distinct(result.replica for result in members))
        recorded = ", recorded" if set_up.mode == "record" else ""
        if own == 1:
            told = f"all {len(members)} are equal in every criterion"
        elif own < len(members):
            told = f"only {own} of {len(members)} are distinct"
        else:
            continue
        yield f"{set_up.group()}{recorded}: replicas are not independent: {told}."
