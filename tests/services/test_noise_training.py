"""A walk with noise in training: a training for each level, and what it leaves."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import textwrap
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ProgramError, UsageError
from auditor.experiments.noiselevels import parse_levels
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.model.sensitivity import NoiseMode, SensitivityReport, ToleranceStatus
from auditor.runs.executor import Finished, Told, unfinished
from auditor.runs.plan import LaunchPlan
from auditor.services.noise import walk_noise
from auditor.services.noise_options import WalkOptions, check_options
from auditor.services.noise_session import NoiseProgram
from auditor.services.progress import Silent
from auditor.services.settings import Settings

pytestmark = pytest.mark.usefixtures("light_imports")

DIGITS = Path(__file__).parents[2] / "sample_projects" / "digits_mlp"
EVAL_MIDPOINT = 7.3
"""Of the last operator of the digits, under noise in the evaluation alone; 6.2 to 7.6 as it is measured here."""

OPTIONS = WalkOptions(sigmas=parse_levels("log:1e-2:1e4:25"), mode=NoiseMode.TRAINING, repeats=1, layers="1")


def run(program: NoiseProgram, options: WalkOptions, store: Path, **more: Any) -> SensitivityReport:
    report = walk_noise(program, options, settings=Settings(store=store), **more)
    assert report.sensitivity is not None
    return report.sensitivity


# the digits


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> SensitivityReport:
    """Three trainings: without noise, and under two levels at the last operator."""
    options = dataclasses.replace(
        OPTIONS, sigmas=(3.0, 30.0), layers="6", evaluate="train:accuracy", chance=0.1, precision=None
    )
    program = NoiseProgram(command=["python", "train.py"], cwd=DIGITS, quiet=True)
    return run(program, options, tmp_path_factory.mktemp("store"))


def test_training_under_noise_raises_the_last_midpoint_more_than_threefold(digits: SensitivityReport) -> None:
    (found,) = digits.tolerances
    greatest = found.curve[-1]
    assert greatest.sigma > 3 * EVAL_MIDPOINT
    assert digits.baseline is not None
    assert greatest.quality > (digits.baseline + 0.1) / 2, "it has not fallen half-way at four times the midpoint"
    assert found.status is ToleranceStatus.ABOVE


def test_the_last_weight_matrix_grows_with_the_noise_it_was_trained_under(digits: SensitivityReport) -> None:
    assert [(each.layer, each.sigma) for each in digits.weights] == [("", 0.0), ("6", 3.0), ("6", 30.0)]
    last = [each.matrices[-1] for each in digits.weights]
    assert {matrix.name for matrix in last} == {"6.weight"}
    for norms in ([each.spectral for each in last], [each.frobenius for each in last]):
        assert norms == sorted(norms, key=lambda value: value or 0.0)
    first, greatest = last[0].spectral, last[-1].spectral
    assert first is not None
    assert greatest is not None
    assert greatest > 1.4 * first


# a program of a second

PROGRAM = """
import torch
from torch import nn
torch.manual_seed(0)
x = torch.randn(200, 6)
y = (x.sum(1) > 0).long()
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(40):
    batch = torch.randperm(200)[:50]
    loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
    optimizer.zero_grad(); loss.backward(); optimizer.step()
model.eval()
with torch.no_grad():
    model(x)
print("drawn", torch.rand(3).tolist(), "loss", loss.item())
"""


@pytest.fixture
def program(tmp_path: Path) -> NoiseProgram:
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    return NoiseProgram(command=["python", "program.py"], cwd=tmp_path, quiet=True)


class Nobody:
    """An executor for walks that need none."""

    parallel = remote = False

    def run(
        self, plans: Iterable[LaunchPlan | None], cancelled: Callable[[], bool], told: Told = lambda _: None
    ) -> Iterator[Finished]:
        for plan in plans:
            raise AssertionError(f"{plan.run_id} is run again")
        yield from ()

    def close(self) -> None:
        """Nothing is held."""


def test_noisy_trainings_draw_what_the_plain_one_draws_and_are_not_made_twice(
    program: NoiseProgram, tmp_path: Path
) -> None:
    options = dataclasses.replace(OPTIONS, sigmas=(0.5,), layers="0", precision=None)
    store = tmp_path / "store"
    found = run(program, options, store)
    logs = {path.parent.name: path.read_text() for path in store.glob("*/w1/*/program.log")}
    assert len(logs) == 2
    drawn = {key: re.findall(r"drawn (\[.*\]) loss (.*)", text) for key, text in logs.items()}
    (plain,) = drawn.pop("plain")
    ((noisy,),) = drawn.values()
    assert noisy[0] == plain[0], "its generators are where they were"
    assert noisy[1] != plain[1]
    (tolerance,) = found.tolerances
    assert tolerance.curve[0].quality > 0.8

    again = run(program, dataclasses.replace(options, resume=True), store, executor=Nobody())
    assert again == found


def test_a_walk_of_another_source_does_not_go_on(program: NoiseProgram, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--resume: no walk .* of this command"):
        run(program, dataclasses.replace(OPTIONS, resume=True), tmp_path / "store", executor=Nobody())
    with pytest.raises(AssertionError, match="plain is run again"):
        run(program, OPTIONS, tmp_path / "store", executor=Nobody())
    (tmp_path / "program.py").write_text("pass\n")
    (tmp_path / "config.yaml").write_text("lr: 1\n")
    with pytest.raises(UsageError, match=r"has other sources \(config\.yaml, program\.py\)"):
        run(program, dataclasses.replace(OPTIONS, resume=True), tmp_path / "store", executor=Nobody())


def test_a_model_trained_under_noise_is_evaluated_as_usual(program: NoiseProgram, tmp_path: Path) -> None:
    options = WalkOptions(sigmas=parse_levels("log:1e-2:1e3:16"), layers="2", train_sigma=4.0, train_layers="2")
    found = run(program, options, tmp_path / "store")
    assert found.mode is NoiseMode.EVALUATION
    assert found.trained_under is not None
    assert (found.trained_under.layers, found.trained_under.sigma) == (("2",), 4.0)
    assert found.tolerances[0].status is ToleranceStatus.MEASURED
    plain, noisy = (each.matrices[-1].frobenius or 0.0 for each in found.weights)
    assert noisy > 1.1 * plain


# an executor that knows the answers


def point(name: str, is_input: bool = False) -> dict[str, Any]:
    places = [[0, "Net", "" if is_input else name]]
    told = {"name": name, "type": "input" if is_input else "Linear", "shapes": [[2, 2]], "dtypes": ["float32"]}
    return {**told, "calls": 1, "injectable": True, "is_input": is_input, "places": places}


class Knowing(Nobody):
    """Writes what a training under noise would: accuracy falls around a sigma of 10."""

    def __init__(self, **hello: Any) -> None:
        self.ran: list[tuple[str, float]] = []
        self.eager: list[bool] = []
        self.hello = hello
        self.code = 0
        self.killing: Container[int] = ()
        self.losing: Container[int] = ()
        """Which programs get lost, counted from 0."""

        self.launched = 0

    def run(
        self, plans: Iterable[LaunchPlan | None], cancelled: Callable[[], bool], told: Told = lambda _: None
    ) -> Iterator[Finished]:
        for plan in plans:
            if plan is None or cancelled():
                return
            self.launched += 1
            if self.launched - 1 in self.losing:
                yield plan, unfinished(plan, Ending.LOST, "its machine went away")
            elif self.launched - 1 in self.killing:
                yield plan, record(plan, -9)
            else:
                yield plan, self._ended(plan)

    def _ended(self, plan: LaunchPlan) -> RunRecord:
        assert plan.probe is not None
        settings: Any = plan.probe["noise"]
        training = settings["training"]
        names = [] if training is None else [layer["name"] for layer in training["layers"]]
        if training is not None:
            self.ran.append(("+".join(names), training["sigma"]))
            self.eager.append(plan.probe["compile"] == "eager")
        hello = {
            "models": ["Net"],
            "points": [point("input", True), point("head")],
            "reshapes": [],
            "evaluation": {"by": "function", "values": {"value": 0.9}, "chance": None, "samples": None},
            "notes": [],
            "compiled": False,
            "spectra": [],
            "training": None if training is None else {"calls": dict.fromkeys(names, 5), "problems": []},
            **self.hello,
        }
        answers = [{"values": {"value": accuracy(request["sigma"])}} for request in settings["requests"]]
        Path(settings["result"]).write_text(json.dumps({"hello": hello, "answers": answers}))
        return record(plan, self.code if training is not None and training["sigma"] > 100 else 0)


def accuracy(sigma: float) -> float:
    return 0.1 + 0.8 / (1 + math.exp(3 * (math.log10(sigma) - 1)))


def record(plan: LaunchPlan, code: int) -> RunRecord:
    ending = Ending.FINISHED if code == 0 else Ending.FAILED
    (plan.run_dir / "program.log").write_text("out of memory\n")
    return RunRecord(
        id=plan.run_id,
        argv=tuple(plan.argv),
        cwd="",
        project="",
        changes={},
        started_at="",
        duration_s=0.0,
        status=ExitStatus(ending=ending, code=code),
        processes=(),
        files_written=(),
        folder=str(plan.run_dir),
    )


KNOWN = dataclasses.replace(OPTIONS, layers="all", evaluate="module:function", chance=0.1)


def walked(program: NoiseProgram, tmp_path: Path, knowing: Knowing, **changes: Any) -> SensitivityReport:
    options = dataclasses.replace(KNOWN, **changes)
    return run(program, options, tmp_path / "store", executor=knowing)


def test_the_sweep_finds_the_midpoint_with_few_trainings(program: NoiseProgram, tmp_path: Path) -> None:
    knowing = Knowing()
    found = walked(program, tmp_path, knowing)
    assert [each.name for each in found.tolerances] == ["input", "head"]
    for each in (*found.tolerances, found.all_layers):
        assert each is not None
        assert each.midpoint == pytest.approx(10, rel=0.1)
        assert each.evaluations <= 14
    assert found.evaluations == len(knowing.ran) == len(set(knowing.ran))
    assert ("input+head", 0.01) in knowing.ran
    assert found.grid_evaluations == 75


def test_a_walk_that_was_stopped_goes_on_where_it_was(program: NoiseProgram, tmp_path: Path) -> None:
    class Impatient(Silent):
        def cancelled(self) -> bool:
            return len(first.ran) >= 20

    first, second, whole = Knowing(), Knowing(), Knowing()
    store = tmp_path / "store"
    stopped = run(program, KNOWN, store, executor=first, progress=Impatient())
    assert len(stopped.tolerances) == 1
    assert stopped.notes[-1] == "stopped: 2 curves were not measured; --resume goes on"
    resumed = run(program, dataclasses.replace(KNOWN, resume=True), store, executor=second)
    assert not set(first.ran) & set(second.ran)
    assert resumed == run(program, KNOWN, store, executor=whole)
    assert set(first.ran) | set(second.ran) == set(whole.ran)


def test_a_training_whose_machine_went_away_is_run_again_in_a_folder_of_its_own(
    program: NoiseProgram, tmp_path: Path
) -> None:
    whole, losing = Knowing(), Knowing()
    losing.losing = {0, 1, 4, 7}
    expected = run(program, KNOWN, tmp_path / "whole", executor=whole)
    found = run(program, KNOWN, tmp_path / "lost", executor=losing)
    assert (found, sorted(losing.ran)) == (expected, sorted(whole.ran))
    assert len(list((tmp_path / "lost").rglob("*-3"))) == 1  # the plain training, twice lost
    losing.losing = range(99)
    with pytest.raises(ProgramError, match="was lost: its machine went away"):
        run(program, KNOWN, tmp_path / "never", executor=losing)


def test_a_training_that_was_killed_is_run_again_as_often_as_asked_for_and_that_is_told(
    program: NoiseProgram, tmp_path: Path
) -> None:
    whole, unlucky = Knowing(), Knowing()
    unlucky.killing = {0, 3, 6, 7}
    expected = run(program, KNOWN, tmp_path / "whole", executor=whole)
    options = dataclasses.replace(KNOWN, retries=2)
    found = run(program, options, tmp_path / "store", executor=unlucky)
    note = found.notes[-1]
    assert dataclasses.replace(found, notes=found.notes[:-1]) == expected
    assert note.startswith("3 trainings failed (signal 9) and ended otherwise when run again")
    resumed = run(program, dataclasses.replace(options, resume=True), tmp_path / "store", executor=Nobody())
    assert resumed == found
    unlucky.killing = {unlucky.launched, unlucky.launched + 1}
    with pytest.raises(ProgramError, match="SIGKILL"):
        run(program, dataclasses.replace(KNOWN, retries=1), tmp_path / "other", executor=unlucky)


def test_compiled_programs_train_eagerly_under_noise_and_that_is_told(program: NoiseProgram, tmp_path: Path) -> None:
    knowing = Knowing(compiled=True)
    found = walked(program, tmp_path, knowing, layers="head")
    assert all(knowing.eager)
    assert any("noisy trainings run without compilation" in note for note in found.notes)


def test_a_layer_that_training_never_reaches_is_told(program: NoiseProgram, tmp_path: Path) -> None:
    silent = {"calls": {"head": 0}, "problems": []}
    found = walked(program, tmp_path, Knowing(training=silent), layers="head")
    assert any("no call with gradients has reached head" in note for note in found.notes)


@pytest.mark.parametrize(
    ("hello", "said"),
    [
        ({"training": {"calls": {}, "problems": ["model 0 is a Net here"]}}, "noise could not enter in training"),
        ({"error": "KeyError: 'x'"}, "cannot be evaluated: KeyError"),
    ],
)
def test_a_training_that_cannot_be_trusted_is_an_error(
    hello: Mapping[str, Any], said: str, program: NoiseProgram, tmp_path: Path
) -> None:
    with pytest.raises(ProgramError, match=said):
        walked(program, tmp_path, Knowing(**hello))


def test_a_program_that_gives_up_under_noise_has_quality_0_there_and_that_is_told(
    program: NoiseProgram, tmp_path: Path
) -> None:
    knowing = Knowing()
    knowing.code = 1
    found = walked(program, tmp_path, knowing, layers="head", sigmas=(1.0, 1e3), precision=None)
    assert found.tolerances[0].curve[1].values == (None,)
    assert found.tolerances[0].curve[1].quality == 0
    assert any("1 training failed under noise and counts as quality 0" in note for note in found.notes)
    assert any("sigma 1000 at head, ended with: out of memory" in note for note in found.notes)


def test_a_training_that_was_killed_is_an_error_and_no_result(program: NoiseProgram, tmp_path: Path) -> None:
    knowing = Knowing()
    knowing.code = -9
    with pytest.raises(ProgramError, match="SIGKILL"):
        walked(program, tmp_path, knowing)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_sigma": 1.0}, "--train-sigma: with --mode train"),
        ({"mode": NoiseMode.EVALUATION, "train_sigma": 0.0}, "--train-sigma: expected a noise level above 0"),
        ({"mode": NoiseMode.EVALUATION, "train_layers": "2"}, "--train-layers: says where"),
        ({"mode": NoiseMode.EVALUATION, "jobs": 2}, "--mode eval there is but one training"),
        ({"mode": NoiseMode.EVALUATION, "retries": 2}, "--mode eval there is but one training"),
        ({"retries": -1}, "--retries -1: expected 0 or more"),
    ],
)
def test_what_does_not_go_together_is_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_options(dataclasses.replace(OPTIONS, **changes))
