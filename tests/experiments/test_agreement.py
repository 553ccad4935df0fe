"""Two sides agree in a criterion exactly if every bit of it does; what one of them lacks is not seen."""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.experiments.agreement import agreement, distance, not_seen
from auditor.experiments.criteria_verdict import conclude
from auditor.model.criteria import Agreement, CriterionResult, Parting
from auditor.model.variance import Criterion
from auditor.model.verdict import Status
from auditor.runs.result_files import class_samples
from auditor.runs.sides import FinalTensor, FinalWeights, Number, Series, Side, Written

SEEN = (Criterion.OVERALL, Criterion.PREDICTIONS, Criterion.LOSSES, Criterion.WEIGHTS, Criterion.FILES)
floats = st.floats(width=32)


def side(
    overall: float = 0.5,
    predictions: tuple[int, ...] = (0, 1),
    losses: tuple[float, ...] = (2.0, 1.0),
    weights: tuple[float, ...] = (1.0, -1.0),
    digest: str = "d",
    cut: str = "",
) -> Side:
    data = struct.pack(f"<{len(weights)}f", *weights)
    tensor = FinalTensor(dtype="float32", shape=(len(weights),), digest=data.hex(), data=lambda: (data, "float32"))
    return Side(
        name="side",
        metrics={"accuracy": Number(value=overall, source="m.json")},
        predictions={"predictions": class_samples(predictions, "p.csv")},
        losses={"loss": Series(values=losses, places=[f"epoch {i}" for i in range(len(losses))], source="m.json")},
        weights=FinalWeights(tensors={"w": tensor}, source="w.npz"),
        files=Written(digests={"m.json": digest}, source="folder"),
        cut=cut,
    )


def first(criterion: Criterion, reference: Side, candidate: Side) -> Parting:
    found = agreement(criterion, reference, candidate)
    assert found.agreement is Agreement.DIFFERS
    assert found.first is not None
    return found.first


def test_weights_of_a_file_that_one_side_has_lost_are_no_difference() -> None:
    one = side()
    assert one.weights is not None
    saved = FinalTensor(dtype="float32", shape=(1,), digest="other", file="m.pt")
    both = FinalWeights(tensors={**one.weights.tensors, "m.w": saved}, source="w.npz, m.pt")
    other = replace(one, weights=both)
    assert agreement(Criterion.WEIGHTS, one, other).agreement is Agreement.EQUAL
    assert agreement(Criterion.WEIGHTS, other, one).agreement is Agreement.EQUAL
    empty = replace(one, weights=replace(both, tensors=one.weights.tensors))
    assert first(Criterion.WEIGHTS, empty, other).place.startswith("m.w")


@given(floats, st.lists(floats, min_size=1, max_size=3).map(tuple), st.lists(floats, min_size=1, max_size=3).map(tuple))
def test_equal_bits_are_equal_whatever_they_are(
    overall: float, losses: tuple[float, ...], weights: tuple[float, ...]
) -> None:
    sides = [side(overall=overall, losses=losses, weights=weights) for _ in range(2)]
    assert {agreement(each, *sides).agreement for each in SEEN} == {Agreement.EQUAL}


@pytest.mark.parametrize(
    ("criterion", "other", "place"),
    [
        (Criterion.OVERALL, side(overall=0.5000001), "accuracy"),
        (Criterion.PREDICTIONS, side(predictions=(0, 2)), "sample 2"),
        (Criterion.PREDICTIONS, side(predictions=(0, 1, 1)), "sample 3"),
        (Criterion.LOSSES, side(losses=(2.0, 1.0000001)), "epoch 1"),
        (Criterion.LOSSES, side(losses=(2.0,)), "epoch 1"),
        (Criterion.WEIGHTS, side(weights=(1.0, -0.99999994)), "w float32 [2]"),
        (Criterion.WEIGHTS, side(weights=(1.0,)), "w"),
        (Criterion.FILES, side(digest="e"), "m.json"),
    ],
)
def test_one_bit_is_a_difference_in_its_criterion_and_in_no_other(
    criterion: Criterion, other: Side, place: str
) -> None:
    assert first(criterion, side(), other).place == place
    assert first(criterion, other, side()).place == place
    assert all(agreement(each, side(), other).agreement is Agreement.EQUAL for each in SEEN if each is not criterion)


def test_weights_apart_by_one_ulp_are_told_so() -> None:
    magnitude = first(Criterion.WEIGHTS, side(), side(weights=(1.0, -0.99999994))).magnitude
    assert magnitude is not None
    assert (magnitude.differing, magnitude.total, magnitude.max_ulp) == (1, 2, 1)


def test_signed_zeros_differ_and_nans_equal_themselves() -> None:
    assert agreement(Criterion.OVERALL, side(math.nan), side(math.nan)).agreement is Agreement.EQUAL
    assert first(Criterion.OVERALL, side(0.0), side(-0.0)).place == "accuracy"


def test_whole_numbers_beyond_doubles_differ() -> None:
    assert first(Criterion.OVERALL, side(2**53), side(2**53 + 1)).place == "accuracy"


@pytest.mark.parametrize("criterion", [Criterion.PREDICTIONS, Criterion.LOSSES])
def test_results_of_nothing_are_not_equal(criterion: Criterion) -> None:
    empty = side(predictions=(), losses=())
    assert agreement(criterion, empty, empty).agreement is Agreement.NOT_SEEN
    assert agreement(criterion, empty, side()).agreement is Agreement.DIFFERS


def test_printed_numbers_have_no_units_in_the_last_place() -> None:
    exact, printed = distance([0.1], [0.2]), distance([0.1], [0.2], printed=True)
    assert exact is not None
    assert exact.max_ulp is not None
    assert printed is not None
    assert printed.max_ulp is None


@pytest.mark.parametrize("criterion", [each for each in Criterion if each is not Criterion.TRACE])
def test_what_one_side_lacks_is_not_seen(criterion: Criterion) -> None:
    empty = Side(name="empty", tried={criterion: ("looked in the output",)})
    for pair in ((empty, side()), (side(), empty), (empty, empty)):
        found = agreement(criterion, *pair)
        assert found.agreement is Agreement.NOT_SEEN
        assert "looked in the output" in found.reasons


def test_of_a_cut_training_only_a_difference_counts() -> None:
    cut = side(losses=(2.0,), cut="it was stopped")
    assert agreement(Criterion.LOSSES, side(), cut).agreement is Agreement.NOT_SEEN
    assert first(Criterion.LOSSES, side(), side(losses=(3.0,), cut="it was stopped")).place == "epoch 0"
    assert agreement(Criterion.OVERALL, side(), side(0.7, cut="it was stopped")).agreement is Agreement.NOT_SEEN


def results(**agreements: str) -> list[CriterionResult]:
    """A result for each criterion: `equal`, `differs`, else not seen."""
    words = {Criterion[name]: Agreement(word) for name, word in agreements.items()}
    return [
        CriterionResult(criterion=each, agreement=words[each], compared=1, differing=0, held="", first=None, reasons=())
        if each in words
        else not_seen(each, ["nothing"])
        for each in Criterion
    ]


@pytest.mark.parametrize(
    ("agreements", "status"),
    [
        ({}, Status.INCONCLUSIVE),
        ({"OVERALL": "equal"}, Status.INCONCLUSIVE),
        ({"FILES": "equal", "OVERALL": "equal", "LOSSES": "equal"}, Status.INCONCLUSIVE),
        ({"WEIGHTS": "equal"}, Status.INCONCLUSIVE),
        ({"WEIGHTS": "equal", "LOSSES": "equal"}, Status.REPRODUCIBLE),
        ({"OVERALL": "equal", "PREDICTIONS": "equal", "LOSSES": "equal"}, Status.REPRODUCIBLE),
        ({"TRACE": "equal"}, Status.REPRODUCIBLE),
        ({"TRACE": "equal", "FILES": "differs"}, Status.DIVERGENT),
    ],
)
def test_too_little_is_inconclusive_and_any_difference_decides(agreements: dict[str, str], status: Status) -> None:
    assert conclude(("a", "b"), results(**agreements)).status is status


def test_chosen_criteria_have_to_be_seen_all_of_them() -> None:
    found = results(OVERALL="equal", LOSSES="equal", FILES="differs")
    assert conclude(("a", "b"), found, (Criterion.OVERALL, Criterion.LOSSES)).status is Status.REPRODUCIBLE
    assert conclude(("a", "b"), found, (Criterion.OVERALL, Criterion.WEIGHTS)).status is Status.INCONCLUSIVE
    assert conclude(("a", "b"), found).first is Criterion.FILES
