"""Difference and tolerance of one layer, joined: margin = log10(tolerance / rms of the difference), in decades."""

from __future__ import annotations

import math

from auditor.dynamic.layerwise import OUTSIDE, LayerSeries
from auditor.experiments.growth import Line, fit_line
from auditor.model.lean import dataclass
from auditor.model.margin import Growth, LayerMargin, MarginState, StepDifference
from auditor.model.overhead import Interval
from auditor.model.sensitivity import ToleranceStatus

METHOD = (
    "Difference: root mean square over the elements kept of all forward passes of a step. Margin: log10 of the walk's "
    "midpoint over the greatest difference. Growth: least-squares line through log10 of the difference, 95 % block "
    "bootstrap, 1000 resamples, seed 0."
)
_ORDER = (MarginState.UNMEASURED, MarginState.UNKNOWN, MarginState.IDENTICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTolerance:
    """What a walk says of a layer."""

    name: str
    status: ToleranceStatus
    midpoint: float | None
    interval: Interval | None
    smallest_sigma: float | None
    greatest_sigma: float | None


def join(series: LayerSeries, tolerance: LayerTolerance | None, unknown: str) -> LayerMargin:
    """Return the margin of a layer. `unknown` says why there is no tolerance, where there is none."""
    differing = [step for step in series.steps if step.differing_calls]
    sized = [step for step in series.steps if step.rms]
    greatest = max(sized, key=lambda step: step.rms or 0.0, default=None)
    last = series.steps[-1] if series.steps else None
    level, interval, note = _level(tolerance, unknown)
    is_above = tolerance is not None and tolerance.status is ToleranceStatus.ABOVE
    state = _state(series, level, is_above)
    missed = sum(step.rms is None for step in series.steps)
    if state is MarginState.UNMEASURED:
        note = "; ".join(series.faults) or "it differs in the signs of zeros only"
    elif missed and state is not MarginState.IDENTICAL:
        note = "; ".join(
            [*([note] if note else []), f"in {missed:,} of {len(series.steps):,} steps: {'; '.join(series.faults)}"]
        )
    usable = state in (MarginState.MEASURED, MarginState.ABOVE)
    margin_interval = None
    if usable and interval is not None and greatest is not None and greatest.rms and interval.low > 0:
        margin_interval = Interval(
            low=math.log10(interval.low / greatest.rms),
            high=math.log10(interval.high / greatest.rms),
            level=interval.level,
        )
    return LayerMargin(
        model=series.model,
        layer=series.layer,
        type=series.type,
        state=state,
        steps=series.steps,
        first=differing[0] if differing else None,
        greatest=greatest,
        last=last,
        tolerance=level,
        tolerance_interval=interval,
        margin=_margin(level, greatest) if usable else None,
        margin_interval=margin_interval,
        first_margin=_margin(level, sized[0] if sized else None) if usable else None,
        last_margin=_margin(level, last) if usable else None,
        growth=growth(series.steps, level),
        note="" if state is MarginState.IDENTICAL else note,
    )


def ranked(layers: list[LayerMargin]) -> tuple[LayerMargin, ...]:
    """Return them by margin, smallest first; then those without one; identical ones last, in forward order."""
    with_margin = [layer for layer in layers if layer.margin is not None]
    rest = [layer for layer in layers if layer.margin is None]
    return (
        *sorted(with_margin, key=lambda layer: layer.margin or 0.0),
        *sorted(rest, key=lambda layer: _ORDER.index(layer.state)),
    )


def growth(steps: tuple[StepDifference, ...], tolerance: float | None) -> Growth | None:
    """Return how the difference grows; None with fewer than three steps that differ by a known size."""
    sized = [step for step in steps if step.rms]
    line = fit_line([step.step for step in sized], [step.rms or 0.0 for step in sized])
    if line is None:
        return None
    ulps = fit_line([step.step for step in sized], [float(step.max_ulp or 0) for step in sized])
    return Growth(
        steps=line.points,
        decades_per_step=line.slope,
        interval=line.interval,
        ulp_decades_per_step=ulps.slope if ulps else None,
        ulp_interval=ulps.interval if ulps else None,
        grows=line.grows,
        steps_to_tolerance=_steps_left(line, sized[-1].step, tolerance),
    )


def _steps_left(line: Line, last: int, tolerance: float | None) -> float | None:
    if tolerance is None or not line.grows:
        return None
    return max(0.0, (math.log10(tolerance) - line.at(last)) / line.slope)


def _state(series: LayerSeries, level: float | None, is_above: bool) -> MarginState:
    if not series.differs:
        return MarginState.IDENTICAL
    if set(series.faults) - {OUTSIDE} or not any(step.rms for step in series.steps):
        return MarginState.UNMEASURED
    if level is None:
        return MarginState.UNKNOWN
    return MarginState.ABOVE if is_above else MarginState.MEASURED


def _level(tolerance: LayerTolerance | None, unknown: str) -> tuple[float | None, Interval | None, str]:
    """The tolerance as a number, its interval, and why there is none."""
    if tolerance is None:
        return None, None, unknown
    if tolerance.status is ToleranceStatus.ABOVE:
        return tolerance.greatest_sigma, None, ""
    if tolerance.status is ToleranceStatus.BELOW:
        return None, None, f"the tolerance lies below the smallest noise that was tried, {tolerance.smallest_sigma:g}"
    if tolerance.midpoint is None:
        return None, None, "no noise can enter there"
    return tolerance.midpoint, tolerance.interval, ""


def _margin(level: float | None, step: StepDifference | None) -> float | None:
    return math.log10(level / step.rms) if level and step is not None and step.rms else None
