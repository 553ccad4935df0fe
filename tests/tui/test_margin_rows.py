"""Margins on the divergence screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.model.margin import Acceptance, Growth, LayerMargin, MarginReport, MarginState, StepDifference
from auditor.model.overhead import Interval
from auditor.model.verdict import Status
from auditor.tui.app import AuditApp
from auditor.tui.drawing.margin import margin_rows
from auditor.tui.signs import UNICODE

STEP = StepDifference(step=3, calls=1, differing_calls=1, rms=2e-7, max_ulp=8)
GROWTH = Growth(
    steps=9,
    decades_per_step=0.1,
    interval=Interval(low=0.05, high=0.2, level=0.95),
    ulp_decades_per_step=None,
    ulp_interval=None,
    grows=True,
    steps_to_tolerance=20.0,
)


def layer(name: str, margin: float | None, state: MarginState = MarginState.MEASURED) -> LayerMargin:
    return LayerMargin(
        model="Net",
        layer=name,
        type="Linear",
        state=state,
        steps=(STEP,),
        first=STEP,
        greatest=STEP,
        last=STEP,
        tolerance=1.0,
        tolerance_interval=None,
        margin=margin,
        margin_interval=None,
        first_margin=margin,
        last_margin=margin,
        growth=GROWTH,
        note="",
    )


def report(*layers: LayerMargin, acceptance: Acceptance | None = None) -> MarginReport:
    return MarginReport(
        reference="r1",
        candidate="r2",
        walk="walk1",
        metric="agreement",
        layers=layers,
        measured_steps=4,
        steps=4,
        weights=None,
        gradients="",
        acceptance=acceptance,
        method="",
        notes=(),
    )


def test_layers_that_differ_stand_with_size_and_margin_and_near_ones_are_marked() -> None:
    layers = (layer("head", 2.5), layer("0", 6.7), layer("input", None, MarginState.IDENTICAL))
    rows = margin_rows(report(*layers), 78, UNICODE)
    lines = [" ".join(row.text.split()) for row in rows]
    assert lines[0] == "margin smallest 2.50 decades (head), over 4 steps measured"
    assert lines[1:3] == ["head 2.0e-07 rms 2.50 decades", "0 2.0e-07 rms 6.70 decades"]
    assert [row.pieces[-1].tone for row in rows[1:3]] == ["warning", "plain"]
    assert "reaches the tolerance after about 20 more steps" in " ".join(lines)
    assert not any("input" in line for line in lines)


def test_many_layers_are_counted_and_refusals_are_told() -> None:
    refused = Acceptance(decades=3, accepted=False, smallest=2.0, rests_on=(), reasons=("Other data in step 0.",))
    rows = margin_rows(report(*(layer(str(n), 5.0) for n in range(20)), acceptance=refused), 78, UNICODE)
    lines = [" ".join(row.text.split()) for row in rows]
    assert "8 more" in lines
    assert "not accepted: Other data in step 0." in lines


async def test_the_divergence_screen_shows_margins_and_the_word_for_a_tolerated_difference(
    make_app: Any, settle: Any, shared_project: Any, screen_text: Callable[[AuditApp], str]
) -> None:
    made = shared_project.report()
    tolerated = replace(made.verdict, status=Status.WITHIN_TOLERANCE)
    app: AuditApp = make_app(replace(made, verdict=tolerated, margins=report(layer("head", 6.7))))
    async with app.run_test(size=(160, 48)) as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "DIVERGENT WITHIN TOLERANCE at step 3, forward, Net.embed.pool" in text
        assert "tolerated" in text
        assert "smallest 6.70 decades (head), over 4 steps measured" in text
        assert "2.0e-07 rms  6.70 decades" in text
