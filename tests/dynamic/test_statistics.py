"""Medians and intervals: known values, laws, and coverage by simulation."""

from __future__ import annotations

import random
import statistics as stdlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.dynamic.statistics import bootstrap_interval, median, quantile

FLOATS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(FLOATS)
def test_the_median_is_the_standard_librarys(values: list[float]) -> None:
    assert median(values) == stdlib.median(values)


@pytest.mark.parametrize(("share", "expected"), [(0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.625, 3.5), (1, 5.0)])
def test_quantiles_lie_between_neighbours(share: float, expected: float) -> None:
    assert quantile([5, 1, 4, 2, 3], share) == pytest.approx(expected)


def test_no_values_have_no_median_and_no_quantile() -> None:
    with pytest.raises(ValueError, match="median of no values"):
        median([])
    with pytest.raises(ValueError, match="quantile of no values"):
        quantile([], 0.5)
    with pytest.raises(ValueError, match="no share"):
        quantile([1.0], 1.5)


@given(FLOATS, st.integers(0, 2**32))
def test_an_interval_lies_within_the_values_and_depends_on_nothing_but_the_seed(values: list[float], seed: int) -> None:
    state = random.getstate()
    first = bootstrap_interval(values, seed=seed, resamples=50)
    assert bootstrap_interval(values, seed=seed, resamples=50) == first
    assert min(values) <= first.low <= first.high <= max(values)
    assert random.getstate() == state


def test_equal_values_have_an_interval_without_width() -> None:
    interval = bootstrap_interval([2.0] * 9, seed=1)
    assert (interval.low, interval.high, interval.level) == (2.0, 2.0, 0.95)


@pytest.mark.parametrize("count", [10, 30])
def test_intervals_cover_the_true_median_about_as_often_as_they_say(count: int) -> None:
    """Log-normal samples, as times are: 400 simulated measurements, true median 1."""
    rng = random.Random(5)
    covered = 0
    for trial in range(400):
        values = [rng.lognormvariate(0, 0.2) for _ in range(count)]
        interval = bootstrap_interval(values, seed=trial, resamples=300)
        covered += interval.low <= 1 <= interval.high
    assert 0.90 <= covered / 400 <= 0.99
