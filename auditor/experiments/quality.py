"""How a metric becomes a quality: 1 at its best, 0 at its worst, whatever its unit and direction."""

from __future__ import annotations

import math

from auditor.model.lean import dataclass

HIGHER = "max"
LOWER = "min"
RISE = 0.05
"""A metric between 0 and 1 that is so much greater under the greatest noise is no share of what is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One metric's way to a quality."""

    direction: str
    """`max` where more is better, else `min`."""

    baseline: float
    """The metric without noise."""

    worst: float | None
    """What stands for 0; None where the metric is a share, or counts down from its baseline."""

    @property
    def words(self) -> str:
        """The formula, for people."""
        if self.direction == LOWER:
            return "quality = metric without noise / metric, at most 1: one half where it has doubled"
        if self.worst is None:
            return "quality = metric"
        return (
            f"quality = (metric - w) / (metric without noise - w), from 0 to 1; w = {self.worst:.6g}, the metric with "
            f"the greatest noise everywhere"
        )

    def quality(self, value: float) -> float:
        """Return a quality in [0, 1]; 0 for what is not finite."""
        if not math.isfinite(value):
            return 0.0
        if self.direction == LOWER:
            return 1.0 if value <= self.baseline else self.baseline / value
        if self.worst is None:
            return min(max(value, 0.0), 1.0)
        return min(max((value - self.worst) / (self.baseline - self.worst), 0.0), 1.0)


def choose_scale(direction: str, baseline: float, greatest_noise: float) -> Scale:
    """Return the scale of a metric; `greatest_noise` is its value with the greatest noise everywhere.

    Raises `ValueError` where the metric cannot show a loss: the baseline is no number, a metric to be lowered is not
    above 0 or falls, one without bounds does not fall, or a share rises.
    """
    if not math.isfinite(baseline):
        raise ValueError(f"the metric without noise is {baseline}")
    if direction == LOWER:
        if baseline <= 0:
            raise ValueError(f"a metric that is better when lower must be above 0 without noise, and is {baseline:g}")
        if greatest_noise < baseline * (1 - RISE):
            raise ValueError(
                f"the metric does not rise: {baseline:g} without noise, {greatest_noise:g} with the greatest noise; if "
                "more is better, name it without :min"
            )
        return Scale(direction=LOWER, baseline=baseline, worst=None)
    if 0 <= baseline <= 1 and not greatest_noise < 0:
        if greatest_noise > baseline + RISE:
            raise ValueError(
                f"the metric rises: {baseline:g} without noise, {greatest_noise:g} with the greatest noise; if less is "
                "better, say so with --metric NAME:min"
            )
        return Scale(direction=HIGHER, baseline=baseline, worst=None)
    if not greatest_noise < baseline:
        raise ValueError(
            f"the metric does not fall: {baseline:g} without noise, {greatest_noise:g} with the greatest noise; "
            "if less is better, say so with --metric NAME:min"
        )
    return Scale(direction=HIGHER, baseline=baseline, worst=greatest_noise)
