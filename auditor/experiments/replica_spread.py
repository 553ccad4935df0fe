"""The spread of numbers over replicas: a standard deviation for each of them, in one figure, and how sure it is.

The interval is that of the standard deviation of n normal values, from the chi-square distribution with n - 1 degrees
of freedom (Cochran, "The distribution of quadratic forms in a normal system", 1934): as if all numbers of a parameter
moved together, so that many numbers make it no narrower. It is rather too wide than too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from auditor.dynamic.statistics import LEVEL
from auditor.model.overhead import Interval

BLOCK = 1 << 18
"""Numbers of a replica that are looked at at a time."""


def square_deviations(replicas: Sequence[Any]) -> float:
    """Return the sum over all places of the variance over replicas, divided by n - 1; infinite or NaN where they are.

    `replicas`: flat float arrays of one length, one a replica; ValueError below two.
    """
    import numpy

    if len(replicas) < 2:
        raise ValueError("a spread needs two replicas")
    total = 0.0
    with numpy.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(replicas[0]), BLOCK):
            rows = numpy.stack([each[start : start + BLOCK].astype(numpy.float64) for each in replicas])
            if not numpy.isfinite(rows).all():
                return math.nan
            apart = rows - rows.mean(axis=0)
            # Equal numbers have a mean that rounding may take off them.
            apart[:, (rows == rows[0]).all(axis=0)] = 0.0
            total += float((apart * apart).sum()) / (len(replicas) - 1)
    return total


def deviation_interval(replicas: int) -> Interval:
    """Return between which multiples of a measured standard deviation the true one lies; ValueError below two."""
    if replicas < 2:
        raise ValueError("a spread needs two replicas")
    freedom, tail = replicas - 1, (1 - LEVEL) / 2
    return Interval(
        low=math.sqrt(freedom / chi_square_quantile(1 - tail, freedom)),
        high=math.sqrt(freedom / chi_square_quantile(tail, freedom)),
        level=LEVEL,
    )


def chi_square_quantile(share: float, freedom: int) -> float:
    """Return what a chi-square variable stays below with probability `share`, 0 < share < 1."""
    low, high = 0.0, float(freedom)
    while _chi_square_below(high, freedom) < share:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if _chi_square_below(middle, freedom) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _chi_square_below(value: float, freedom: int) -> float:
    """The regularised lower incomplete gamma function of freedom / 2, by its power series."""
    if value <= 0:
        return 0.0
    shape, x = freedom / 2, value / 2
    term = math.exp(shape * math.log(x) - x - math.lgamma(shape + 1))
    total = 0.0
    number = shape
    while term > total * 1e-17:
        total += term
        number += 1
        term *= x / number
    return min(1.0, total)
