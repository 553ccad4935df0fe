"""Walking noise: which noise levels to try at one injection point, and what the curve says about its tolerance.

Works on a function that measures; who evaluates the model is the service's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from auditor.experiments.midpoint import RESAMPLES, Fit, Observed, crossing, fit_with_interval, monotone
from auditor.model.lean import dataclass
from auditor.model.overhead import Interval
from auditor.model.sensitivity import ToleranceStatus

Measured = Iterator[float]
Measure = Callable[[Sequence[tuple[float, int]]], Measured]
"""(sigma, number of the repeat) of several measurements → quality of each in [0, 1]."""

COARSE = 8
"""Levels, at most, that an adaptive sweep begins with."""

GAIN = 3
"""An adaptive sweep makes at most one of so many evaluations of the grid, but never fewer than `LEAST`."""

LEAST = 14
FEW = 6
"""Fewer levels than these are measured one and all."""

NEAR_DECADES = 0.6
"""Levels as near as this to the midpoint are repeated."""

FLAT = 0.1
"""A curve has levelled off where its last decade holds less than this share of its whole fall."""

ROUGH_RESAMPLES = 60
"""For the question whether a sweep may stop."""

VISIBLE = 0.05
"""A fall, or a height above chance, that counts."""


class Sweep:
    """What was measured at one injection point; levels are those of the grid, above 0 and rising."""

    def __init__(self, sigmas: Sequence[float]) -> None:
        self.sigmas = tuple(sigmas)
        self._values: dict[int, list[float]] = {}

    @property
    def evaluations(self) -> int:
        return sum(len(values) for values in self._values.values())

    def levels(self) -> tuple[Observed, ...]:
        """Return the levels that were measured, by rising sigma."""
        return tuple(Observed(sigma=self.sigmas[at], values=tuple(self._values[at])) for at in sorted(self._values))

    def add(self, at: int, quality: float) -> None:
        """Note one more measurement of a level."""
        self._values.setdefault(at, []).append(quality)

    def has(self, at: int) -> int:
        """Return how often a level was measured."""
        return len(self._values.get(at, ()))


Batches = Iterator[tuple[int, ...]]
"""Levels to be measured next, each as often as it is named; all are in the sweep before the next ones are asked for."""


def sweep_grid(sigmas: Sequence[float], repeats: int, measure: Measure) -> Sweep:
    """Measure every level `repeats` times."""
    sweep = Sweep(sigmas)
    _measure(sweep, grid_batches(sweep, repeats), measure)
    return sweep


def sweep_adaptive(
    sigmas: Sequence[float], repeats: int, measure: Measure, *, top: float, precision: float, floor: float | None
) -> Sweep:
    """Measure the levels of `adaptive_batches`, batch after batch."""
    sweep = Sweep(sigmas)
    _measure(sweep, adaptive_batches(sweep, repeats, top=top, precision=precision, floor=floor), measure)
    return sweep


def _measure(sweep: Sweep, batches: Batches, measure: Measure) -> None:
    for batch in batches:
        wanted = [(sweep.sigmas[at], sweep.has(at) + batch[:place].count(at)) for place, at in enumerate(batch)]
        for at, quality in zip(batch, measure(wanted), strict=True):
            sweep.add(at, quality)


def grid_batches(sweep: Sweep, repeats: int) -> Batches:
    """Every level `repeats` times."""
    yield tuple(at for at in range(len(sweep.sigmas)) for _ in range(repeats))


def adaptive_batches(sweep: Sweep, repeats: int, *, top: float, precision: float, floor: float | None) -> Batches:
    """Coarse levels, then those around the midpoint, then these again until its interval is narrow.

    `top`: quality without noise; `floor`: chance, None where it is not known. `precision`: half width of the interval
    relative to the midpoint. Levels are those of the grid, so that both kinds of sweep measure the same thing.
    """
    sigmas = sweep.sigmas
    stride = max(1, math.ceil((len(sigmas) - 1) / (COARSE - 1)))
    yield tuple(sorted({*range(0, len(sigmas), stride), len(sigmas) - 1}))
    most = max(LEAST, len(sigmas) * repeats // GAIN)
    levels = sweep.levels()
    place = crossing(levels, (top + levels[-1].mean) / 2)
    if place is None or top - levels[-1].mean < VISIBLE:
        return
    fresh = [at for at in _nearest(sigmas, place, stride) if not sweep.has(at)]
    if fresh := fresh[: max(0, most - sweep.evaluations)]:
        yield tuple(fresh)
    while True:
        found = tolerance(sweep, top=top, floor=floor, resamples=ROUGH_RESAMPLES)
        if found.midpoint is None or found.interval is None:
            return
        near = [at for at in _nearest(sigmas, found.midpoint, 2 * stride) if sweep.has(at)]
        near = [at for at in near if abs(math.log10(sigmas[at] / found.midpoint)) <= NEAR_DECADES] or near[:2]
        wanted = [at for at in near if sweep.has(at) < repeats]
        fewest = min((sweep.has(at) for at in wanted), default=0)
        if fewest != 1 and _narrow(found.interval, found.midpoint, precision):
            return
        chosen = [at for at in wanted if sweep.has(at) == fewest]
        if not chosen or sweep.evaluations + len(chosen) > most:
            return
        yield tuple(sorted(chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a curve says; the fields are those of `Tolerance`."""

    status: ToleranceStatus
    fit: Fit | None = None
    midpoint: float | None = None
    interval: Interval | None = None
    crossing: float | None = None
    midpoint_to_chance: float | None = None


def tolerance(sweep: Sweep, *, top: float, floor: float | None, resamples: int = RESAMPLES) -> Found:
    """Judge a curve. `top`: quality without noise. `floor`: by chance; None: unknown, plateaus are not judged."""
    levels = sweep.levels()
    heights = monotone([level.mean for level in levels], [len(level.values) for level in levels])
    bottom = heights[-1]
    ground = bottom if floor is None else min(floor, bottom)
    half = (top + ground) / 2
    if heights[0] <= half and top - ground >= VISIBLE:
        return Found(status=ToleranceStatus.BELOW)
    fell = top - bottom >= VISIBLE
    flat = fell and _is_flat(levels, heights, top)
    to_chance = crossing(levels, half)
    if not fell or (floor is not None and to_chance is None and not flat):
        return Found(status=ToleranceStatus.ABOVE)
    without_fit = crossing(levels, (top + bottom) / 2)
    if len(levels) < 4:
        return Found(
            status=ToleranceStatus.MEASURED, midpoint=without_fit, crossing=without_fit, midpoint_to_chance=to_chance
        )
    fit, bootstrapped = fit_with_interval(levels, resamples)
    # Four parameters leave hardly a residual in so few single measurements: an interval from these would say too much.
    single = min(len(level.values) for level in levels) == 1
    interval = None if single and len(levels) < FEW else bootstrapped
    above = floor is not None and min(fit.low, bottom) - floor > max(VISIBLE, FLAT * (top - floor))
    return Found(
        status=ToleranceStatus.PLATEAU if flat and above else ToleranceStatus.MEASURED,
        fit=fit,
        midpoint=fit.midpoint,
        interval=interval,
        crossing=without_fit,
        midpoint_to_chance=to_chance,
    )


def _is_flat(levels: Sequence[Observed], heights: Sequence[float], top: float) -> bool:
    """True where the curve has come to rest: hardly any of its fall is in its last decade."""
    last = levels[-1].sigma
    before = [height for level, height in zip(levels, heights, strict=True) if level.sigma <= last / 10 * 1.001]
    return bool(before) and before[-1] - heights[-1] <= FLAT * (top - heights[-1])


def _nearest(sigmas: Sequence[float], place: float, count: int) -> list[int]:
    """Return the levels around a place, nearest first."""
    order = sorted(range(len(sigmas)), key=lambda at: (abs(math.log10(sigmas[at] / place)), at))
    return order[: count + 2]


def _narrow(interval: Interval, midpoint: float, precision: float) -> bool:
    return (interval.high - interval.low) / 2 <= precision * midpoint
