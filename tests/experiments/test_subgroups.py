"""Rates of sub-groups are counted as defined."""

from __future__ import annotations

import pytest

from auditor.experiments.subgroups import class_accuracies, rates, subgroup_spreads

LABELS = (1, 1, 1, 0, 0)
PREDICTED = (1, 0, 0, 1, 0)


def test_rates_are_those_of_the_definitions() -> None:
    assert rates(PREDICTED, LABELS, 1) == pytest.approx({"accuracy": 2 / 5, "fpr": 1 / 2, "fnr": 2 / 3})


def test_the_artifact_divides_false_negatives_by_negatives() -> None:
    assert rates(PREDICTED, LABELS, 1, artifact=True)["fnr"] == pytest.approx(2 / 2)


def test_rates_without_samples_are_left_out() -> None:
    assert rates((1,), (1,), 1) == {"accuracy": 1.0, "fnr": 0.0}
    assert rates((1,), (1,), None) == {"accuracy": 1.0}


def test_a_class_is_judged_by_its_own_samples() -> None:
    assert class_accuracies(PREDICTED, LABELS, ("no", "yes", "never")) == [("no", 1 / 2), ("yes", 1 / 3)]


def test_a_sub_group_is_held_against_the_whole() -> None:
    rows = [(1, 1, 1, 0, 0), (0, 1, 1, 0, 0)]
    found = subgroup_spreads(rows, LABELS, {"sex": ("f", "m", "m", "m", "m")}, None)
    by_name = {one.name: one for one in found}
    assert by_name["f"].deviation == pytest.approx(0.5)
    assert by_name["f"].ratio == pytest.approx(5)
    assert by_name["m"].deviation == 0
    assert by_name["m"].samples == 4
