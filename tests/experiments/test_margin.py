"""Margins of layers, and what an accepted difference must rest on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.dynamic.layerwise import NOT_FINITE, OUTSIDE, LayerSeries, Layerwise
from auditor.experiments.acceptance import Case, accept
from auditor.experiments.margin import LayerTolerance, join, ranked
from auditor.model.divergence import Cell, Comparison, OutputDifference
from auditor.model.margin import LayerMargin, MarginState, StepDifference
from auditor.model.overhead import Interval
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.model.sensitivity import ToleranceStatus
from auditor.model.trace import Phase


def difference(step: int, rms: float | None) -> StepDifference:
    return StepDifference(step=step, calls=1, differing_calls=0 if rms == 0 else 1, rms=rms, max_ulp=1)


def series(*rms: float | None, layer: str = "0", faults: tuple[str, ...] = ()) -> LayerSeries:
    return LayerSeries("Net", layer, "Linear", tuple(difference(i, each) for i, each in enumerate(rms)), faults)


def tolerance(status: ToleranceStatus = ToleranceStatus.MEASURED, midpoint: float | None = 1.0) -> LayerTolerance:
    interval = Interval(low=0.1, high=10.0, level=0.95) if midpoint is not None else None
    return LayerTolerance(
        name="0", status=status, midpoint=midpoint, interval=interval, smallest_sigma=1e-2, greatest_sigma=1e8
    )


def test_a_margin_is_the_decades_between_tolerance_and_the_greatest_difference() -> None:
    found = join(series(0.0, 1e-9, 1e-6, 1e-7), tolerance(), "")
    assert found.state is MarginState.MEASURED
    assert found.margin == pytest.approx(6)
    assert found.margin_interval is not None
    assert (found.margin_interval.low, found.margin_interval.high) == (pytest.approx(5), pytest.approx(7))
    assert (found.first_margin, found.last_margin) == (pytest.approx(9), pytest.approx(7))
    assert (found.first and found.first.step, found.greatest and found.greatest.step) == (1, 2)


@pytest.mark.parametrize(
    ("layer", "noise", "state", "margin"),
    [
        (series(0.0, 0.0), tolerance(), MarginState.IDENTICAL, None),
        (series(0.0, 1e-6), None, MarginState.UNKNOWN, None),
        (series(1e-6), tolerance(ToleranceStatus.ABOVE, None), MarginState.ABOVE, 14),
        (series(1e-6), tolerance(ToleranceStatus.BELOW, None), MarginState.UNKNOWN, None),
        (series(1e-6), tolerance(ToleranceStatus.IMPOSSIBLE, None), MarginState.UNKNOWN, None),
        (series(1e-6), tolerance(ToleranceStatus.PLATEAU), MarginState.MEASURED, 6),
        (series(None, faults=(OUTSIDE,)), tolerance(), MarginState.UNMEASURED, None),
        (series(1e-6, None, faults=(NOT_FINITE,)), tolerance(), MarginState.UNMEASURED, None),
    ],
    ids=["identical", "no walk", "above", "below", "no floats", "plateau", "outside the sample", "nan"],
)
def test_states(layer: LayerSeries, noise: LayerTolerance | None, state: MarginState, margin: float | None) -> None:
    found = join(layer, noise, "no noise walk")
    assert found.state is state
    assert found.margin == (None if margin is None else pytest.approx(margin))
    assert bool(found.note) is (state in (MarginState.UNKNOWN, MarginState.UNMEASURED))


def test_growth_says_when_the_tolerance_is_reached() -> None:
    found = join(series(*(10 ** (-6 + 0.1 * step) for step in range(11))), tolerance(), "")
    assert found.growth is not None
    assert found.growth.grows
    assert found.growth.decades_per_step == pytest.approx(0.1)
    assert found.growth.steps_to_tolerance == pytest.approx(50)
    flat = join(series(1e-6, 1e-6, 1e-6, 1e-6), tolerance(), "").growth
    assert flat is not None
    assert (flat.grows, flat.steps_to_tolerance) == (False, None)


def test_layers_are_ranked_by_margin_and_identical_ones_come_last() -> None:
    layers = [join(each, tolerance(), "") for each in (series(0.0), series(1e-8), series(1e-5))]
    layers.append(join(series(1e-6), None, "no noise walk"))
    states = [(layer.state, layer.margin and round(layer.margin)) for layer in ranked(layers)]
    assert states == [
        (MarginState.MEASURED, 5),
        (MarginState.MEASURED, 8),
        (MarginState.UNKNOWN, None),
        (MarginState.IDENTICAL, None),
    ]


# acceptance


def _process(problem: str) -> ProcessRecord:
    environment: Any = None
    return ProcessRecord(
        name="0-0",
        pid=1,
        parent_pid=0,
        rank=None,
        complete=True,
        events=9,
        steps=3,
        problems=(problem,),
        environment=environment,
    )


def record(ending: Ending = Ending.FINISHED, problems: tuple[str, ...] = ()) -> RunRecord:
    return RunRecord(
        id="r1",
        argv=("python", "train.py"),
        cwd="/p",
        project="/p",
        changes={},
        started_at="",
        duration_s=1.0,
        status=ExitStatus(ending=ending, code=0),
        processes=tuple(_process(problem) for problem in problems),
        files_written=(),
    )


def comparison(*differing: tuple[int, Phase]) -> Comparison:
    grid = tuple(Cell(step=step, phase=phase, compared=9, differing=3) for step, phase in differing)
    return Comparison(
        first=None,
        equal_before=1,
        compared_events=9,
        differing_events=3,
        compared_tensors=9,
        steps=3,
        by_step=(),
        by_module=(),
        by_phase=(),
        weights=None,
        not_compared=(),
        grid=grid,
    )


def case(**more: Any) -> Case:
    """Runs that differ in gradients from step 0 on, then in the forward pass, all of it measured."""
    layers = (series(0.0, 1e-8, 1e-7),)
    fields: dict[str, Any] = {
        "records": (record(), record()),
        "comparison": comparison((0, Phase.BACKWARD), (1, Phase.FORWARD), (1, Phase.OPTIMIZER), (2, Phase.FORWARD)),
        "layers": [join(each, tolerance(), "") for each in layers],
        "layerwise": Layerwise(layers=layers, measured=frozenset({0, 1, 2}), complete=True, gaps=()),
        "deviations": (),
        "walk": "walk5",
        "metric": "agreement",
        "unseen": (),
    }
    return Case(**{**fields, **more})


def layer(*rms: float | None, **more: Any) -> list[LayerMargin]:
    return [join(series(*rms, **more), tolerance(), "")]


def test_a_covered_difference_far_from_the_tolerance_is_accepted_with_what_that_rests_on() -> None:
    found = accept(case(), 3)
    assert found.accepted
    assert found.reasons == ()
    assert found.smallest == pytest.approx(6)
    assert "1 layers in 3 steps" in found.rests_on[0]
    assert "Smallest margin 6.0 decades (0, lower end of its interval), by the midpoints of walk5" in found.rests_on[1]
    assert found.rests_on[-1] == "It is an estimate for accuracy only; bit-exactness is not given."


def test_the_lower_end_of_the_interval_decides() -> None:
    assert accept(case(), 6).accepted
    found = accept(case(), 6.1)
    assert not found.accepted
    assert found.reasons == ("0 is 6.0 decades from its tolerance (lower end), fewer than 6.1.",)
    assert found.rests_on == ()


def test_reasons_name_the_model_of_a_layer_where_there_are_several() -> None:
    found = accept(case(layers=[*layer(0.0, 1e-8, 1e-7), *_of_another("Critic", 0.0, 1e-3, 1e-3)]), 5)
    assert found.reasons == ("Critic.0 is 2.0 decades from its tolerance (lower end), fewer than 5.",)


def _of_another(model: str, *rms: float) -> list[LayerMargin]:
    return [replace(each, model=model) for each in layer(*rms)]


_UNWALKED = [join(series(1e-7), None, "the walk has no such layer")]
_NO_INTERVAL = [join(series(1e-7), replace(tolerance(), interval=None), "")]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"deviations": ("Other data in step 0 (batch).",)}, "Other data in step 0"),
        ({"records": (record(), record(Ending.INTERRUPTED))}, "Run r1 did not come to its end."),
        ({"walk": None}, "There is no noise walk of the program"),
        ({"unseen": ("head",)}, "Nothing was kept of head, which the walk has."),
        ({"layers": _UNWALKED}, "Of 0 no tolerance is known (the walk has no such layer)."),
        ({"layers": layer(1e-7, None, faults=(OUTSIDE,))}, "In some steps no size of the difference is known of 0."),
        ({"layers": _NO_INTERVAL}, "The walk gives no interval for 0."),
        (
            {"layers": layer(1e-7, None, faults=(NOT_FINITE,))},
            f"Of 0 no size of the difference is known ({NOT_FINITE}).",
        ),
        (
            {"layerwise": Layerwise(layers=(series(1e-7),), measured=frozenset({0, 2}), complete=True, gaps=())},
            "The forward passes of step 1 differ and were not kept whole",
        ),
        (
            {"layerwise": Layerwise(layers=(series(1e-7),), measured=frozenset({0, 1, 2}), complete=False, gaps=())},
            "A process that kept activations did not come to its end.",
        ),
        (
            {"layerwise": Layerwise(layers=(), measured=frozenset(), complete=True, gaps=()), "layers": []},
            "No forward activation was kept",
        ),
        (
            {"comparison": comparison((0, Phase.FORWARD), (2, Phase.FORWARD))},
            "The forward passes of step 0 differ outside the layers: none of these does.",
        ),
        ({"layers": layer(0.0, 0.0)}, "The forward passes of steps 1, 2 differ outside the layers"),
        (
            {"layers": layer(0.0, 0.0), "comparison": comparison((0, Phase.BACKWARD))},
            "No layer differs, so that what differs is outside the layers.",
        ),
        (
            {"comparison": comparison((2, Phase.OPTIMIZER))},
            "Gradients or weights differ in step 2, and no forward pass after it was kept",
        ),
        (
            {"layers": [*layer(0.0, 1e-8, 1e-7), join(series(0.0, 1e-8, layer="head"), tolerance(), "")]},
            "Gradients or weights differ in step 1, and head made no forward pass after it",
        ),
        ({"comparison": comparison(), "layers": layer(0.0, 0.0, 0.0)}, "No layer differs"),
        ({"doubt": "walk5 is of another command: x"}, "The tolerances may be of another model: walk5 is of another"),
        ({"reacts": False}, "No noise makes agreement fall in walk5, at no layer and not at all of them"),
        (
            {"records": (record(), record(problems=("activations: OSError: disk full",)))},
            "Run r1, process 0-0: not everything was seen (activations: OSError: disk full).",
        ),
    ],
)
def test_what_is_not_covered_is_not_accepted(changed: dict[str, Any], reason: str) -> None:
    found = accept(case(**changed), 3)
    assert not found.accepted
    assert any(each.startswith(reason) for each in found.reasons), found.reasons


def test_an_acceptance_tells_what_the_programs_printed() -> None:
    line = OutputDifference(line=7, reference="accuracy 0.97", candidate="accuracy 0.12", metric=True)
    found = accept(case(comparison=replace(case().comparison, output=(line,))), 3)
    assert found.accepted
    assert any("line 7 is `accuracy 0.97` in the reference and `accuracy 0.12`" in each for each in found.rests_on)
