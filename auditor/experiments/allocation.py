"""How often to run each layer where all may be run so many times in the mean: more often where noise hurts more."""

from __future__ import annotations

import math
from collections.abc import Sequence


def allocate(midpoints: Sequence[float], budget: float, power: float) -> tuple[int, ...]:
    """Return executions for each layer, proportional to midpoint^(-power), by largest remainder.

    The sum is `budget` times the number of layers, rounded to the nearest whole; each layer has at least one. Raises
    `ValueError` for a budget below 1 and for midpoints that are not above 0.
    """
    if budget < 1:
        raise ValueError(f"a budget of {budget:g} executions a layer leaves some layers without any")
    if not midpoints or min(midpoints) <= 0:
        raise ValueError("midpoints must be above 0, and there must be some")
    total = int(budget * len(midpoints) + 0.5)
    smallest = min(midpoints)
    weights = [(midpoint / smallest) ** -power for midpoint in midpoints]
    counts = [1] * len(midpoints)
    free = list(range(len(midpoints)))
    # Layers whose share is below one get one; what is left is divided among the others.
    while True:
        left = total - (len(midpoints) - len(free))
        mass = sum(weights[place] for place in free)
        shares = {place: left * weights[place] / mass for place in free}
        small = [place for place in free if shares[place] < 1 - 1e-9]
        if not small:
            break
        free = [place for place in free if place not in small]
    for place in free:
        counts[place] = int(shares[place] + 1e-9)
    remainders = sorted(free, key=lambda place: (counts[place] - shares[place], place))
    for place in remainders[: total - sum(counts)]:
        counts[place] += 1
    return tuple(counts)


def promised_midpoint(midpoints: Sequence[float], executions: Sequence[int]) -> float:
    """Return the midpoint of additive noise in all layers at once when layer i is run `executions[i]` times.

    Each layer's part of the harm is taken to grow with the square of its noise over its midpoint, and the parts to add
    up: 1 / mu^2 = sum of 1 / (n_i mu_i^2). An estimate; a walk with these executions checks it.
    """
    return 1 / math.sqrt(math.fsum(1 / (n * mu**2) for mu, n in zip(midpoints, executions, strict=True)))
