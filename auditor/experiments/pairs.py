"""Means over all pairs of replicas, with intervals: churn, and the distance of weights."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from auditor.dynamic.statistics import LEVEL, quantile
from auditor.model.overhead import Interval

RESAMPLES = 1000
SEED = 0


def mean_of_pairs(count: int, measure: Callable[[int, int], float]) -> tuple[float, Interval]:
    """Return the mean of a symmetric measure over the unordered pairs of `count` replicas, and its interval.

    The interval is a bootstrap over replicas (the pairs of one replica are not independent of each other); pairs of a
    replica with itself, which a resample holds, are left out. `measure` is asked once for each pair. ValueError below
    two replicas.
    """
    if count < 2:
        raise ValueError("pairs need two replicas")
    table = [[0.0] * count for _ in range(count)]
    for row in range(count):
        for column in range(row):
            table[row][column] = table[column][row] = measure(row, column)
    rng = random.Random(SEED)
    found = [_mean(table, rng.choices(range(count), k=count)) for _ in range(RESAMPLES)]
    margin = (1 - LEVEL) / 2
    interval = Interval(low=quantile(found, margin), high=quantile(found, 1 - margin), level=LEVEL)
    return _mean(table, range(count)), interval


def _mean(table: Sequence[Sequence[float]], chosen: Sequence[int]) -> float:
    """Mean over the pairs of different replicas; 0 where a resample holds one replica only."""
    counts: dict[int, int] = {}
    for index in chosen:
        counts[index] = counts.get(index, 0) + 1
    members = sorted(counts.items())
    total = weight = 0.0
    for place, (row, times) in enumerate(members):
        values = table[row]
        for column, others in members[:place]:
            total += times * others * values[column]
            weight += times * others
    return total / weight if weight else 0.0
