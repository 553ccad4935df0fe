"""Margins as text, JSON and in the formats of services; a tolerated difference is told everywhere and fails nowhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auditor.model.margin import (
    Acceptance,
    GradientMargin,
    Growth,
    LayerMargin,
    MarginReport,
    MarginState,
    ParameterMargin,
    ParameterStep,
    StepDifference,
    WeightMargin,
)
from auditor.model.overhead import Interval
from auditor.model.report import AuditReport
from auditor.model.verdict import Status
from auditor.report import RenderOptions, render
from auditor.report.schema.problems import problems

STEPS = (
    StepDifference(step=0, calls=1, differing_calls=0, rms=0.0, max_ulp=0),
    StepDifference(step=1, calls=2, differing_calls=2, rms=1e-9, max_ulp=3),
    StepDifference(step=2, calls=1, differing_calls=1, rms=1e-6, max_ulp=2_000_000),
)
GROWTH = Growth(
    steps=2,
    decades_per_step=0.5,
    interval=Interval(low=0.4, high=0.6, level=0.95),
    ulp_decades_per_step=0.3,
    ulp_interval=None,
    grows=True,
    steps_to_tolerance=12.3,
)
NEAREST = LayerMargin(
    model="Net",
    layer="encoder.0",
    type="Linear",
    state=MarginState.MEASURED,
    steps=STEPS,
    first=STEPS[1],
    greatest=STEPS[2],
    last=STEPS[2],
    tolerance=1.17,
    tolerance_interval=Interval(low=1.1, high=1.3, level=0.95),
    margin=6.07,
    margin_interval=Interval(low=6.04, high=6.11, level=0.95),
    first_margin=9.07,
    last_margin=6.07,
    growth=GROWTH,
    note="",
)
ABOVE = replace(NEAREST, layer="head", state=MarginState.ABOVE, tolerance=1e8, margin=14.0, margin_interval=None)
UNKNOWN = replace(
    NEAREST, layer="extra", state=MarginState.UNKNOWN, tolerance=None, margin=None, note="the walk has no such layer"
)
IDENTICAL = replace(
    NEAREST, layer="input", state=MarginState.IDENTICAL, first=None, greatest=None, margin=None, growth=None
)
AT = (
    ParameterStep(step=0, differs=False, rms=0.0, max_ulp=0, spread=None, replicas=0, decades=None),
    ParameterStep(step=1, differs=True, rms=2e-9, max_ulp=7, spread=2e-2, replicas=5, decades=7.0),
    ParameterStep(step=2, differs=True, rms=1e-6, max_ulp=900, spread=1e-2, replicas=5, decades=4.0),
)
PARAMETER = ParameterMargin(
    model="Net",
    parameter="head.weight",
    state=MarginState.MEASURED,
    numbers=10,
    is_sample=False,
    steps=AT,
    first=AT[1],
    nearest=AT[2],
    last=AT[2],
    decades=4.0,
    decades_interval=Interval(low=3.78, high=4.46, level=0.95),
    growth=GROWTH,
    note="",
)
SAME = replace(
    PARAMETER,
    parameter="head.bias",
    state=MarginState.IDENTICAL,
    first=None,
    nearest=None,
    decades=None,
    decades_interval=None,
    growth=None,
)
GRADIENTS = GradientMargin(
    parameters=(PARAMETER, SAME), measured_steps=3, replicas=5, source="5 replicas of v1, algo+impl", notes=()
)
MARGINS = MarginReport(
    reference="r1",
    candidate="r2",
    walk="walk5",
    metric="agreement",
    layers=(NEAREST, ABOVE, UNKNOWN, IDENTICAL),
    measured_steps=3,
    steps=2,
    weights=WeightMargin(
        numbers=10,
        distance=0.0167,
        relative=0.0012,
        spread=1.41,
        spread_interval=None,
        ratio=0.0118,
        source="5 replicas of v1, algo+impl",
        replicas=5,
        parameters=(replace(PARAMETER, steps=AT[2:], first=AT[2], growth=None),),
    ),
    gradients="Gradients beside their spread.",
    acceptance=None,
    method="Least squares.",
    notes=("tolerances are from walk5, made after the runs",),
    gradient_margin=GRADIENTS,
)
REFUSED = Acceptance(decades=3, accepted=False, smallest=6.04, rests_on=(), reasons=("Other data in step 0 (batch).",))
ACCEPTED = Acceptance(decades=3, accepted=True, smallest=6.04, rests_on=("4 layers.",), reasons=())


@pytest.fixture
def with_margins(divergent_report: AuditReport) -> AuditReport:
    return replace(divergent_report, margins=MARGINS)


@pytest.fixture
def tolerated(divergent_report: AuditReport) -> AuditReport:
    assert divergent_report.verdict is not None
    verdict = replace(divergent_report.verdict, status=Status.WITHIN_TOLERANCE)
    return replace(divergent_report, verdict=verdict, margins=replace(MARGINS, acceptance=ACCEPTED))


def test_text_ranks_the_layers_and_says_where_the_difference_goes(with_margins: AuditReport) -> None:
    text = render(with_margins, "text")
    assert "Margins by walk5: smallest 6.07 (6.04–6.11) decades (encoder.0), over 3 steps\nmeasured\n" in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("  encoder.0 ", "  head ", "  extra "))]
    assert rows[0] == [
        "encoder.0",
        "1.0e-09",
        "@1",
        "1.0e-06",
        "@2",
        "2.0",
        "M",
        "1.17",
        "6.07",
        "(6.04–6.11)",
        "9.07",
        "6.07",
    ]
    assert rows[1][7:10] == [">", "1e+08", ">"]
    assert "unknown" in rows[2]
    assert "Identical: input.\n" in text
    flat = " ".join(text.split())
    assert "encoder.0 grows by 0.5 decades a step (0.4 to 0.6, 2 steps); in ulps 0.3; at this rate it reaches" in flat
    assert "the tolerance after about 12 more steps." in flat
    assert "extra: the walk has no such layer." in flat
    assert (
        "Final weights: 0.0167 apart (0.0012 of their length), 0.012 of the mean distance 1.41 between 5 replicas"
        in flat
    )
    assert "they make nothing bit-exact" in flat
    assert "step, rms, max ulp" not in text
    assert "encoder.0: step, rms, max ulp, calls that differ" in render(
        with_margins, "text", RenderOptions(verbosity=1)
    )


def test_weights_and_gradients_stand_beside_their_spread_in_tables_of_the_same_words(
    with_margins: AuditReport,
) -> None:
    lines = [" ".join(line.split()) for line in render(with_margins, "text").splitlines()]
    assert "parameter rms max ulp spread decades below" in lines
    assert "head.weight 1.0e-06 900 1.0e-02 4.00 (3.78–4.46)" in lines
    assert "parameter first rms nearest max ulp spread decades below first last" in lines
    assert "head.weight 2.0e-09 @1 1.0e-06 @2 900 1.0e-02 4.00 (3.78–4.46) 7.00 4.00" in lines
    flat = " ".join(lines)
    assert "Gradients beside their spread over 5 replicas of v1, algo+impl: nearest 4.00 (3.78–4.46) decades" in flat
    assert "Identical: head.bias." in flat
    assert "head.weight grows by 0.5 decades a step (0.4 to 0.6, 2 steps); in ulps 0.3; at this rate it reaches" in flat
    assert "reaches the spread after about 12 more steps." in flat
    for name in ("markdown", "html"):
        assert "decades below" in render(with_margins, name), name


def test_without_a_spread_there_is_no_table_of_it_and_no_ratio(with_margins: AuditReport) -> None:
    unknown = replace(
        PARAMETER,
        state=MarginState.UNKNOWN,
        decades=None,
        decades_interval=None,
        nearest=replace(AT[2], spread=None, replicas=0, decades=None),
        note="no spread measured: ask for it",
    )
    gradients = replace(GRADIENTS, parameters=(unknown,), replicas=0, source="no spread measured: ask for it")
    margins = replace(MARGINS, weights=None, gradient_margin=gradients)
    text = " ".join(render(replace(with_margins, margins=margins), "text").split())
    assert "Gradients: greatest difference 1.0e-06 rms (head.weight, step 2), over 3 steps measured; no spread" in text
    assert "decades below" not in text
    assert "reaches the spread" not in text


def test_layers_of_several_models_stand_with_their_model_and_one_reason_stands_once(with_margins: AuditReport) -> None:
    layers = (NEAREST, replace(NEAREST, model="Critic"), UNKNOWN, replace(UNKNOWN, layer="more"))
    text = render(replace(with_margins, margins=replace(MARGINS, layers=layers)), "text")
    assert "decades (Net.encoder.0)" in text
    rows = [line.split()[0] for line in text.splitlines() if line.startswith(("  Net.", "  Critic."))]
    assert rows == ["Net.encoder.0", "Critic.encoder.0", "Net.extra", "Net.more"]
    assert "Net.extra, Net.more: the walk has no such layer.\n" in text


def test_what_does_not_grow_is_said_not_to(with_margins: AuditReport) -> None:
    flat = replace(GROWTH, grows=False, steps_to_tolerance=None)
    margins = replace(MARGINS, layers=(replace(NEAREST, growth=flat),))
    text = " ".join(render(replace(with_margins, margins=margins), "text").split())
    assert "encoder.0 does not grow: 0.5 decades a step" in text
    assert "reaches the tolerance" not in text


def test_a_refused_difference_stays_divergent_with_the_reasons(with_margins: AuditReport) -> None:
    text = render(replace(with_margins, margins=replace(MARGINS, acceptance=REFUSED)), "text")
    assert "Not accepted by --accept-margin 3:\n  - Other data in step 0 (batch).\n" in text
    assert "DIVERGENT at step 3" in text


def test_margins_are_in_json_and_markdown(with_margins: AuditReport) -> None:
    margins = json.loads(render(with_margins, "json"))["margins"]
    assert [layer["state"] for layer in margins["layers"]] == ["measured", "above", "unknown", "identical"]
    assert margins["layers"][0]["steps"][1] == {
        "step": 1,
        "calls": 2,
        "differing_calls": 2,
        "rms": 1e-9,
        "max_ulp": 3,
    }
    assert "Margins by walk5" in render(with_margins, "markdown")


def test_json_follows_the_schema(tolerated: AuditReport) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from auditor.report.schema.build import build

    content = json.loads(render(tolerated, "json"))
    jsonschema.Draft202012Validator(build()).validate(content)
    assert content["verdict"]["status"] == "divergent-within-tolerance"


def test_a_tolerated_difference_is_told_by_its_own_word(tolerated: AuditReport) -> None:
    text = render(tolerated, "text")
    assert "\nDIVERGENT WITHIN TOLERANCE at step 3, forward, Net.embed.pool\n" in text
    assert "Accepted, as --accept-margin 3 allows." in text
    for name in ("concise", "github", "markdown"):
        assert "DIVERGENT WITHIN TOLERANCE at step 3" in render(tolerated, name)


def test_a_tolerated_difference_is_no_problem_for_services(tolerated: AuditReport) -> None:
    assert problems(tolerated) == ()
    assert json.loads(render(tolerated, "gitlab")) == []
    assert "::error" not in render(tolerated, "github")
    junit = render(tolerated, "junit")
    assert '<testcase classname="repro-audit" name="two runs differ within the tolerance that was asked for"/>' in junit
    assert "<failure" not in junit
    run = json.loads(render(tolerated, "sarif"))["runs"][0]
    causes = [result for result in run["results"] if result["ruleId"].startswith("divergence/")]
    assert [result["level"] for result in causes] == ["note"]
    assert run["properties"]["verdict"] == "divergent-within-tolerance"
