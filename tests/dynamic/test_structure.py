"""Runs that differ in floating-point values alone do not deviate; in anything else they do, and it is named."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.dynamic.structure import deviations
from auditor.probe import wire


def trace(runs: Any, change: str = "") -> Any:
    """The reference, or a candidate with one more thing changed besides the values of a gradient."""
    value = 1 if not change else 2
    made = runs.trace(complete=change != "killed")
    made.batch("other data" if change == "data" else "data")
    made.draw("aten::bernoulli", value, "state 2" if change == "state" else "state 1")
    made.event("aten::mm", value, arguments="0.5" if change == "argument" else "0.25")
    made.event("aten::argmax", runs.tensor(2 if change == "integers" else 1, dtype="torch.int64"))
    made.event("aten::cat", runs.tensor(value, shape=(5,) if change == "shape" else (4,)))
    if change == "more":
        made.event("aten::mm", value)
    made.event("aten::add" if change == "op" else "aten::mul", value)
    return made.end_step().weights(w=value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("values", ""),
        ("data", "Other data in step 0"),
        ("state", "A draw from a generator in another state in step 0 (aten::bernoulli)."),
        ("argument", "An operator was given another number in step 0 (aten::mm)."),
        ("integers", "Numbers of type int64 differ in step 0 (aten::argmax); they have no tolerance."),
        ("shape", "Another shape or type in step 0 (aten::cat)."),
        ("more", "Process 0-0 has 8 events in the reference and 9 in the candidate."),
        ("op", "Other operators, or in another order, from step 0 (aten::mul)."),
        ("killed", "Process 0-0 of the candidate left a trace without an end."),
    ],
)
def test_deviations_are_named(runs: Any, change: str, told: str) -> None:
    found = deviations(runs.open(trace(runs)), runs.open(trace(runs, change)))
    if not told:
        assert found == ()
    else:
        assert any(sentence.startswith(told) for sentence in found), found


def test_a_process_of_one_run_only_is_a_deviation(runs: Any) -> None:
    other = runs.trace(name="0-0.1").event("aten::mm", 1)
    assert deviations(runs.open(trace(runs)), runs.open([trace(runs), other])) == ("Process 0-0.1 is in one run only.",)


def test_values_that_are_not_compared_do_not_count(runs: Any) -> None:
    def made(value: int) -> Any:
        return runs.trace().event("aten::empty", runs.tensor(value, dtype="torch.int64", flags=wire.UNINITIALISED))

    assert deviations(runs.open(made(1)), runs.open(made(2))) == ()


LAYERS = frozenset({"Net.conv", "Net.head"})


@pytest.mark.parametrize(
    ("where", "then", "told"),
    [
        ("Net.conv", "", ""),
        ("Net", "Net.head", ""),
        ("Net", "", "A difference arises outside the layers in step 0 (aten::index_add, Net), and no layer shows"),
        ("", "", "A difference arises outside the layers in step 0 (aten::index_add, outside all modules)"),
        ("", "Net.head", "A difference arises outside the layers in step 0"),
        ("CrossEntropyLoss", "", "A difference arises outside the layers in step 0"),
    ],
    ids=["in a layer", "shown by a later layer", "at the end of a pass", "in a loss", "before a pass", "a loss module"],
)
def test_a_difference_that_arises_where_nothing_is_measured_is_told(
    runs: Any, where: str, then: str, told: str
) -> None:
    def made(value: int) -> Any:
        found = runs.trace()
        found.module = where
        found.event("aten::index_add", value, inputs="the same")
        if then:
            found.module = then
            found.event("aten::mm", value, inputs=value)
        found.module = ""
        return found.event("aten::mean", value, inputs=value).end_step()

    found = deviations(runs.open(made(1)), runs.open(made(2)), LAYERS)
    assert found[0].startswith(told) if told else found == (), found
