"""Executions are shared out exactly, to every layer, and more to those that tolerate less."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.allocation import allocate, promised_midpoint

MIDPOINTS = st.lists(st.floats(1e-3, 1e8), min_size=1, max_size=30)


@given(MIDPOINTS, st.integers(1, 50), st.sampled_from((0.5, 1.0, 2.0)))
def test_the_sum_is_exact_and_no_layer_goes_without(midpoints: list[float], budget: int, power: float) -> None:
    counts = allocate(midpoints, budget, power)
    assert sum(counts) == budget * len(midpoints)
    assert min(counts) >= 1


@given(MIDPOINTS, st.integers(1, 50), st.sampled_from((0.5, 1.0, 2.0)))
def test_a_layer_that_tolerates_less_never_gets_less(midpoints: list[float], budget: int, power: float) -> None:
    rows = sorted(zip(midpoints, allocate(midpoints, budget, power), strict=True))
    for (low, more), (high, fewer) in itertools.pairwise(rows):
        assert more >= fewer or low == high


def test_shares_follow_the_power_by_largest_remainder() -> None:
    assert allocate([1.0, 2.0, 4.0], 7, 1.0) == (12, 6, 3)
    assert allocate([1.0, 2.0, 4.0], 7, 2.0) == (16, 4, 1)
    assert allocate([1.0, 1.0, 1.0], 2.5, 1.0) == (3, 3, 2)
    assert allocate([1.0, 1.0], 1, 2.0) == (1, 1)


def test_too_small_a_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="without any"):
        allocate([1.0, 2.0], 0.5, 1.0)


def test_what_is_promised_grows_with_the_root_of_the_executions() -> None:
    midpoints = [0.5, 1.2, 6.0]
    plain = promised_midpoint(midpoints, [1, 1, 1])
    assert plain < min(midpoints)
    assert promised_midpoint(midpoints, [4, 4, 4]) == pytest.approx(2 * plain)
    assert promised_midpoint(midpoints, allocate(midpoints, 4, 1.0)) > 2 * plain
