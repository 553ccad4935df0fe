"""The midpoint noise level of a curve: a fit of a logistic, its interval, and a check that needs no fit.

quality(sigma) = low + (high - low) / (1 + exp(k (log10 sigma - log10 mu))), low and high in [0, 1], k > 0 (Borras,
Klein, Fröning, arXiv 2212.10430). Least squares: for each (log10 mu, k) of a grid the best low and high are known in
closed form; the grid is then drawn closer around the best place. That needs no start values and cannot get lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditor.dynamic.statistics import LEVEL, quantile
from auditor.model.lean import dataclass
from auditor.model.overhead import Interval

RESAMPLES = 200
SEED = 20_221_220
MIN_SLOPE, MAX_SLOPE = 0.5, 60.0
"""Per decade: from a fall over ten decades to a fall within a tenth of one."""

_ALIKE = 0.15
"""Levels scatter alike whose fitted qualities are not further apart than about this share of the fall."""

_LEAST_FREE = 0.3
"""Of the measurements; the parameters take the rest where there are few."""

_FEWEST_FREE = 3.0
"""Degrees of freedom; with fewer an interval says nothing any more, and levels further off tell something as well."""

_STEPS = 41
_ZOOM = 9
_LEVELS = 5
_TINY = 1e-12
Array = np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The qualities measured at one noise level."""

    sigma: float
    """Above 0."""

    values: tuple[float, ...]
    """At least one, each in [0, 1]."""

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted logistic."""

    midpoint: float
    slope: float
    high: float
    low: float

    def at(self, sigma: float) -> float:
        """Return the fitted quality."""
        return self.low + (self.high - self.low) * falling(math.log10(sigma / self.midpoint), self.slope)


def falling(decades: float, slope: float) -> float:
    """Return 1 / (1 + exp(slope * decades))."""
    power = slope * decades
    return 0.0 if power > 700 else 1 / (1 + math.exp(power))


def fit(levels: Sequence[Observed]) -> Fit:
    """Return the least-squares logistic through the means; needs at least three levels."""
    x, means, weights = _arrays(levels)
    return _fits(x, means[None, :], weights)[0]


def fit_with_interval(levels: Sequence[Observed], resamples: int = RESAMPLES, seed: int = SEED) -> tuple[Fit, Interval]:
    """Return the fit and the bootstrap interval of its midpoint.

    Curves are drawn around the fit. How far a measurement scatters is taken from the residuals at levels of about the
    same quality: a curve is quiet at its ends and not on its way down. As many residuals as there are say how well that
    is known.
    """
    x, means, weights = _arrays(levels)
    best = _fits(x, means[None, :], weights)[0]
    fitted = np.array([best.at(level.sigma) for level in levels])
    spread, freedom = _scatter(levels, best, fitted, _leverage(x, weights, best))
    rng = np.random.default_rng(seed)
    doubt = np.sqrt(freedom / rng.chisquare(freedom, size=(resamples, 1)))
    drawn = fitted + rng.standard_normal((resamples, len(levels))) * doubt * spread / np.sqrt(weights)
    found = [each.midpoint for each in _fits(x, np.clip(drawn, 0, 1), weights)]
    margin = (1 - LEVEL) / 2
    low, high = quantile(found, margin), quantile(found, 1 - margin)
    return best, Interval(low=min(low, best.midpoint), high=max(high, best.midpoint), level=LEVEL)


def _leverage(x: Array, weights: Array, best: Fit) -> Array:
    """Return how much of its own mean each level's fit is: the parameters that its measurements pay for."""
    height = np.array([falling(each - math.log10(best.midpoint), best.slope) for each in x])
    steep = (best.high - best.low) * height * (1 - height)
    away = x - math.log10(best.midpoint)
    slopes = np.stack([height, 1 - height, best.slope * steep, -away * steep], axis=1) * np.sqrt(weights)[:, None]
    left, sizes, _ = np.linalg.svd(slopes, full_matrices=False)
    paid: Array = (left[:, sizes > 1e-6 * sizes[0]] ** 2).sum(axis=1)
    return paid


def _scatter(levels: Sequence[Observed], best: Fit, fitted: Array, paid: Array) -> tuple[Array, float]:
    """Return the standard deviation of one measurement, by level, and the degrees of freedom at the midpoint."""
    counts = np.array([float(len(level.values)) for level in levels])
    squares = np.array(
        [sum((value - mean) ** 2 for value in level.values) for level, mean in zip(levels, fitted, strict=True)]
    )
    apart = (fitted[:, None] - fitted[None, :]) / max(_ALIKE * (best.high - best.low), _TINY)
    near = np.exp(-0.5 * apart**2)
    free = np.maximum(near @ (counts - paid), _LEAST_FREE * (near @ counts))
    middle = int(np.abs(fitted - (best.high + best.low) / 2).argmin())
    return np.sqrt(near @ squares / free), max(float(free[middle]), _FEWEST_FREE)


def crossing(levels: Sequence[Observed], target: float) -> float | None:
    """Return the sigma at which the curve falls through `target`, interpolated in log sigma; None if it never does.

    The curve is made monotone first (neighbours that rise are averaged), so that noise in it makes no second crossing.
    """
    heights = monotone([level.mean for level in levels], [len(level.values) for level in levels])
    for left, right, above, below in zip(levels, levels[1:], heights, heights[1:], strict=False):
        if above > target >= below:
            start, end = math.log10(left.sigma), math.log10(right.sigma)
            return float(10 ** (start + (above - target) / (above - below) * (end - start)))
    return None


def monotone(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the nearest sequence that never rises (pool adjacent violators)."""
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return [mean for mean, _, count in blocks for _ in range(count)]


def _arrays(levels: Sequence[Observed]) -> tuple[Array, Array, Array]:
    if len(levels) < 3:
        raise ValueError("a fit needs three noise levels")
    x = np.array([math.log10(level.sigma) for level in levels])
    means = np.array([level.mean for level in levels])
    weights = np.array([float(len(level.values)) for level in levels])
    return x, means, weights


def _fits(x: Array, curves: Array, weights: Array) -> list[Fit]:
    """Fit every row of `curves` [row, level]."""
    places = np.linspace(x[0], x[-1], _STEPS)
    slopes = np.linspace(math.log(MIN_SLOPE), math.log(MAX_SLOPE), _STEPS)
    grid = np.stack([np.repeat(places, _STEPS), np.tile(slopes, _STEPS)])  # [2, candidate]
    error, low, high = _errors(x, curves, weights, grid[:, None, :])
    best = error.argmin(axis=1)
    centre = grid[:, best]  # [2, row]
    width = np.array([(x[-1] - x[0]) / (_STEPS - 1), math.log(MAX_SLOPE / MIN_SLOPE) / (_STEPS - 1)])
    around = np.linspace(-1.5, 1.5, _ZOOM)
    offsets = np.stack(np.meshgrid(around, around, indexing="ij")).reshape(2, -1)
    rows = np.arange(len(curves))
    for _ in range(_LEVELS):
        local = centre[:, :, None] + width[:, None, None] * offsets[:, None, :]
        local[0] = np.clip(local[0], x[0], x[-1])
        local[1] = np.clip(local[1], math.log(MIN_SLOPE), math.log(MAX_SLOPE))
        error, low, high = _errors(x, curves, weights, local)
        best = error.argmin(axis=1)
        centre = local[:, rows, best]
        width = width / 3
    return [
        Fit(
            midpoint=float(10 ** centre[0, row]),
            slope=float(math.exp(centre[1, row])),
            high=float(high[row, best[row]]),
            low=float(low[row, best[row]]),
        )
        for row in rows
    ]


def _errors(x: Array, curves: Array, weights: Array, grid: Array) -> tuple[Array, Array, Array]:
    """Squared error of the best low and high for each (row, candidate); `grid` is [2, row or 1, candidate]."""
    power = np.clip(np.exp(grid[1])[..., None] * (x - grid[0][..., None]), -700, 700)
    shape = 1 / (1 + np.exp(power))  # [row or 1, candidate, level]
    weighted = curves * weights
    total = weights.sum()
    s, ss = (shape * weights).sum(-1), (shape**2 * weights).sum(-1)
    y1, yy = weighted.sum(-1)[:, None], (weighted * curves).sum(-1)[:, None]
    if len(shape) == 1:
        sy = np.einsum("cl,rl->rc", shape[0], weighted)
    else:
        sy = np.einsum("rcl,rl->rc", shape, weighted)
    drop = (total * sy - s * y1) / np.maximum(total * ss - s**2, _TINY)
    low = (y1 - drop * s) / total
    # Each bound in turn: with one parameter held there, the other has its own best value.
    for _ in range(2):
        held = np.clip(low, 0, 1)
        drop = np.where(held != low, (sy - held * s) / np.maximum(ss, _TINY), drop)
        low = held
        high = np.clip(low + drop, low, 1)
        alone = (y1 - sy - high * (s - ss)) / np.maximum(total - 2 * s + ss, _TINY)
        low = np.where(high != low + drop, np.clip(alone, 0, high), low)
        drop = high - low
    error = low**2 * total + 2 * low * drop * s + drop**2 * ss - 2 * low * y1 - 2 * drop * sy + yy
    return error, low, low + drop
