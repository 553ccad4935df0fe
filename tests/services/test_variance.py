"""Replicas of a real training spread where noise is, and nowhere else."""

from __future__ import annotations

import itertools
import json
import secrets
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.errors import ProgramError, UsageError
from auditor.experiments.variants import CONTROL
from auditor.model.criteria import Agreement
from auditor.model.report import AuditReport
from auditor.model.variance import Criterion, GroupSpread
from auditor.model.verdict import Status
from auditor.services.criteria import compare_criteria
from auditor.services.replica_results import Sources
from auditor.services.settings import Settings
from auditor.services.variance import VarianceOptions, measure_variance, parse_metrics, parse_variants

pytest.importorskip("torch")

pytestmark = pytest.mark.usefixtures("light_imports")

TRAINING = """
import csv, sys
import torch
from torch import nn

torch.set_num_threads(2)
torch.manual_seed(3)
levels = torch.arange(128 * 64).mul(7919).remainder(1009).remainder(17).reshape(128, 64)
labels = (levels.float().mean(1) > levels.float().mean()).long()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(17, 8))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.table[x].sin().mean(1))  # 65,536 floats are accumulated backwards: two threads race


def main():
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for step in range(30):
        loss = nn.functional.cross_entropy(net(levels), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    predictions = net(levels).argmax(1)
    with open("predictions.csv", "w", newline="") as file:
        csv.writer(file).writerows([("prediction", "label"), *zip(predictions.tolist(), labels.tolist())])
    print("final loss %.9f" % loss.item())


main()
"""
EVALUATION = """
def predict(model):
    return {"metrics": {"norm": float(next(model.parameters()).detach().norm())}}
"""


def project(folder: Path, source: str = TRAINING) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text(source)
    (folder / "judge.py").write_text(EVALUATION)
    (folder / "groups.csv").write_text("half\n" + "first\n" * 64 + "second\n" * 64)
    return folder


def measure(folder: Path, store: Path, command: tuple[str, ...] = ("train.py",), **values: object) -> AuditReport:
    options = VarianceOptions(**{"runs": 2, **values})  # type: ignore[arg-type]
    return measure_variance(("python", *command), cwd=folder, settings=Settings(store=store), options=options)


def of(report: AuditReport, name: str) -> GroupSpread:
    assert report.variance is not None
    return next(group for group in report.variance.groups if group.name == name)


DIGITS = Path(__file__).parents[2] / "sample_projects" / "digits_embed" / "train.py"
THREADS = 8
"""So many differ in every step, also on one busy core; two add in one order nearly always there."""

ARGUMENTS = ("--epochs", "1", "--lr", "2e-2", "--threads", str(THREADS), "--predictions", "predictions.npy")
SOURCES = Sources(
    metrics=parse_metrics(["loss=loss ([0-9.]+)"]),
    predictions="predictions.npy",
    labels=Path("labels.csv"),
    evaluate="judge:predict",
)


def digits(folder: Path) -> Path:
    """The reference script, with the labels of its test samples, and halves of them as groups."""
    datasets = pytest.importorskip("sklearn.datasets")
    numpy = pytest.importorskip("numpy")
    target = datasets.load_digits().target
    labels = target[numpy.random.RandomState(0).permutation(len(target))][1297:]
    project(folder, DIGITS.read_text(encoding="utf-8"))
    (folder / "labels.csv").write_text("label\n" + "".join(f"{label}\n" for label in labels))
    (folder / "groups.csv").write_text("half\n" + "first\n" * 250 + "second\n" * 250)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("four")


@pytest.fixture(scope="module")
def all_four(folder: Path) -> AuditReport:
    seeds = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin for each other starve on busy cores
        patch.setattr(secrets, "token_hex", lambda size: f"{next(seeds):0{2 * size}x}")  # the same seeds in every test
        return measure(
            digits(folder / "project"),
            folder / "store",
            ("train.py", *ARGUMENTS),
            variants=parse_variants([], nudge=True),
            vary="global",
            sources=SOURCES,
            groups=Path("groups.csv"),
            positive="3",
            threads=THREADS,
        )


def test_without_noise_all_replicas_are_one(all_four: AuditReport) -> None:
    control = of(all_four, "control")
    assert control.distinct == 1
    assert control.churn == 0
    assert control.weights is not None
    assert control.weights.distinct == 1
    assert control.weights.normalised is not None
    assert control.weights.normalised.mean == 0
    assert all(metric.deviation == 0 for metric in control.metrics)


def test_a_race_alone_moves_weights_a_little(all_four: AuditReport) -> None:
    weights = of(all_four, "impl").weights
    assert weights is not None
    assert weights.distinct == 2
    assert weights.normalised is not None
    assert 0 < weights.normalised.mean <= 0.05


@pytest.mark.parametrize(
    ("variant", "agreement", "measured"),
    [("control", Agreement.EQUAL, False), ("algo", Agreement.DIFFERS, True)],
)
def test_replicas_are_held_against_each_other_by_criteria(
    all_four: AuditReport, folder: Path, variant: str, agreement: Agreement, measured: bool
) -> None:
    names = f"v1/{variant}/1", f"v1/{variant}/2"
    report = compare_criteria(*names, cwd=folder / "project", settings=Settings(store=folder / "store")).criteria
    assert report is not None
    found = {result.criterion: result for result in report.results}
    assert found[Criterion.WEIGHTS].agreement is agreement
    assert found[Criterion.PREDICTIONS].compared == 500
    assert found[Criterion.TRACE].agreement is Agreement.NOT_SEEN
    first = found[Criterion.WEIGHTS].first
    assert (first is not None and first.magnitude is not None and bool(first.magnitude.max_ulp)) is measured
    assert report.status is (Status.DIVERGENT if measured else Status.REPRODUCIBLE)


@pytest.mark.parametrize("name", ["algo", "algo+impl"])
def test_other_seeds_lead_elsewhere(all_four: AuditReport, name: str) -> None:
    group = of(all_four, name)
    assert group.weights is not None
    assert group.weights.distinct == 2
    assert group.weights.normalised is not None
    assert group.weights.normalised.mean > 1
    assert group.churn is not None
    assert group.churn > 0


def test_other_seeds_lead_to_another_accuracy(all_four: AuditReport) -> None:
    spread = of(all_four, "algo").overall
    assert spread is not None
    assert spread.deviation > 0


def test_every_source_is_read(all_four: AuditReport) -> None:
    group = of(all_four, "algo")
    assert [metric.name for metric in group.metrics] == ["accuracy", "loss", "norm"]
    assert [name.name for name in group.classes] == [str(digit) for digit in range(10)]
    assert {(one.grouping, one.name, one.samples) for one in group.subgroups} == {
        ("all", "all", 500),
        ("half", "first", 250),
        ("half", "second", 250),
    }
    assert {one.rate for one in group.subgroups} == {"accuracy", "fpr", "fnr"}


def test_variants_are_held_against_each_other(all_four: AuditReport) -> None:
    variance = all_four.variance
    assert variance is not None
    assert len([test for test in variance.tests if test.metric == "loss"]) == 10
    shares = {(share.source, share.quantity): share.share for share in variance.shares}
    assert shares[("implementation", "L2 of weights")] < 0.1
    assert variance.warnings == ()


def test_fixed_seeds_are_told_and_more_replicas_continue(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    first = measure(folder, tmp_path / "store", variants=parse_variants(["algo"]), threads=1)
    assert first.variance is not None
    assert first.variance.set_up is not None
    assert first.variance.set_up.fixed_seeds == ("torch.manual_seed(3) at train.py:7",)
    assert any("not independent" in warning for warning in first.variance.warnings)
    assert any("--vary-seeds" in warning for warning in first.variance.warnings)
    store = next((tmp_path / "store").iterdir())
    (store / "v1" / "algo" / "2" / "replica.json").unlink()  # as if it had been killed
    before = (store / "v1" / "algo" / "1" / "replica.json").stat().st_mtime_ns
    again = measure(folder, tmp_path / "store", variants=parse_variants(["algo"]), threads=1, resume=True)
    assert of(again, "algo").replicas == 2
    assert (store / "v1" / "algo" / "1" / "replica.json").stat().st_mtime_ns == before


def test_one_ulp_is_the_only_difference(all_four: AuditReport) -> None:
    nudged = of(all_four, "one-ulp").weights
    assert nudged is not None
    assert nudged.distinct == 2
    assert nudged.normalised is not None
    assert 0 < nudged.normalised.mean < 0.01


BARE = "print('accuracy 0.75')\n"


@pytest.mark.parametrize(
    ("source", "sources", "message"),
    [
        (BARE, Sources(), r"nothing to hold replicas.*--metric 'accuracy=accuracy"),
        (BARE, Sources(metrics=parse_metrics(["f1=f1 ([0-9.]+)"])), r"found nowhere.*\n  accuracy 0.75\nperhaps"),
        (BARE, Sources(predictions="p.npy"), "p.npy was not written"),
        (BARE, Sources(evaluate="judge:predict"), "no optimizer of torch stepped"),
        (BARE, Sources(metrics=parse_metrics(["m.json"])), "did not write m.json|m.json was not written"),
    ],
)
def test_what_is_missing_is_told_with_what_was_tried(
    tmp_path: Path, source: str, sources: Sources, message: str
) -> None:
    folder = project(tmp_path / "project", source)
    with pytest.raises(UsageError, match=f"(?s){message}"):
        measure(folder, tmp_path / "store", variants=(CONTROL,), sources=sources)


def test_a_program_without_torch_is_measured_by_its_metric(tmp_path: Path) -> None:
    source = "import random\nprint('score', random.random())\n"
    folder = project(tmp_path / "project", source)
    sources = Sources(metrics=parse_metrics(["score=score ([0-9.]+)"]))
    report = measure(folder, tmp_path / "store", sources=sources, jobs=3)
    assert of(report, "control").metrics[0].deviation == 0
    assert of(report, "algo").metrics[0].deviation > 0


def test_a_program_that_fails_everywhere_is_an_error(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", "raise SystemExit('no data here')\n")
    with pytest.raises(ProgramError, match="no data here"):
        measure(folder, tmp_path / "store")


FLAKY = """
import os, pathlib, random, sys
print("score", random.random())
met = pathlib.Path(sys.argv[1])
if sys.argv[2] in os.getcwd():
    try:
        (met / "once").mkdir()
    except FileExistsError:
        sys.exit(0)
    sys.exit("no room on this card")
"""


def test_a_replica_that_failed_is_run_again_and_that_is_told(tmp_path: Path) -> None:
    folder, store = project(tmp_path / "project", FLAKY), tmp_path / "store"
    sources = Sources(metrics=parse_metrics(["score=score ([0-9.]+)"]))
    command = ("train.py", str(tmp_path), "algo/2")
    values = {"sources": sources, "variants": parse_variants(["algo", "control"]), "isolate": True}
    report = measure(folder, store, command, **values)
    assert of(report, "algo").replicas == 2
    assert report.variance is not None
    (told,) = report.variance.warnings
    assert "1 of its replicas failed in deterministic mode (exit code 1): no room on this card" in told
    assert "1 ended well when run again" in told
    (log,) = store.rglob("algo/2/program.log")  # of the attempt that failed
    assert "no room" in log.read_text()
    (tmp_path / "once").rmdir()
    report = measure(folder, store, command, retries=0, **values)
    assert of(report, "algo").replicas == 1


def test_the_command_reports_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project(tmp_path / "project", "import os\nprint('score', os.urandom(1)[0])\n"))
    command = ["variance", "train.py", "--runs", "2", "--variants", "both,control", "--metric", "score=score ([0-9]+)"]
    assert main([*command, "--store", str(tmp_path / "store"), "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [group["name"] for group in content["variance"]["groups"]] == ["algo+impl", "control"]


def test_unknown_variants_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no `foo`"):
        parse_variants(["foo"])
