"""Lines through the logarithm of differences that grow, fall or stay."""

from __future__ import annotations

import random

import pytest

from auditor.experiments.growth import fit_line


def series(slope: float, noise: float = 0.1, steps: int = 100) -> list[float]:
    rng = random.Random(1)
    return [10 ** (-8 + slope * step + rng.gauss(0, noise)) for step in range(steps)]


@pytest.mark.parametrize("slope", [0.01, 0.002, 0.0, -0.01])
def test_the_slope_comes_back_within_its_interval(slope: float) -> None:
    line = fit_line(range(100), series(slope))
    assert line is not None
    assert line.interval.low <= slope <= line.interval.high
    assert line.interval.high - line.interval.low < 0.003
    assert line.grows is (slope > 0)


def test_a_whole_decade_a_step_reaches_a_level_where_it_should() -> None:
    line = fit_line([0, 1, 2, 3], [1e-8, 1e-7, 1e-6, 1e-5])
    assert line is not None
    assert line.at(8) == pytest.approx(0)


def test_the_same_values_give_the_same_interval() -> None:
    assert fit_line(range(50), series(0.01)[:50]) == fit_line(range(50), series(0.01)[:50])


@pytest.mark.parametrize(("steps", "values"), [([], []), ([0, 1], [1.0, 2.0]), ([0, 1, 2], [0.0, 1.0, 2.0])])
def test_fewer_than_three_differences_make_no_line(steps: list[int], values: list[float]) -> None:
    assert fit_line(steps, values) is None
