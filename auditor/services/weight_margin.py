"""Final weights of two runs, and how far apart those of replicas with other seeds are, where these are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.experiments.variants import ALGORITHMIC, BOTH
from auditor.experiments.weightspace import weight_spread
from auditor.model.margin import WeightMargin
from auditor.model.run import RunRecord
from auditor.model.variance import PairSpread
from auditor.runs import collected, replicas
from auditor.services.program import command_line


def weight_margin(records: tuple[RunRecord, RunRecord], stores: Sequence[Path]) -> WeightMargin | None:
    """Return how far apart the final weights are; None where a run kept none, or they are not alike."""
    found = [collected.read_collected(Path(record.folder) / replicas.COLLECTED) for record in records]
    vectors = [collected.vector(one) if one is not None else None for one in found]
    first, second = vectors
    if first is None or second is None or [len(part) for part in first] != [len(part) for part in second]:
        return None
    distance = math.sqrt(sum(_squares(one, other) for one, other in zip(first, second, strict=True)))
    length = math.sqrt(sum(_squares(one, None) for one in first))
    if not math.isfinite(distance):
        return None
    spread, source = _spread(records[0], stores, [len(part) for part in first])
    mean = spread.mean if spread is not None else None
    return WeightMargin(
        numbers=sum(len(part) for part in first),
        distance=distance,
        relative=distance / length if length else None,
        spread=mean,
        spread_interval=spread.interval if spread is not None else None,
        ratio=distance / mean if mean else None,
        source=source,
    )


def _squares(one: Any, other: Any | None) -> float:
    apart = one.astype("float64") - (0.0 if other is None else other.astype("float64"))
    return float((apart * apart).sum())


def _spread(record: RunRecord, stores: Sequence[Path], lengths: list[int]) -> tuple[PairSpread | None, str]:
    """The spread of the newest kept replicas of the same command whose seeds differ, and whose they are."""
    advice = f"no spread known: {command_line('variance', record.argv, '--vary-seeds')}"
    for store in stores:
        for experiment in replicas.experiments_of(store, record.argv[1:]):
            for variant in (BOTH.name, ALGORITHMIC.name):
                try:
                    kept = [
                        collected.read_collected(one.folder / replicas.COLLECTED)
                        for one in experiment.replicas(variant)
                    ]
                    whole = [
                        (one.digest, vector) for one in kept if one and (vector := collected.vector(one)) is not None
                    ]
                except TraceFormatError:
                    continue
                alike = [(digest, vector) for digest, vector in whole if [len(part) for part in vector] == lengths]
                if len(alike) < 2:
                    continue
                spread = weight_spread([digest or "" for digest, _ in alike], [vector for _, vector in alike])
                if spread.plain is not None and spread.plain.mean > 0:
                    return spread.plain, f"{len(alike)} replicas of {experiment.id}, {variant}"
                advice = f"the replicas of {experiment.id}, {variant}, all end with the same weights: {advice}"
    return None, advice
