"""Noise tolerance as text, JSON, Markdown, CSV and HTML."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import jsonschema
import pytest

from auditor.cli.exit_codes import ExitCode, of_report
from auditor.model.overhead import Interval
from auditor.model.report import AuditReport
from auditor.model.sensitivity import (
    InjectionPoint,
    NoiseKind,
    NoiseLevel,
    SensitivityReport,
    Tolerance,
    ToleranceStatus,
)
from auditor.report import RenderOptions, render
from auditor.report.prose.sensitivity_plot import to_html
from auditor.report.prose.sensitivity_table import to_csv
from auditor.report.schema.build import build


def tolerance(name: str, index: int | None, status: ToleranceStatus, midpoint: float | None = None) -> Tolerance:
    known = midpoint is not None
    curve = (
        ()
        if status is ToleranceStatus.IMPOSSIBLE
        else (
            NoiseLevel(sigma=0.01, values=(0.96, 0.95), quality=0.955),
            NoiseLevel(sigma=1000.0, values=(0.41, None), quality=0.205),
        )
    )
    return Tolerance(
        name=name,
        index=index,
        status=status,
        midpoint=midpoint,
        interval=Interval(low=midpoint * 0.9, high=midpoint * 1.1, level=0.95) if midpoint else None,
        crossing=midpoint,
        midpoint_to_chance=None,
        highest=0.96 if known else None,
        lowest=0.41 if known else None,
        slope=5.0 if known else None,
        executions=1,
        evaluations=sum(len(level.values) for level in curve),
        curve=curve,
    )


POINTS = tuple(
    InjectionPoint(index=i, name=n, type=t, shapes=((8, 4),), dtypes=(d,), calls=1, injectable=d != "int64")
    for i, (n, t, d) in enumerate(
        (
            ("input", "input", "int64"),
            ("embed", "Embedding", "float32"),
            ("<b>", "Linear", "float32"),
            ("out", "Softmax", "float32"),
        )
    )
)
WALK = SensitivityReport(
    program="python train.py",
    models=("Net",),
    points=POINTS,
    kind=NoiseKind.MULTIPLY,
    metric="accuracy",
    baseline=0.96,
    chance=0.1,
    samples=500,
    scale="quality = metric",
    tolerances=(
        tolerance("input", 0, ToleranceStatus.IMPOSSIBLE),
        tolerance("embed", 1, ToleranceStatus.MEASURED, 1.17),
        tolerance("<b>", 2, ToleranceStatus.PLATEAU, 4.5),
        tolerance("out", 3, ToleranceStatus.ABOVE),
    ),
    all_layers=tolerance("global", None, ToleranceStatus.BELOW),
    evaluations=16,
    grid_evaluations=702,
    seed=0,
    method="Two levels.",
    notes=("something is to be known",),
)
LAYERS = replace(
    WALK, kind=None, metric=None, baseline=None, tolerances=(), all_layers=None, evaluations=0, grid_evaluations=0
)


def report(sensitivity: SensitivityReport = WALK) -> AuditReport:
    return AuditReport(tool="repro-audit 0", project="p", sensitivity=sensitivity)


def test_text_has_a_line_a_layer_and_says_what_is_special_about_it() -> None:
    text = render(report(), "text")
    lines = text.splitlines()
    assert lines[0] == "Net, multiplicative noise: embed tolerates least, midpoint 1.17, all layers together below 0.01"
    rows = {line.split()[1]: line for line in lines if re.match(r"\s+[0-3]  ", line)}
    assert "no floats" in rows["input"]
    assert "1.05–1.29" in rows["embed"]
    assert "plateau" in rows["<b>"]
    assert "> 1000" in rows["out"]
    assert "<b> levels off at 0.41, above chance; half-way to chance is never reached." in text
    assert "16 evaluations of 500 predictions; the whole grid would take 702." in text.replace("\n", " ")
    assert "Note: something is to be known." in lines


def test_layers_alone_are_a_table_of_shapes() -> None:
    lines = render(report(LAYERS), "text").splitlines()
    assert lines[0] == "Net: 3 injection points for noise, 1 where none can enter"
    assert "  0  input             8×4    int64: no noise      1" in lines


def test_curves_are_shown_to_those_who_ask_for_more() -> None:
    text = render(report(), "text", RenderOptions(verbosity=1))
    assert re.search(r"1000  0\.205 #+ +0\.4100 none", text)


def test_the_answer_is_one_line() -> None:
    assert len(render(report(), "text", RenderOptions(verbosity=-1)).splitlines()) == 1


@pytest.mark.parametrize("sensitivity", [WALK, LAYERS], ids=["walk", "layers"])
def test_json_holds_everything_and_follows_the_schema(sensitivity: SensitivityReport) -> None:
    found = json.loads(render(report(sensitivity), "json"))
    jsonschema.validate(found, build())
    assert [point["name"] for point in found["sensitivity"]["points"]] == ["input", "embed", "<b>", "out"]
    if sensitivity is WALK:
        assert found["sensitivity"]["tolerances"][1]["curve"][1]["values"] == [0.41, None]


def test_ascii_is_ascii() -> None:
    assert render(report(), "text", RenderOptions(ascii=True)).isascii()


def test_markdown_begins_with_the_answer_and_has_the_table() -> None:
    text = render(report(), "markdown")
    assert text.startswith("### repro-audit: Net, multiplicative noise: embed tolerates least")
    assert "plateau" in text


def test_csv_has_a_line_for_every_measurement() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(WALK))))
    assert len(rows) == 16
    assert rows[0] == {
        "layer": "1",
        "name": "embed",
        "type": "Embedding",
        "sigma": "0.01",
        "repeat": "0",
        "metric": "accuracy",
        "value": "0.96",
        "status": "measured",
        "midpoint": "1.17",
        "low": repr(1.17 * 0.9),
        "high": repr(1.17 * 1.1),
    }
    assert rows[3]["value"] == ""
    assert rows[-1]["layer"] == ""


def test_html_loads_nothing_and_escapes_names() -> None:
    page = to_html(WALK)
    assert "http" not in page
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count('<polyline class="curve"') == 4
    assert page.count("<circle") == 2


def test_a_walk_that_measured_nothing_is_inconclusive() -> None:
    nothing = replace(WALK, tolerances=WALK.tolerances[:1], all_layers=None, evaluations=0)
    assert [of_report(report(each)) for each in (WALK, LAYERS, nothing)] == [
        ExitCode.CLEAN,
        ExitCode.CLEAN,
        ExitCode.INCONCLUSIVE,
    ]
