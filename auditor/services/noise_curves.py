"""What was measured at one injection point, as the report tells it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from auditor.experiments.noise import Sweep, tolerance
from auditor.experiments.quality import Scale
from auditor.model.lean import dataclass
from auditor.model.sensitivity import NoiseLevel, Tolerance, ToleranceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """By what all curves of a walk are judged."""

    scale: Scale
    top: float
    """Quality without noise."""

    floor: float | None
    """Quality by chance; None where nobody knows."""


def told(
    name: str,
    index: int | None,
    sweep: Sweep,
    values: Mapping[int, Sequence[float]],
    yardstick: Yardstick,
    executions: int,
) -> Tolerance:
    """Return the report on a sweep; `values`: the metric by number of the level."""
    found = tolerance(sweep, top=yardstick.top, floor=yardstick.floor)
    curve = []
    for at in sorted(values):
        quality = math.fsum(yardstick.scale.quality(value) for value in values[at]) / len(values[at])
        shown = tuple(value if math.isfinite(value) else None for value in values[at])
        curve.append(NoiseLevel(sigma=sweep.sigmas[at], values=shown, quality=quality))
    return Tolerance(
        name=name,
        index=index,
        status=found.status,
        midpoint=found.midpoint,
        interval=found.interval,
        crossing=found.crossing,
        midpoint_to_chance=found.midpoint_to_chance,
        highest=found.fit.high if found.fit else None,
        lowest=found.fit.low if found.fit else None,
        slope=found.fit.slope if found.fit else None,
        executions=executions,
        evaluations=sweep.evaluations,
        curve=tuple(curve),
    )


def impossible(name: str, index: int | None) -> Tolerance:
    """Return the report on a point where no noise can enter."""
    return Tolerance(
        name=name,
        index=index,
        status=ToleranceStatus.IMPOSSIBLE,
        midpoint=None,
        interval=None,
        crossing=None,
        midpoint_to_chance=None,
        highest=None,
        lowest=None,
        slope=None,
        executions=1,
        evaluations=0,
        curve=(),
    )


def noise_seed(seed: int, subject: str, sigma: float, repeat: int) -> int:
    """Return the seed of one evaluation's noise: the same for the same layer, level and repeat, whatever the sweep."""
    text = f"{seed} {subject} {sigma!r} {repeat}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "little")
