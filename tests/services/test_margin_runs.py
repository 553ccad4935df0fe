"""Twice-runs with margins, on programs that race: sizes by layer and step, tolerances, and what is accepted."""

from __future__ import annotations

import dataclasses
import json
import statistics
import textwrap
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.margin import MarginReport, MarginState
from auditor.model.report import AuditReport
from auditor.model.verdict import Status
from auditor.services.gradient_margin import gradient_margin
from auditor.services.margin import MarginOptions, margin_of_runs
from auditor.services.settings import Settings
from auditor.services.twice import TwiceOptions, run_twice
from auditor.services.variance import VarianceOptions, measure_variance, parse_variants
from auditor.services.weight_margin import weight_margin

pytest.importorskip("sklearn")
pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("light_imports")

DIGITS = Path(__file__).parents[2] / "sample_projects" / "digits_embed"

# Something of the system's entropy gets into a weight; no forward pass follows the last step.
BLIND = """
    import os
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2))
    with torch.no_grad():
        model[0].bias += int.from_bytes(os.urandom(3), "big") * 3e-11
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        optimizer.zero_grad()
        model(torch.randn(16, 4)).square().mean().backward()
        optimizer.step()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def digits(store: Path) -> AuditReport:
    return run_twice(
        ["python", "train.py", "--epochs", "2"],
        cwd=DIGITS,
        settings=Settings(store=store),
        options=TwiceOptions(
            closeup=False, scan=False, quiet_program=True, margins=MarginOptions(accept=3), tell=_told.append
        ),
    )


_told: list[str] = []


def margins_of(report: AuditReport) -> MarginReport:
    assert report.margins is not None
    return report.margins


def test_digits_are_identical_at_first_then_differ_by_little_and_ever_more(digits: AuditReport) -> None:
    layers = {layer.layer: layer for layer in margins_of(digits).layers}
    assert set(layers) == {"input", "table", "conv1", "conv2", "dropout", "head"}
    assert layers["input"].state is MarginState.IDENTICAL
    differing = [layer for name, layer in layers.items() if name != "input"]
    assert all(layer.steps[0].step == 0 and layer.steps[0].differing_calls == 0 for layer in differing)
    for layer in differing:
        early = [step.rms for step in layer.steps if 2 <= step.step <= 10]
        assert all(size is not None and 1e-11 < size < 1e-6 for size in early), layer
        late = [step.rms for step in layer.steps if step.step >= 16]
        assert sum(late) / len(late) > sum(early[:4]) / 4  # type: ignore[arg-type, type-var]  # none of them is None


def test_digits_keep_more_than_five_decades_from_the_walk_that_was_made_for_them(digits: AuditReport) -> None:
    found = margins_of(digits)
    assert _told[0].startswith("no noise walk of this program is kept: walking over its layers takes one more run")
    assert found.notes == (
        f"tolerances are from {found.walk}, made after the runs",
        "sizes of table, conv1, conv2, dropout, head are estimated from signed sums over all elements (to some 2 %)",
    )
    assert found.metric == "agreement"
    assert (found.measured_steps, found.steps) == (21, 20)
    margins = [layer.margin for layer in found.layers if layer.state is not MarginState.IDENTICAL]
    assert margins == sorted(margins, key=lambda margin: margin or 0)
    assert all(margin is not None and 5 < margin < 12 for margin in margins)
    for layer in found.layers:
        if layer.margin is not None:
            assert layer.first_margin is not None
            assert layer.first_margin > layer.margin
            assert layer.margin_interval is not None
            assert layer.margin_interval.low <= layer.margin <= layer.margin_interval.high


def test_digits_are_accepted_within_three_decades_and_it_says_what_that_rests_on(digits: AuditReport) -> None:
    assert digits.verdict is not None
    assert digits.verdict.status is Status.WITHIN_TOLERANCE
    accepted = margins_of(digits).acceptance
    assert accepted is not None
    assert accepted.accepted
    assert digits.verdict.reasons[: len(accepted.rests_on)] == accepted.rests_on
    assert any("bit-exactness is not given" in sentence for sentence in accepted.rests_on)


def test_digits_tell_how_far_the_weights_are_apart(digits: AuditReport) -> None:
    weights = margins_of(digits).weights
    assert weights is not None
    assert weights.numbers == 6274
    assert 0 < weights.distance < 1e-3
    assert weights.spread is None
    assert weights.source == "no spread measured: repro-audit variance train.py --vary-seeds --gradients -- --epochs 2"


def test_kept_runs_give_the_same_margins_and_a_nearer_bound_is_refused(
    digits: AuditReport, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.services.compare.scan_for_causes", lambda *anything: None)  # seconds, for causes
    settings = Settings(store=store)
    again = margin_of_runs(margins_of(digits).reference, None, 9, cwd=DIGITS, settings=settings)
    assert [dataclasses.astuple(layer) for layer in margins_of(again).layers] == [
        dataclasses.astuple(layer) for layer in margins_of(digits).layers
    ]
    assert again.verdict is not None
    assert again.verdict.status is Status.DIVERGENT
    assert again.verdict.reasons[-1].startswith("Not accepted as within 9 decades of tolerance: ")


def test_a_walk_of_multiplicative_noise_is_refused(digits: AuditReport, store: Path, tmp_path: Path) -> None:
    folder = Path(digits.runs[0].folder).parent / "walks"
    content = json.loads((folder / f"{margins_of(digits).walk}.json").read_text())
    content["sensitivity"]["kind"] = "mul"
    walk = tmp_path / "mul.json"
    walk.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="its noise is not additive"):
        margin_of_runs("last", str(walk), None, cwd=DIGITS, settings=Settings(store=store))


def test_runs_in_copies_are_not_walked_over_and_nothing_is_accepted_without_a_walk(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(textwrap.dedent(BLIND))
    report = run_twice(
        ["python", "train.py"],
        cwd=tmp_path,
        settings=Settings(store=tmp_path / "store"),
        options=TwiceOptions(
            closeup=False, scan=False, quiet_program=True, isolate="copy", margins=MarginOptions(accept=1)
        ),
    )
    assert report.verdict is not None
    assert report.verdict.status is Status.DIVERGENT
    first = next(layer for layer in margins_of(report).layers if layer.layer == "0")
    assert (first.state, first.margin) == (MarginState.UNKNOWN, None)
    assert first.greatest is not None
    assert first.greatest.rms is not None
    assert 1e-12 < first.greatest.rms < 1e-3
    accepted = margins_of(report).acceptance
    assert accepted is not None
    assert not accepted.accepted
    assert "There is no noise walk of the program to take tolerances from." in accepted.reasons
    assert any(reason.startswith("Gradients or weights differ in step 3") for reason in accepted.reasons)
    assert any(reason.startswith("An operator was given another number in step 0") for reason in accepted.reasons)
    assert margins_of(report).notes == (
        "no noise walk of this program with these arguments is kept: repro-audit noise walk train.py",
    )


def test_gradients_of_digits_are_identical_at_first_then_differ_ever_more(digits: AuditReport) -> None:
    gradients = margins_of(digits).gradient_margin
    assert gradients is not None
    assert gradients.measured_steps == 20
    assert {each.parameter for each in gradients.parameters} == {
        "table.weight",
        *(f"{layer}.{kind}" for layer in ("conv1", "conv2", "head") for kind in ("weight", "bias")),
    }
    grown = []
    for each in gradients.parameters:
        assert (each.model, each.state, each.decades) == ("DigitNet", MarginState.UNKNOWN, None)
        assert all(step.spread is None for step in each.steps)
        sizes = [step.rms or 0.0 for step in each.steps]
        assert sizes[0] == 0 or each.parameter == "table.weight"  # whose gradient is what races
        assert max(sizes) < 1e-5
        grown.append(sum(sizes[-5:]) / max(sum(sizes[1:6]), 1e-30))
    assert statistics.median(grown) > 1  # of one parameter alone it goes up and down
    assert "no spread measured: repro-audit variance train.py --vary-seeds --gradients" in margins_of(digits).gradients


def test_differences_of_digits_are_decades_below_what_other_seeds_make(digits: AuditReport, store: Path) -> None:
    options = VarianceOptions(runs=3, variants=parse_variants(["both"]), vary="global", keep_gradients=True)
    command = ["python", "train.py", "--epochs", "2"]
    measure_variance(command, cwd=DIGITS, settings=Settings(store=store), options=options)
    records = digits.runs[0], digits.runs[1]
    gradients, _ = gradient_margin(records, [Path(records[0].folder).parent])
    weights, _ = weight_margin(records, [Path(records[0].folder).parent])
    assert gradients is not None
    assert weights is not None
    assert gradients.source == weights.source == "3 replicas of v1, algo+impl"
    for each in (*gradients.parameters, *weights.parameters):
        assert each.state is MarginState.MEASURED, each
        assert each.decades is not None
        assert 3 < each.decades < 12, each
    for each in gradients.parameters:
        assert each.steps[-1].spread is not None
        assert each.steps[-1].spread > 1e-5


@pytest.mark.parametrize(
    ("run", "walk", "message"),
    [
        ("last", None, "has kept activations; make one with: run SCRIPT --twice --margins"),
        ("r7", None, "no run r7 in "),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, run: str, walk: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        margin_of_runs(run, walk, None, cwd=tmp_path, settings=Settings(store=tmp_path))
