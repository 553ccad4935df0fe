"""Do two groups of runs differ: in place (Wilcoxon's rank sum), in spread (Brown and Forsythe), by how much (Cliff).

Plain Python, because neither scipy nor numpy is a dependency.

* Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1(6), 1945; two-sided. Exact by counting
  all ways to choose the first group, ties included, up to `EXACT_VALUES` values; else normal, corrected for ties and
  continuity.
* Brown, Forsythe, "Robust tests for the equality of variances", JASA 69(346), 1974: an analysis of variance of the
  absolute distances from each group's median.
* Cliff, "Dominance statistics", Psychological Bulletin 114(3), 1993. Which delta is small or large: Romano, Kromrey,
  Coraggio, Skowronek, "Appropriate statistics for ordinal level data", Florida Association of Institutional Research,
  2006.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.dynamic.statistics import median
from auditor.model.overhead import EffectSize

EXACT_VALUES = 40
FEWEST = 3
"""Values of a group without which its spread cannot be held against another's."""

_ROUNDING = 1e-13
_EFFECTS = ((0.147, EffectSize.NEGLIGIBLE), (0.33, EffectSize.SMALL), (0.474, EffectSize.MEDIUM))


def rank_sum(first: Sequence[float], second: Sequence[float]) -> tuple[float, bool]:
    """Return the two-sided p-value and whether it is exact; ValueError for an empty group."""
    if not first or not second:
        raise ValueError("the rank sum of no values")
    ranks = _doubled_ranks([*first, *second])
    total = sum(ranks[: len(first)])
    if len(ranks) <= EXACT_VALUES:
        return _exact(ranks, len(first), total), True
    return _normal(ranks, len(first), total), False


def brown_forsythe(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the p-value for equal spreads; None where the values don't tell.

    That is for fewer than three in a group, and where all values of a group lie equally far from its median: two values
    always do, so that the formula divides by zero and any difference would look certain.
    """
    if len(first) < FEWEST or len(second) < FEWEST:
        return None
    distances = [[abs(value - median(group)) for value in group] for group in (first, second)]
    count = len(first) + len(second)
    means = [math.fsum(group) / len(group) for group in distances]
    whole = math.fsum(means[index] * len(group) for index, group in enumerate(distances)) / count
    between = math.fsum(len(group) * (means[index] - whole) ** 2 for index, group in enumerate(distances))
    within = math.fsum((value - means[index]) ** 2 for index, group in enumerate(distances) for value in group)
    if within <= count * (_ROUNDING * max(map(abs, (*first, *second)))) ** 2:
        return None
    statistic = between / (within / (count - 2))
    return _f_tail(statistic, 1, count - 2)


def cliffs_delta(first: Sequence[float], second: Sequence[float]) -> float:
    """Return P(first > second) - P(first < second), -1 to 1."""
    above = sum(a > b for a in first for b in second)
    below = sum(a < b for a in first for b in second)
    return (above - below) / (len(first) * len(second))


def effect_size(delta: float) -> EffectSize:
    """Return what a Cliff's delta is called; its sign does not matter."""
    return next((effect for limit, effect in _EFFECTS if abs(delta) < limit), EffectSize.LARGE)


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the ranks from 1, so that those of ties are whole numbers."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranks = [0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for index in order[start : end + 1]:
            ranks[index] = start + end + 2
        start = end + 1
    return ranks


def _exact(ranks: Sequence[int], size: int, total: int) -> float:
    """Count the choices of `size` ranks by their sum."""
    ways: list[dict[int, int]] = [{0: 1}, *({} for _ in range(size))]
    for rank in ranks:
        for chosen in range(size, 0, -1):
            for subtotal, number in ways[chosen - 1].items():
                ways[chosen][subtotal + rank] = ways[chosen].get(subtotal + rank, 0) + number
    counted = ways[size]
    below = sum(number for subtotal, number in counted.items() if subtotal <= total)
    above = sum(number for subtotal, number in counted.items() if subtotal >= total)
    return min(1.0, 2 * min(below, above) / sum(counted.values()))


def _normal(ranks: Sequence[int], size: int, total: int) -> float:
    count = len(ranks)
    other = count - size
    statistic = total / 2 - size * (size + 1) / 2
    repeats = [ranks.count(rank) for rank in set(ranks)]
    ties = sum(times**3 - times for times in repeats) / (count * (count - 1))
    variance = size * other / 12 * (count + 1 - ties)
    if variance <= 0:
        return 1.0
    distance = abs(statistic - size * other / 2) - 0.5
    return min(1.0, math.erfc(distance / math.sqrt(2 * variance)))


def _f_tail(statistic: float, between: int, within: int) -> float:
    """Probability of a larger F than this one."""
    return _incomplete_beta(within / (within + between * statistic), within / 2, between / 2)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz's method)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1), tiny)
    found = d
    for step in range(1, 500):
        for term in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            d = 1 / _away_from_zero(1 + term * d, tiny)
            c = _away_from_zero(1 + term / c, tiny)
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return scale * found / a


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
