"""The tests give what scipy gives, and what can be counted by hand."""

from __future__ import annotations

import itertools
import random

import pytest

from auditor.dynamic.significance import brown_forsythe, cliffs_delta, effect_size, rank_sum


def drawn(seed: int, count: int, mean: float, deviation: float) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(mean, deviation) for _ in range(count)]


GROUPS = [
    ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
    ([0.97, 0.98, 0.96, 0.99, 0.95], [0.951, 0.961, 0.971, 0.941, 0.931]),
    (drawn(1, 12, 0, 1), drawn(2, 9, 0.5, 3)),
    (drawn(3, 40, 0, 1), drawn(4, 30, 0.4, 1)),
]


def test_three_below_three_is_one_of_twenty_on_each_side() -> None:
    assert rank_sum([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]) == (pytest.approx(2 / 20), True)


def test_ties_are_counted_exactly() -> None:
    first, second = [1.0, 2.0, 2.0], [2.0, 3.0, 3.0, 1.0]
    pooled = [*first, *second]
    ranks = [sum(b < a for b in pooled) + (sum(b == a for b in pooled) + 1) / 2 for a in pooled]
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, 3)]
    own = sum(ranks[:3])
    tail = min(sum(each <= own for each in sums), sum(each >= own for each in sums))
    assert rank_sum(first, second)[0] == pytest.approx(min(1.0, 2 * tail / len(sums)))


def test_equal_groups_do_not_differ() -> None:
    assert rank_sum([0.5] * 5, [0.5] * 5) == (1.0, True)
    assert brown_forsythe([0.5] * 5, [0.5] * 5) is None
    assert cliffs_delta([0.5] * 5, [0.5] * 5) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [([0.1, 0.2], [0.5, 0.5]), ([0.1, 0.3, 0.2], [0.7, 0.9]), ([0.1, 0.1, 0.3, 0.3], [0.5, 0.5, 0.5, 0.5])],
)
def test_too_few_values_tell_nothing_of_spreads(first: list[float], second: list[float]) -> None:
    """Two values lie equally far from their median: the formula would call any difference certain."""
    assert brown_forsythe(first, second) is None
    assert brown_forsythe(second, first) is None


def test_a_spread_beside_none_at_all_is_told() -> None:
    p = brown_forsythe([0.5] * 5, [0.1, 0.3, 0.5, 0.7, 0.9])
    assert p is not None
    assert p < 0.05


def test_delta_of_groups_that_do_not_overlap_is_one() -> None:
    assert cliffs_delta([3.0, 4.0], [1.0, 2.0]) == 1
    assert cliffs_delta([1.0, 2.0], [3.0, 4.0]) == -1


@pytest.mark.parametrize(("first", "second"), GROUPS)
def test_scipy_agrees(first: list[float], second: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    p, exact = rank_sum(first, second)
    method = "exact" if exact else "asymptotic"
    assert p == pytest.approx(stats.mannwhitneyu(first, second, method=method).pvalue, rel=1e-9)
    assert brown_forsythe(first, second) == pytest.approx(stats.levene(first, second, center="median").pvalue, rel=1e-9)


def test_scipy_agrees_on_many_ties() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = random.Random(5)
    first, second = [float(rng.randrange(6)) for _ in range(30)], [float(rng.randrange(7)) for _ in range(25)]
    assert rank_sum(first, second)[0] == pytest.approx(stats.mannwhitneyu(first, second, method="asymptotic").pvalue)


@pytest.mark.parametrize(
    ("delta", "effect"),
    [
        (0.0, "negligible"),
        (0.1469, "negligible"),
        (-0.147, "small"),
        (0.329, "small"),
        (0.33, "medium"),
        (-0.4739, "medium"),
        (0.474, "large"),
        (-1.0, "large"),
    ],
)
def test_deltas_are_called_by_the_published_limits(delta: float, effect: str) -> None:
    assert effect_size(delta).value == effect
