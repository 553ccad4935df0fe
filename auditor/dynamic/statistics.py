"""Medians and bootstrap intervals in plain Python. Every resampling takes its seed from the caller."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from auditor.model.overhead import Interval

RESAMPLES = 4000
LEVEL = 0.95


def median(values: Sequence[float]) -> float:
    """Return the middle value, the mean of the middle two for an even number; ValueError for none."""
    if not values:
        raise ValueError("the median of no values")
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie, interpolated between neighbours."""
    if not values:
        raise ValueError("a quantile of no values")
    if not 0 <= share <= 1:
        raise ValueError(f"no share: {share}")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def bootstrap_interval(
    values: Sequence[float],
    *,
    seed: int,
    statistic: Callable[[Sequence[float]], float] = median,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Return the percentile bootstrap interval of a statistic.

    The values must be independent of each other: runs, not the steps of one run. With fewer than about eight values
    the interval covers less than its level says.
    """
    rng = random.Random(seed)
    found = [statistic(rng.choices(values, k=len(values))) for _ in range(resamples)]
    margin = (1 - level) / 2
    return Interval(low=quantile(found, margin), high=quantile(found, 1 - margin), level=level)
