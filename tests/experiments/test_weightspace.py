"""Distances of weights are those of the formula."""

from __future__ import annotations

import math

import pytest

from auditor.experiments.weightspace import weight_spread

numpy = pytest.importorskip("numpy")


def vector(*values: float) -> list[object]:
    return [numpy.array(values[:1], dtype="float32"), numpy.array(values[1:], dtype="float64")]


def test_right_angles_are_apart_by_the_root_of_two() -> None:
    found = weight_spread(["a", "b"], [vector(3, 0), vector(0, 4)])
    assert found.normalised is not None
    assert found.plain is not None
    assert found.normalised.mean == pytest.approx(math.sqrt(2))
    assert found.plain.mean == pytest.approx(5)
    assert (found.distinct, found.numbers) == (2, 2)


def test_the_mean_is_over_all_pairs() -> None:
    found = weight_spread(["a", "b", "c"], [vector(1, 0), vector(2, 0), vector(4, 0)])
    assert found.plain is not None
    assert found.plain.mean == pytest.approx((1 + 2 + 3) / 3)
    assert found.normalised is not None
    assert found.normalised.mean == 0


def test_equal_weights_have_no_distance() -> None:
    found = weight_spread(["a", "a"], [vector(0.1, 0.7), vector(0.1, 0.7)])
    assert found.normalised is not None
    assert (found.distinct, found.normalised.mean) == (1, 0)


@pytest.mark.parametrize(
    "vectors",
    [
        [],
        [vector(1, 2)],
        [vector(1, 2), vector(1, 2, 3)],
        [vector(1, 2), vector(1, float("nan"))],
    ],
)
def test_weights_that_cannot_be_compared_have_no_distance(vectors: list[list[object]]) -> None:
    found = weight_spread(["a", "b"], vectors)
    assert found.normalised is None
    assert found.plain is None
