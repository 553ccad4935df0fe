"""Distances of final weights: mean over pairs of ‖a - b‖ and of ‖a/‖a‖ - b/‖b‖‖ (Zhuang et al., MLSys 2022)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from auditor.experiments.pairs import mean_of_pairs
from auditor.model.variance import PairSpread, WeightSpread


def weight_spread(digests: Sequence[str], vectors: Sequence[Sequence[Any]]) -> WeightSpread:
    """Return how far weights lie apart.

    `digests`: one a replica, of all bits. `vectors`: one a replica whose numbers were kept, each a sequence of flat
    float arrays, alike in number and length; others, and
    weights that are not finite, make the distances unknown. Sums are in float64.
    """
    lengths = {tuple(len(part) for part in vector) for vector in vectors}
    comparable = len(vectors) == len(digests) >= 2 and len(lengths) == 1 and sum(next(iter(lengths))) > 0
    normalised = plain = None
    if comparable:
        norms = [math.sqrt(sum(_dot(part, part) for part in vector)) for vector in vectors]
        comparable = all(map(math.isfinite, norms))  # weights that are not numbers have no distance
    if comparable:
        normalised = _pairs(vectors, [1 / norm if norm else 0.0 for norm in norms])
        plain = _pairs(vectors, [1.0] * len(vectors))
    return WeightSpread(
        replicas=len(digests),
        distinct=len(set(digests)),
        numbers=sum(next(iter(lengths))) if len(lengths) == 1 else 0,
        normalised=normalised,
        plain=plain,
    )


def _pairs(vectors: Sequence[Sequence[Any]], scales: Sequence[float]) -> PairSpread:
    def distance(row: int, column: int) -> float:
        total = 0.0
        for one, other in zip(vectors[row], vectors[column], strict=True):
            apart = one.astype("float64") * scales[row] - other.astype("float64") * scales[column]
            total += _dot(apart, apart)
        return math.sqrt(total)

    mean, interval = mean_of_pairs(len(vectors), distance)
    return PairSpread(mean=mean, interval=interval)


def _dot(one: Any, other: Any) -> float:
    return float((one.astype("float64") * other.astype("float64")).sum())
