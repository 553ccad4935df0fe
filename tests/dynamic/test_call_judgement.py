"""Whether what makes an operator non-deterministic holds for a call: facts against the list's conditions."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.dynamic.circumstances import judge_call
from auditor.model.profile import Holding
from auditor.ruleset import load

RACE: dict[str, Any] = {
    "device": "cpu",
    "accumulate": True,
    "values.dtype": "float32",
    "values.numel": 65_536,
    "written": 65_536,
    "indices.repeated": True,
    "threads": 2,
    "deterministic": "off",
}


def told(operator: str, **changes: Any) -> tuple[Holding, tuple[str, ...]]:
    facts = {**RACE, **changes}
    entry = load().operators.find(operator, facts["device"])
    assert entry is not None
    judged = judge_call(entry.when, {name: value for name, value in facts.items() if value != "not seen"})
    return judged.holding, judged.reasons


def test_a_race_holds_with_all_its_conditions() -> None:
    assert told("aten::index_put_") == (
        Holding.HOLDS,
        (
            "accumulate=True",
            "float32",
            "65,536 values",
            "an index occurs more than once",
            "2 threads",
            "the deterministic mode is off",
        ),
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"threads": 1}, "1 thread"),
        ({"written": 32_767}, "32,767 values (differs from 32,768 on)"),
        ({"values.dtype": "bfloat16"}, "bfloat16 (only float32 differs)"),
        ({"indices.repeated": False}, "no index occurs twice"),
        ({"deterministic": "warn"}, "the deterministic mode only warns"),
        ({"accumulate": False, "values.numel": 1}, "1 value in the source (differs from 2 on)"),
        ({"accumulate": False, "written": 3000}, "3,000 values (differs from 3,001 on)"),
    ],
)
def test_one_condition_that_is_not_met_is_named(changes: dict[str, Any], reason: str) -> None:
    assert told("aten::index_put_", **changes) == (Holding.FAILS, (reason,))


@pytest.mark.parametrize("name", ["threads", "written", "values.dtype", "indices.repeated", "deterministic"])
def test_a_condition_that_was_not_seen_leaves_it_open(name: str) -> None:
    holding, reasons = told("aten::index_put_", **{name: "not seen"})
    assert holding is Holding.UNKNOWN
    assert len(reasons) == 1


def test_what_is_not_met_decides_whatever_else_was_not_seen() -> None:
    assert told("aten::index_put_", **{"threads": 1, "indices.repeated": "not seen", "accumulate": "not seen"}) == (
        Holding.FAILS,
        ("1 thread",),
    )


def test_without_any_fact_nothing_is_ruled_out() -> None:
    for entry in load().operators:
        assert judge_call(entry.when, {}).holding is not Holding.FAILS, entry.operators


def test_what_only_a_library_knows_is_never_ruled_out() -> None:
    assert told(
        "aten::convolution_backward", device="cuda", **{"cudnn.benchmark": False, "cudnn.deterministic": False}
    ) == (
        Holding.UNKNOWN,
        ("which algorithm cuDNN chose",),
    )
    on = {"cudnn.benchmark": True, "cudnn.deterministic": True, "deterministic": "on"}
    assert told("aten::convolution_backward", device="cuda", **on)[0] is Holding.HOLDS
    off = {"cudnn.benchmark": False, "cudnn.deterministic": True}
    assert told("aten::convolution_backward", device="cuda", **off)[0] is Holding.FAILS


def test_an_operator_that_raises_in_deterministic_mode_goes_on_where_that_only_warns() -> None:
    for mode, holding in (("off", Holding.HOLDS), ("warn", Holding.HOLDS), ("on", Holding.FAILS)):
        assert told("aten::grid_sampler_2d_backward", device="cuda", deterministic=mode)[0] is holding


def test_versions_count_by_their_parts() -> None:
    for version, holding in (("2.9.1+cu128", Holding.HOLDS), ("2.10.0", Holding.FAILS)):
        assert told("aten::kthvalue", device="cuda", torch=version, **{"self.tied": True})[0] is holding
