"""Deviation, churn and amplification are those of their definitions."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.spread import churn, deviation, disagreement, group_spread, replicas_to_halve
from auditor.model.variance import Replica

values = st.lists(st.floats(0, 1), min_size=2, max_size=8)
tables = st.integers(1, 6).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, 2), min_size=size, max_size=size), min_size=2, max_size=6)
)


@given(values)
def test_the_deviation_is_that_of_the_statistics_module(found: list[float]) -> None:
    assert deviation(found) == pytest.approx(statistics.pstdev(found), abs=1e-12)
    assert deviation(found, 1) == pytest.approx(statistics.stdev(found), abs=1e-12)


def test_equal_values_have_no_deviation_to_the_last_bit() -> None:
    assert deviation([0.1] * 10) == 0.0
    with pytest.raises(ValueError, match="no values"):
        deviation([])


@given(tables)
def test_churn_lies_between_nothing_and_everything_and_its_artifact_is_the_rest(table: list[list[int]]) -> None:
    value, interval = churn(table)
    assert 0 <= value <= 1
    assert 0 <= interval.low <= interval.high <= 1
    other, mirrored = churn(table, artifact=True)
    assert other == pytest.approx(1 - value)
    assert mirrored.low == pytest.approx(1 - interval.high)


def test_churn_is_the_mean_over_unordered_pairs() -> None:
    value, _ = churn([[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]])
    assert value == pytest.approx((1 / 4 + 1 + 3 / 4) / 3)


def test_predictions_of_different_test_sets_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1 predictions"):
        disagreement([1, 2], [1])
    with pytest.raises(ValueError, match="two replicas"):
        churn([[1, 2]])


def test_a_group_tells_its_widest_class_and_how_much_wider_it_is() -> None:
    accuracies = [(0.5, 0.1, 0.9), (0.6, 0.5, 0.7), (0.55, 0.9, 0.2)]
    replicas = [
        Replica(name=str(number), overall=whole, classes=(("cat", cat), ("dog", dog)), predictions=(number, 1))
        for number, (whole, cat, dog) in enumerate(accuracies)
    ]
    group = group_spread("g", replicas)
    assert group.overall is not None
    assert (group.replicas, group.distinct, group.widest_class) == (3, 3, "cat")
    assert group.amplification == pytest.approx(
        statistics.pstdev([0.1, 0.5, 0.9]) / statistics.pstdev([0.5, 0.6, 0.55])
    )
    assert group.churn == pytest.approx(0.5)
    assert group.overall.interval.low <= group.overall.deviation


def test_replicas_without_spread_have_no_widest_class() -> None:
    same = [Replica(name=str(number), overall=0.5, classes=(("cat", 0.5),), predictions=(1,)) for number in range(3)]
    group = group_spread("g", same)
    assert (group.distinct, group.widest_class, group.amplification, group.churn) == (1, None, None, 0.0)


@pytest.mark.parametrize("count", [2, 5, 16])
def test_that_many_replicas_halve_the_standard_error(count: int) -> None:
    def error(number: int) -> float:
        return 1 / math.sqrt(2 * (number - 1))

    assert error(replicas_to_halve(count)) == pytest.approx(error(count) / 2)
