"""Spread over replicas, and its interval by the chi-square distribution."""

from __future__ import annotations

import math

import pytest

from auditor.experiments.replica_spread import chi_square_quantile, deviation_interval, square_deviations

numpy = pytest.importorskip("numpy")


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [
        (0.95, 1, 3.841459),
        (0.025, 1, 0.000982069),
        (0.5, 2, 2 * math.log(2)),
        (0.025, 9, 2.700389),
        (0.975, 9, 19.022768),
        (0.975, 1000, 1089.5309),
    ],
)
def test_quantiles_are_those_of_the_tables(share: float, freedom: int, value: float) -> None:
    assert chi_square_quantile(share, freedom) == pytest.approx(value, rel=1e-5)


def test_the_interval_covers_the_true_deviation_as_often_as_it_says() -> None:
    rng = numpy.random.default_rng(0)
    around = deviation_interval(5)
    found = rng.normal(size=(4000, 5)).std(axis=1, ddof=1)
    covered = ((found * around.low <= 1) & (found * around.high >= 1)).mean()
    assert 0.94 < covered < 0.96


def test_variances_are_added_up_over_all_numbers() -> None:
    rows = [numpy.array([0.0, 1.0], "float32"), numpy.array([2.0, 1.0], "float32")]
    assert square_deviations(rows) == 2.0
    assert square_deviations([numpy.full(3, 0.1)] * 7) == 0.0
    assert math.isnan(square_deviations([numpy.array([math.inf]), numpy.array([0.0])]))
    with pytest.raises(ValueError, match="two replicas"):
        square_deviations(rows[:1])
