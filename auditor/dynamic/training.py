"""What a run learned: its losses, the figures it printed; and whether a patched program learns the same.

The judgement rests on the spread of the unpatched program's runs. One more such run lies, with the confidence of the
interval, within mean ± t · s · sqrt(1 + 1/n) (the prediction interval of a normal sample; Hahn and Meeker, "Statistical
Intervals", 1991, section 4.7). A patch that only fixes the seed picks one of those runs, and stays within.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from auditor.dynamic.printed import metric_values
from auditor.model.overhead import Interval
from auditor.model.proof import Likeness, MetricSpread, Training

LEVEL = 0.95
MIN_RUNS = 4
"""With fewer unpatched runs the interval is so wide that nearly everything lies in it."""

ROUNDING = 1e-4
"""Relative difference that rounding of an equal computation may grow to within a short training."""

FINAL = "final loss"
_SHARE = 0.1


def figures(losses: Sequence[float], printed: str) -> dict[str, float]:
    """What a run came to: the mean of the last tenth of its losses, and the last value of each figure it printed."""
    found = {}
    if losses:
        tail = losses[-max(1, round(_SHARE * len(losses))) :]
        found[FINAL] = fmean(tail)
    found |= metric_values(printed)
    return found


def compare_training(
    unpatched: Sequence[Mapping[str, float]], patched: Sequence[Mapping[str, float]], effect: bool
) -> Training:
    """Hold the figures of patched runs against the spread of the unpatched ones.

    `effect`: a patch is known to change draws or order, so that another course of the training is no surprise.
    """
    names = [name for name in unpatched[0] if all(name in run for run in (*unpatched, *patched))] if unpatched else []
    level = 1 - (1 - LEVEL) / max(len(names), 1)  # Bonferroni: the error is that of all figures together
    metrics = tuple(
        _spread(name, [run[name] for run in unpatched], [run[name] for run in patched], effect, level)
        for name in sorted(names, key=lambda name: (name != FINAL, name))
        if patched
    )
    if not metrics:
        reason = "No losses were seen (no scalar had backward called on it) and no figure was printed by all runs."
        return Training(likeness=Likeness.UNKNOWN, metrics=(), reason=reason)
    for likeness in (Likeness.DIFFERENT, Likeness.UNKNOWN, Likeness.SAME):
        if told := [metric for metric in metrics if metric.likeness is likeness]:
            return Training(likeness=likeness, metrics=metrics, reason=told[0].reason)
    raise AssertionError("every metric has a likeness")


def _spread(name: str, unpatched: list[float], patched: list[float], effect: bool, level: float) -> MetricSpread:
    interval = prediction_interval(unpatched, len(set(patched)), level)
    value = fmean(patched)
    likeness, words = _judge(unpatched, value, interval, effect)
    runs = f"{len(unpatched)} unpatched run{'s' if len(unpatched) != 1 else ''}"
    shown = f"{_real(min(unpatched))} to {_real(max(unpatched))}" if len(set(unpatched)) > 1 else _real(unpatched[0])
    reason = f"{name} {_real(value)} patched, {shown} in {runs}: {words}"
    return MetricSpread(
        name=name,
        unpatched=tuple(unpatched),
        patched=tuple(patched),
        interval=interval,
        likeness=likeness,
        reason=reason,
    )


def _judge(unpatched: list[float], value: float, interval: Interval | None, effect: bool) -> tuple[Likeness, str]:
    scale = max(abs(fmean(unpatched)), abs(value))
    if not math.isfinite(scale):
        broken = all(not math.isfinite(each) for each in (*unpatched, value))
        words = "not a number in any run" if broken else "not a number in some runs only"
        return (Likeness.UNKNOWN if broken else Likeness.DIFFERENT), f"{words}."
    distance = min(abs(value - each) for each in unpatched)
    if distance <= ROUNDING * scale:
        return Likeness.SAME, "equal." if not distance else f"equal up to rounding (relative {distance / scale:.0e})."
    if len(unpatched) > 1 and max(unpatched) - min(unpatched) <= ROUNDING * scale:
        away = f"{100 * distance / scale:.1f} % away"
        told = f"the unpatched runs share one course, and the patched program takes another ({away})"
        if effect:
            return Likeness.UNKNOWN, f"{told}; a patch changes draws or order once, so this was to be expected."
        return Likeness.DIFFERENT, f"{told}; no patch says that it changes draws or order. Look at what it does."
    if interval is None:
        return Likeness.UNKNOWN, f"too few runs to tell ({MIN_RUNS} are the least)."
    if interval.low <= value <= interval.high:
        return (
            Likeness.SAME,
            f"within what one more such run would give ({_real(interval.low)} to {_real(interval.high)}).",
        )
    outside = f"outside what one more such run would give ({_real(interval.low)} to {_real(interval.high)})"
    return Likeness.DIFFERENT, f"{outside}: the patches change what is learned, not only the seed."


def prediction_interval(values: Sequence[float], further: int = 1, level: float = LEVEL) -> Interval | None:
    """Where the mean of `further` more values is expected; None for fewer than `MIN_RUNS` values."""
    count = len(values)
    if count < MIN_RUNS or not all(math.isfinite(value) for value in values):
        return None
    margin = _student(count - 1, level) * stdev(values) * math.sqrt(1 / max(further, 1) + 1 / count)
    return Interval(low=fmean(values) - margin, high=fmean(values) + margin, level=level)


def _student(freedom: int, level: float) -> float:
    """The t within ±t of which Student's distribution lies with probability `level`."""
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _central(middle, freedom) < level else (low, middle)
    return math.tan(high) * math.sqrt(freedom)


def _central(angle: float, freedom: int) -> float:
    """Probability of |t| <= tan(angle) · sqrt(freedom): Abramowitz and Stegun, formulas 26.7.3 and 26.7.4."""
    odd = freedom % 2
    term, total = (math.cos(angle), 0.0) if odd else (1.0, 0.0)
    for k in range(2 + odd, freedom + 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (k - 1) / k
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total


def _real(value: float) -> str:
    return re.sub(r"e([+-])0(\d)$", r"e\1\2", f"{value:.5g}")
