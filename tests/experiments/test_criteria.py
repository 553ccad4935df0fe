"""Two results agree in a criterion exactly if every bit of it does."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.criteria import count_pairs, differing, distinct, loss_gap
from auditor.model.variance import Criterion, Replica

ONE = Replica(name="one", overall=0.5, losses=(1.0, 0.5), classes=(("0", 0.25), ("1", 0.75)), predictions=(0, 1, 1))

floats = st.floats(width=64)
replicas = st.builds(
    Replica,
    name=st.text(max_size=3),
    overall=st.none() | floats,
    losses=st.lists(floats, max_size=3).map(tuple),
    classes=st.lists(st.tuples(st.sampled_from("ab"), floats), max_size=2).map(tuple),
    predictions=st.lists(st.integers(0, 9), max_size=4).map(tuple),
)


@given(replicas)
def test_a_result_agrees_with_itself_whatever_it_holds(replica: Replica) -> None:
    assert differing(replica, replace(replica, name="other")) == ()


@given(replicas, replicas)
def test_order_does_not_matter(first: Replica, second: Replica) -> None:
    assert differing(first, second) == differing(second, first)
    assert loss_gap(first, second) == loss_gap(second, first)


@pytest.mark.parametrize(
    ("other", "criteria"),
    [
        (replace(ONE, overall=math.nextafter(0.5, 1)), [Criterion.OVERALL]),
        (replace(ONE, overall=None), [Criterion.OVERALL]),
        (replace(ONE, classes=(("0", 0.25), ("2", 0.75))), [Criterion.PER_CLASS]),
        (replace(ONE, predictions=(1, 0, 1)), [Criterion.PREDICTIONS]),
        (replace(ONE, losses=(1.0,)), [Criterion.LOSSES]),
        (replace(ONE, losses=(1.0, 0.25), overall=-0.5), [Criterion.OVERALL, Criterion.LOSSES]),
    ],
)
def test_the_criteria_that_differ_are_told_coarsest_first(other: Replica, criteria: list[Criterion]) -> None:
    assert list(differing(ONE, other)) == criteria


def test_signs_of_zero_differ_and_a_nan_equals_itself() -> None:
    zero, nan = replace(ONE, losses=(0.0,)), replace(ONE, losses=(math.nan,))
    assert differing(zero, replace(ONE, losses=(-0.0,))) == (Criterion.LOSSES,)
    assert differing(nan, replace(ONE, losses=(math.nan,))) == ()


@pytest.mark.parametrize(
    ("first", "second", "gap"),
    [((1.0, 2.0), (1.0, 1.0), 0.5), ((0.0,), (0.0,), 0.0), ((), (), None), ((1.0,), (math.nan,), math.inf)],
)
def test_the_gap_of_losses_is_relative(first: tuple[float, ...], second: tuple[float, ...], gap: float | None) -> None:
    assert loss_gap(replace(ONE, losses=first), replace(ONE, losses=second)) == gap


def test_pairs_are_counted_by_criterion_and_the_first_difference_is_named() -> None:
    other = replace(ONE, name="two", losses=(1.0, 0.25))
    counts = count_pairs("g", "same seed", [(ONE, ONE), (ONE, other)])
    assert dict(counts.equal) == {"overall": 2, "per-class": 2, "predictions": 2, "losses": 1}
    assert (counts.pairs, counts.identical, counts.largest_loss_difference) == (2, 1, 0.5)
    assert counts.first_difference == "one and two differ in losses"


def test_criteria_that_nobody_has_are_left_out() -> None:
    bare = Replica(name="bare", overall=0.5)
    assert list(count_pairs("g", "same seed", [(bare, bare)]).equal) == ["overall"]


def test_equal_replicas_count_once() -> None:
    other = replace(ONE, overall=0.25)
    assert distinct([ONE, replace(ONE, name="copy"), other]) == [ONE, other]
