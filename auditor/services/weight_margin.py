"""Final weights of two runs, and how far apart those of replicas with other seeds are, where these are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.dynamic.parameterwise import compare_parameters
from auditor.errors import TraceFormatError
from auditor.experiments.parameter_margin import join_parameters
from auditor.experiments.weightspace import weight_spread
from auditor.model.lean import dataclass
from auditor.model.margin import WeightMargin
from auditor.model.run import RunRecord
from auditor.model.variance import PairSpread
from auditor.runs import collected
from auditor.runs.collected import Collected
from auditor.runs.parameters import final_parameters
from auditor.runs.replicas import COLLECTED
from auditor.services.replica_choice import Replicas, advice, replicas_for


@dataclass(frozen=True, kw_only=True)
class WeightSpreadFound:
    """The replicas that weights are held against."""

    replicas: Replicas | None = None
    left: Sequence[Collected] = ()
    spread: PairSpread | None = None
    source: str
    """Whose spread it is; else why there is none."""


def weight_margin(
    records: tuple[RunRecord, RunRecord], stores: Sequence[Path], name: str | None = None
) -> tuple[WeightMargin | None, Replicas | None]:
    """Return how far apart the final weights are, and beside which replicas; None where a run kept none, or they are
    not alike. `name`: which replicas, as `replicas_for` takes it.
    """
    found = [collected.read_collected(Path(record.folder) / COLLECTED) for record in records]
    if found[0] is None or found[1] is None:
        return None, None
    first, second = (collected.vector(one) if one is not None else None for one in found)
    if first is None or second is None or [len(part) for part in first] != [len(part) for part in second]:
        return None, None
    distance = math.sqrt(sum(_squares(one, other) for one, other in zip(first, second, strict=True)))
    length = math.sqrt(sum(_squares(one, None) for one in first))
    if not math.isfinite(distance):
        return None, None
    beside = _beside(records[0], stores, name, [len(part) for part in first])
    mean = beside.spread.mean if beside.spread is not None else None
    apart = compare_parameters(final_parameters(found[0]), final_parameters(found[1]))
    margin = WeightMargin(
        numbers=sum(len(part) for part in first),
        distance=distance,
        relative=distance / length if length else None,
        spread=mean,
        spread_interval=beside.spread.interval if beside.spread is not None else None,
        ratio=distance / mean if mean else None,
        source=beside.source,
        replicas=len(beside.left),
        parameters=join_parameters(apart, [final_parameters(one) for one in beside.left], beside.source),
    )
    return margin, beside.replicas


def _squares(one: Any, other: Any | None) -> float:
    apart = one.astype("float64") - (0.0 if other is None else other.astype("float64"))
    return float((apart * apart).sum())


def _beside(record: RunRecord, stores: Sequence[Path], name: str | None, lengths: list[int]) -> WeightSpreadFound:
    """The newest kept replicas of the same command that lie apart and whose weights are alike."""
    none = advice(record)
    for replicas in replicas_for(record, stores, name):
        try:
            kept = [collected.read_collected(one.folder / COLLECTED) for one in replicas.kept]
            alike = [
                (one, vector)
                for one in kept
                if one is not None
                and (vector := collected.vector(one)) is not None
                and [len(part) for part in vector] == lengths
            ]
        except TraceFormatError:
            continue
        if len(alike) < 2:
            continue
        spread = weight_spread([one.digest or "" for one, _ in alike], [vector for _, vector in alike])
        if spread.plain is not None and spread.plain.mean > 0:
            left = [one for one, _ in alike]
            told = replicas.told(len(left))
            return WeightSpreadFound(replicas=replicas, left=left, spread=spread.plain, source=told)
        same = f"the replicas of {replicas.experiment.id}, {replicas.variant}, all end with the same weights"
        none = f"{same}: {none}"
    return WeightSpreadFound(source=none)
