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
from auditor.model.hardware import (
    HardwareNoise,
    HardwareNoiseKind,
    HardwareProfile,
    NoisyLayer,
    RelativeTo,
    SimulatedHardware,
    SimulationReport,
)
from auditor.model.overhead import Interval
from auditor.model.report import AuditReport
from auditor.model.sensitivity import (
    InjectionPoint,
    NoiseKind,
    NoiseLevel,
    NoiseMode,
    SensitivityReport,
    Tolerance,
    ToleranceStatus,
    TrainedWeights,
    TrainingCondition,
    WeightMatrix,
)
from auditor.report import RenderOptions, render
from auditor.report.prose.sensitivity_plot import to_html
from auditor.report.prose.sensitivity_table import to_csv, weights_to_csv
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


@pytest.mark.parametrize(
    ("kept", "headline"),
    [
        (slice(1, 2), "Net, multiplicative noise: embed midpoint 1.17"),
        (slice(3, 4), "Net, multiplicative noise: out midpoint above 1000"),
        (slice(0, 4, 3), "Net, multiplicative noise: no midpoint within the levels"),
        (slice(0, 0), "Net, multiplicative noise: nothing was measured"),
    ],
)
def test_the_headline_says_what_is_known_of_few_layers(kept: slice, headline: str) -> None:
    few = replace(WALK, tolerances=WALK.tolerances[kept], all_layers=None)
    assert render(report(few), "text").splitlines()[0] == headline


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


def test_a_layer_has_one_colour_in_both_drawings_and_in_the_key() -> None:
    page = to_html(WALK)
    colours = re.findall(r'<circle [^>]*fill="([^"]+)"', page)
    assert len(set(colours)) == len(colours) > 1
    for colour in colours:
        curve, interval = f'class="curve" stroke="{colour}"', f'class="interval" stroke="{colour}"'
        assert (page.count(curve), page.count(interval), page.count(f"border-color: {colour}")) == (1, 1, 1)


def test_a_walk_that_measured_nothing_is_inconclusive() -> None:
    nothing = replace(WALK, tolerances=WALK.tolerances[:1], all_layers=None, evaluations=0)
    assert [of_report(report(each)) for each in (WALK, LAYERS, nothing)] == [
        ExitCode.CLEAN,
        ExitCode.CLEAN,
        ExitCode.INCONCLUSIVE,
    ]


# noise in training


def trained(layer: str, sigma: float, *norms: float | None) -> TrainedWeights:
    matrices = (
        WeightMatrix(
            name=f"{place}.weight",
            shape=(4, 3),
            spectral=norm,
            frobenius=None if norm is None else 2 * norm,
            effective_rank=None if norm is None else 2.5,
            singular_values=() if norm is None else (norm, 0.5),
        )
        for place, norm in enumerate(norms)
    )
    return TrainedWeights(layer=layer, sigma=sigma, repeat=0, matrices=tuple(matrices))


TRAINING = replace(
    WALK,
    mode=NoiseMode.TRAINING,
    weights=(trained("", 0.0, 1.0, 2.0), trained("embed", 0.5, 1.5, 2.5), trained("embed", 50.0, 4.0, None)),
)


def test_noise_in_training_is_named_and_trainings_are_counted() -> None:
    text = render(report(TRAINING), "text").replace("\n", " ")
    assert text.startswith("Net, multiplicative noise in training and evaluation: embed tolerates least")
    assert "16 noisy trainings, each evaluated with 500 predictions; the whole grid would take 702." in text


def test_the_weight_that_grew_most_below_the_midpoint_is_named() -> None:
    lines = render(report(TRAINING), "text")
    assert (
        "Noise of 0.5 in training at embed: 2 of 2 weight matrices larger than without noise; 0.weight most, Frobenius "
        "norm × 1.5, its spectral norm 1 → 1.5."
    ) in lines.replace("\n", " ")
    rows = [line.split() for line in lines.splitlines() if line.startswith("  0.weight") or "no noise" in line]
    assert rows == [["weight", "no", "noise", "0.5", "50"], ["0.weight", "1", "1.5", "4"]]


def test_other_measures_of_weights_are_shown_to_those_who_ask_for_more() -> None:
    text = render(report(TRAINING), "text", RenderOptions(verbosity=1))
    assert "Frobenius norm of each weight, noise in training at embed:" in text
    assert "effective rank of each weight" in text


def test_a_model_trained_under_one_noise_says_so() -> None:
    under = replace(WALK, trained_under=TrainingCondition(layers=("embed", "out"), sigma=8.0))
    assert "noise after training under 8 at embed and out: embed" in render(report(under), "text")


def test_weights_are_a_table_and_a_drawing_and_follow_the_schema() -> None:
    rows = list(csv.DictReader(io.StringIO(weights_to_csv(TRAINING))))
    assert [(row["layer"], row["sigma"], row["weight"], row["spectral"], row["values"]) for row in rows][-2:] == [
        ("embed", "50.0", "0.weight", "4.0", "4.0 0.5"),
        ("embed", "50.0", "1.weight", "", ""),
    ]
    assert rows[0]["shape"] == "4x3"
    page = to_html(TRAINING)
    assert "Weights after noise in training at embed" in page
    assert page.count('<polyline class="curve"') == 6
    found = json.loads(render(report(TRAINING), "json"))
    jsonschema.validate(found, build())
    assert found["sensitivity"]["weights"][1]["matrices"][0]["frobenius"] == 3.0


# hardware

PROFILE = HardwareProfile(
    name="chip",
    title="A chip",
    about="An example.",
    sources=("https://example.org/chip",),
    noise=(HardwareNoise(at=("linear",), kind=HardwareNoiseKind.BITS, amount=6, relative=RelativeTo.ABSOLUTE),),
)
SIMULATED = SimulationReport(
    program="python train.py",
    models=("Net",),
    metric="accuracy",
    better="max",
    baseline=0.96,
    samples=500,
    profiles=(
        SimulatedHardware(
            profile=PROFILE,
            layers=(
                NoisyLayer(name="fc", type="Linear", noise=("6 bits",)),
                NoisyLayer(name="act", type="ReLU", noise=()),
            ),
            values=(0.93, 0.91),
            mean=0.92,
            interval=Interval(low=0.91, high=0.93, level=0.95),
        ),
        SimulatedHardware(profile=PROFILE, layers=(), values=(None, 0.9), mean=None, interval=None),
    ),
    seed=0,
    method="2 draws",
    notes=(),
)


def test_a_simulation_stands_beside_the_value_without_noise() -> None:
    simulated = AuditReport(tool="repro-audit 0", project="p", simulation=SIMULATED)
    text = render(simulated, "text", RenderOptions(verbosity=1))
    lines = text.splitlines()
    assert lines[0] == "Net, accuracy without noise 0.9600, on chip 0.9200, on chip not finite"
    assert ["chip", "0.9200", "0.9100–0.9300", "-0.0400"] in [line.split() for line in lines]
    assert "  fc   Linear  6 bits" in lines
    assert "  act  ReLU    none" in lines
    assert "  https://example.org/chip" in lines
    found = json.loads(render(simulated, "json"))
    jsonschema.validate(found, build())
    assert found["simulation"]["profiles"][0]["mean"] == 0.92
    assert "on chip 0.9200" in render(simulated, "markdown").splitlines()[0]


def test_a_simulation_that_was_stopped_at_once_is_inconclusive() -> None:
    nothing = replace(SIMULATED, profiles=())
    simulated = [AuditReport(tool="repro-audit 0", project="p", simulation=each) for each in (SIMULATED, nothing)]
    assert [of_report(each) for each in simulated] == [ExitCode.CLEAN, ExitCode.INCONCLUSIVE]
