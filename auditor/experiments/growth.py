"""Does a difference grow with the steps? A line through log10 of it, with a block bootstrap of its slope.

Neighbouring steps are not independent of each other, so whole stretches of about the cube root of their number are
drawn (Künsch, 1989), with a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditor.dynamic.statistics import LEVEL
from auditor.model.lean import dataclass
from auditor.model.overhead import Interval

RESAMPLES = 1000
SEED = 0
MOST_POINTS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """log10(value) = intercept + slope · step."""

    slope: float
    interval: Interval
    intercept: float
    points: int

    @property
    def grows(self) -> bool:
        return self.interval.low > 0

    def at(self, step: float) -> float:
        """Return the fitted log10 of the value."""
        return self.intercept + self.slope * step


def fit_line(steps: Sequence[int], values: Sequence[float]) -> Line | None:
    """Fit a line to log10 of the values above 0; None with fewer than three of them at different steps."""
    pairs = [(step, math.log10(value)) for step, value in zip(steps, values, strict=True) if value > 0]
    if len({step for step, _ in pairs}) < 3:
        return None
    thin = -(-len(pairs) // MOST_POINTS)
    x, y = (np.array(column, np.float64) for column in zip(*pairs[::thin], strict=True))
    count = len(x)
    block = max(1, round(count ** (1 / 3)))
    rng = np.random.default_rng(SEED)
    starts = rng.integers(0, count, (RESAMPLES, -(-count // block)))
    chosen = ((starts[:, :, None] + np.arange(block)) % count).reshape(RESAMPLES, -1)[:, :count]
    slopes = _slopes(x[chosen], y[chosen])
    slopes = slopes[np.isfinite(slopes)]
    slope = float(_slopes(x[None], y[None])[0])
    ends = (1 - LEVEL) / 2
    low, high = (float(value) for value in np.quantile(slopes, (ends, 1 - ends)))
    intercept = float(y.mean() - slope * x.mean())
    return Line(slope=slope, interval=Interval(low=low, high=high, level=LEVEL), intercept=intercept, points=len(pairs))


def _slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares slopes, one a row; NaN where all places are the same."""
    x = x - x.mean(axis=1, keepdims=True)
    spread = (x * x).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes: np.ndarray = (x * y).sum(axis=1) / spread
    return slopes
