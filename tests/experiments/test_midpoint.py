"""The fit finds the midpoint that a curve was made with, and says how sure it is."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.midpoint import Observed, crossing, falling, fit, fit_with_interval, monotone

SIGMAS = [float(sigma) for sigma in np.logspace(-2, 3, 26)]


def curve(
    rng: np.random.Generator, samples: int, midpoint: float, slope: float, low: float = 0.1, high: float = 0.96
) -> list[Observed]:
    levels = []
    for sigma in SIGMAS:
        share = low + (high - low) * falling(math.log10(sigma / midpoint), slope)
        levels.append(Observed(sigma=sigma, values=(rng.binomial(samples, share) / samples,)))
    return levels


@pytest.mark.parametrize(("samples", "tolerance"), [(10_000, 0.03), (1_500, 0.08)])
def test_the_midpoint_comes_back_from_26_points_with_binomial_noise(samples: int, tolerance: float) -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        midpoint, slope = 10 ** rng.uniform(-1, 2), rng.uniform(3, 8)
        assert fit(curve(rng, samples, midpoint, slope)).midpoint == pytest.approx(midpoint, rel=tolerance)


def test_a_curve_without_noise_gives_all_four_parameters() -> None:
    levels = [Observed(sigma=s, values=(0.2 + 0.7 * falling(math.log10(s / 3.7), 4.2),)) for s in SIGMAS]
    found = fit(levels)
    assert (found.midpoint, found.slope) == pytest.approx((3.7, 4.2), rel=2e-3)
    assert (found.low, found.high) == pytest.approx((0.2, 0.9), abs=2e-3)


def test_the_interval_holds_the_midpoint_about_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, interval = fit_with_interval(curve(rng, 1_500, 2.0, 5.0), resamples=100)
        hits += interval.low <= 2.0 <= interval.high
    assert 16 <= hits <= 20


def test_a_curve_that_is_quiet_at_its_ends_is_not_taken_to_be_quiet_on_its_way_down() -> None:
    """Quality 1 / (1 + e), where e is the mean of 20 squares: hardly any scatter where it is near 1 or 0."""
    hits = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        levels = []
        for sigma in SIGMAS[::2]:
            repeats = 3 if 0.5 < sigma < 8 else 1
            errors = (sigma / 2.0) ** 2 * rng.chisquare(20, size=repeats) / 20
            levels.append(Observed(sigma=sigma, values=tuple(1 / (1 + errors))))
        _, interval = fit_with_interval(levels, resamples=100)
        hits += interval.low <= 2.0 <= interval.high
    assert hits >= 17


def test_more_samples_make_a_narrower_interval() -> None:
    widths = []
    for samples in (300, 30_000):
        _, interval = fit_with_interval(curve(np.random.default_rng(1), samples, 2.0, 5.0), resamples=100)
        widths.append(interval.high - interval.low)
    assert widths[1] < widths[0] / 4


def test_the_same_curve_gives_the_same_interval() -> None:
    levels = curve(np.random.default_rng(3), 1_500, 2.0, 5.0)
    assert fit_with_interval(levels) == fit_with_interval(levels)


@given(st.floats(0, 1), st.floats(0, 1))
def test_fitted_qualities_stay_between_0_and_1(first: float, last: float) -> None:
    levels = [Observed(sigma=s, values=(first if s < 1 else last,)) for s in SIGMAS]
    found = fit(levels)
    assert 0 <= found.low <= found.high <= 1
    assert SIGMAS[0] * 0.999 <= found.midpoint <= SIGMAS[-1] * 1.001


def test_the_crossing_is_interpolated_in_log_sigma() -> None:
    levels = [Observed(sigma=s, values=(v,)) for s, v in ((1.0, 1.0), (10.0, 0.75), (1000.0, 0.25))]
    assert crossing(levels, 0.5) == pytest.approx(100.0)
    assert crossing(levels, 0.1) is None


def test_a_dent_in_a_curve_is_no_second_crossing() -> None:
    levels = [Observed(sigma=10.0**p, values=(v,)) for p, v in enumerate((1.0, 0.45, 0.9, 0.8, 0.1))]
    found = crossing(levels, 0.5)
    assert found is not None
    assert found > 1000


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), min_size=1, max_size=20))
def test_monotone_never_rises_and_keeps_the_weighted_mean(pairs: list[tuple[float, int]]) -> None:
    values, weights = [value for value, _ in pairs], [weight for _, weight in pairs]
    found = monotone(values, weights)
    assert all(left >= right - 1e-12 for left, right in itertools.pairwise(found))
    before = sum(value * weight for value, weight in pairs)
    assert sum(v * w for v, w in zip(found, weights, strict=True)) == pytest.approx(before)
