"""Programs that nobody edited train once and are evaluated under noise when they have ended."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ProgramError, UsageError
from auditor.experiments.noiselevels import parse_levels
from auditor.model.sensitivity import InjectionPoint, NoiseKind, NoiseMode, SensitivityReport, ToleranceStatus
from auditor.runs.noiselink import NoiseLink
from auditor.services.noise import list_layers, walk_noise
from auditor.services.noise_curves import noise_seed
from auditor.services.noise_options import WalkOptions, check_layers, check_options, choose, probe_settings
from auditor.services.noise_report import describe
from auditor.services.noise_session import NoiseProgram, use_model
from auditor.services.noise_walk import Walk
from auditor.services.progress import Silent
from auditor.services.settings import Settings

pytestmark = pytest.mark.usefixtures("light_imports")

DIGITS = Path(__file__).parents[2] / "sample_projects" / "digits_mlp"
REFERENCE = {"input": 0.50, "0": 1.17, "1": 1.21, "2": 2.74, "3": 3.01, "4": 6.06, "5": 6.41, "6": 7.3, "global": 0.41}
"""Midpoints of additive noise in the evaluation, met within a quarter."""

SIGMAS = parse_levels("log:1e-2:1e3:26")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=tmp_path / "store")


Walked = dict[str, SensitivityReport]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """One training of the digits, walked over in several ways."""
    accuracy = WalkOptions(sigmas=SIGMAS, evaluate="train:accuracy", chance=0.1)
    executions = {"input": 4, "0": 4, "1": 4, "2": 4, "3": 4, "4": 4, "5": 4, "6": 4}
    wanted = {
        "adaptive": accuracy,
        "grid": dataclasses.replace(accuracy, precision=None),
        "again": dataclasses.replace(accuracy, layers="0"),
        "plain": dataclasses.replace(accuracy, layers="0,global", levels_at_once=1, reuse=False),
        "at once": dataclasses.replace(accuracy, layers="0,global", levels_at_once=8),
        "plateau": WalkOptions(
            sigmas=parse_levels("lin:0:6:25,log:1e1:1e6:11"),
            kind=NoiseKind.MULTIPLY,
            evaluate="train:accuracy",
            chance=0.1,
            layers="2",
        ),
        "four executions": dataclasses.replace(accuracy, layers="global", executions=executions),
    }
    found: Walked = {}

    def walk(link: NoiseLink, hello: Mapping[str, Any]) -> SensitivityReport:
        described = describe(program.command, hello)
        for name, options in wanted.items():
            walked = Walk(link=link, hello=hello, points=described["points"], options=options, progress=Silent())
            found[name] = SensitivityReport(**described, **walked.run())
        return found["adaptive"]

    program = NoiseProgram(command=["python", "train.py"], cwd=DIGITS, quiet=True)
    probe = probe_settings(evaluate="train:accuracy")
    use_model(program, probe, walk, Settings(store=tmp_path_factory.mktemp("store")), Silent())
    return found


def midpoints(report: SensitivityReport) -> dict[str, float]:
    together = [] if report.all_layers is None else [report.all_layers]
    return {each.name: each.midpoint or 0.0 for each in (*report.tolerances, *together)}


@pytest.mark.parametrize("sweep", ["adaptive", "grid"])
def test_midpoints_of_the_digits_are_those_of_the_reference(digits: Walked, sweep: str) -> None:
    found = midpoints(digits[sweep])
    assert found == {name: pytest.approx(value, rel=0.25) for name, value in REFERENCE.items()}
    assert found["global"] == min(found.values())


def test_the_adaptive_sweep_agrees_with_the_grid_for_a_third_of_its_evaluations(digits: Walked) -> None:
    expected = midpoints(digits["grid"])
    assert midpoints(digits["adaptive"]) == {name: pytest.approx(value, rel=0.1) for name, value in expected.items()}
    assert digits["adaptive"].evaluations * 3 <= digits["grid"].evaluations == digits["grid"].grid_evaluations


def test_the_same_seed_measures_the_same(digits: Walked) -> None:
    (again,) = digits["again"].tolerances
    assert again == digits["adaptive"].tolerances[1]


def test_levels_at_once_change_nothing_in_the_report(digits: Walked) -> None:
    told = "evaluated one level at a time: larger batches are rounded otherwise"
    notes = tuple(note for note in digits["at once"].notes if note != told)
    assert dataclasses.replace(digits["at once"], notes=notes) == digits["plain"]
    assert digits["adaptive"].tolerances[1] == digits["plain"].tolerances[0]
    assert digits["adaptive"].all_layers == digits["plain"].all_layers


def test_multiplicative_noise_at_the_second_linear_leaves_a_plateau(digits: Walked) -> None:
    (found,) = digits["plateau"].tolerances
    assert found.status is ToleranceStatus.PLATEAU
    assert found.lowest is not None
    assert found.lowest > 0.3


def test_four_executions_of_every_layer_double_the_tolerance(digits: Walked) -> None:
    once, four = digits["adaptive"].all_layers, digits["four executions"].all_layers
    assert once is not None
    assert once.midpoint is not None
    assert four is not None
    assert four.midpoint == pytest.approx(2 * once.midpoint, rel=0.15)


def test_an_evaluation_without_noise_is_the_programs_own(digits: Walked) -> None:
    assert digits["adaptive"].baseline == pytest.approx(0.958, abs=0.02)


# programs of many kinds

HEAD = """
import torch
from torch import nn
torch.manual_seed(0)
x = torch.randn(200, 6)
y = (x.sum(1) > 0).long() + (x[:, 0] > 1).long()
def train(model, optimizer=None, steps=60, lr=0.5):
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(x), y)
        model.zero_grad(); loss.backward()
        if optimizer is not None:
            optimizer.step()
        else:
            with torch.no_grad():
                for each in model.parameters():
                    each -= lr * each.grad
def optimized(model):
    train(model, torch.optim.SGD(model.parameters(), lr=0.5))
"""
MLP = "nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))"
LEVELS = WalkOptions(sigmas=parse_levels("log:1e-2:1e3:16"), repeats=2)
Try = Callable[..., SensitivityReport]


@pytest.fixture
def walk(tmp_path: Path, settings: Settings) -> Try:
    def run(text: str, **options: Any) -> SensitivityReport:
        (tmp_path / "program.py").write_text(HEAD + textwrap.dedent(text))
        program = NoiseProgram(command=["python", "program.py"], cwd=tmp_path, quiet=True)
        report = walk_noise(program, dataclasses.replace(LEVELS, **options), settings=settings)
        assert report.sensitivity is not None
        return report.sensitivity

    return run


def test_a_model_inside_a_function_is_evaluated_by_its_own_batches(walk: Try) -> None:
    found = walk(f"""
        def main():
            model = {MLP}
            train(model)
            model.eval()
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
                for part in x.split(50):
                    model(part)
        main()
        """)
    assert (found.metric, found.baseline, found.samples) == ("agreement", 1.0, 200)
    assert [each.name for each in found.tolerances] == ["input", "0", "1", "2"]
    assert all(each.status is ToleranceStatus.MEASURED for each in found.tolerances)
    assert found.all_layers is not None
    assert "the 4 recorded batches" in found.notes[-1]
    assert found.points[1].dtypes == ("bfloat16",), "batches under autocast are repeated under it"


def test_a_compiled_model_is_entered_at_its_module_borders_and_that_is_told(
    walk: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    found = walk(
        f"""
        model = {MLP}
        compiled = torch.compile(model, backend="eager")
        optimized(compiled)
        compiled.eval()
        with torch.no_grad():
            compiled(x)
        """,
        layers="2",
    )
    assert found.models == ("Sequential",)
    assert found.tolerances[0].status is ToleranceStatus.MEASURED
    assert any("without compilation" in note for note in found.notes)


def test_a_model_that_is_only_loaded_is_evaluated_and_its_own_metric_heeded(walk: Try) -> None:
    found = walk(
        f"""
        model = {MLP}
        optimized(model)
        fresh = {MLP}
        fresh.load_state_dict(model.state_dict())
        def loss(model):
            return {{"loss": nn.functional.cross_entropy(model(x), y), "half": 0.5}}
        if __name__ == "__main__":
            with torch.no_grad():
                fresh.eval()(x)
        """,
        evaluate="program:loss",
        metric="loss:min",
        layers="0,2",
    )
    assert found.metric == "loss"
    assert found.baseline is not None
    assert all(each.status is ToleranceStatus.MEASURED for each in found.tolerances)
    assert any("not the one that was trained" in note for note in found.notes)


def test_dropout_in_an_evaluation_without_eval_is_told_and_repeats_alike(walk: Try) -> None:
    found = walk(
        """
        model = nn.Sequential(nn.Linear(6, 16), nn.Dropout(0.5), nn.Linear(16, 3))
        train(model)
        with torch.no_grad():
            model(x)
        """,
        layers="0",
    )
    assert found.baseline == 1.0
    assert any("training mode" in note for note in found.notes)
    first = found.tolerances[0].curve[0]
    assert first.quality > 0.95, "the least noise changes little: dropout drops the same units every time"


def test_weights_are_clamped_where_that_is_asked_for_and_norms_are_not(walk: Try) -> None:
    found = walk(
        """
        model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Linear(16, 3))
        optimized(model)
        def largest(model):
            return {"linear": model[2].weight.abs().max(), "norm": model[1].weight.abs().max()}
        """,
        evaluate="program:largest",
        metric="linear:min",
        clamp=0.125,
        layers="0",
    )
    assert found.baseline == 0.125


def test_a_program_that_never_evaluates_is_asked_for_a_function(walk: Try) -> None:
    with pytest.raises(UsageError, match="--evaluate module:function"):
        walk(f"train({MLP})")


def test_a_program_that_fails_is_quoted(walk: Try) -> None:
    with pytest.raises(ProgramError, match="no such thing"):
        walk(f"model = {MLP}; train(model); raise RuntimeError('no such thing')")


def test_an_evaluation_that_fails_is_told(walk: Try) -> None:
    with pytest.raises(ProgramError, match=r"has no attribute .weigth."):
        walk(f"train({MLP})\ndef score(model): return model.weigth", evaluate="program:score")


def test_a_program_without_a_model_is_told(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "program.py").write_text("print('no torch')\n")
    program = NoiseProgram(command=["python", "program.py"], cwd=tmp_path, quiet=True)
    with pytest.raises(UsageError, match="no module of torch"):
        list_layers(program, settings=settings)


def test_layers_of_two_models_that_train_together_are_listed_by_model(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "program.py").write_text(
        HEAD
        + textwrap.dedent("""
        class Generator(nn.Sequential): pass
        class Critic(nn.Sequential): pass
        generator, critic = Generator(nn.Linear(6, 6), nn.Tanh()), Critic(nn.Linear(6, 1))
        optimizers = [torch.optim.SGD(each.parameters(), lr=0.01) for each in (generator, critic)]
        for _ in range(3):
            for optimizer in optimizers:
                optimizer.zero_grad(); critic(generator(x)).mean().backward(); optimizer.step()
        """)
    )
    program = NoiseProgram(command=["python", "program.py"], cwd=tmp_path, quiet=True)
    report = list_layers(program, settings=settings).sensitivity
    assert report is not None
    assert report.models == ("Generator", "Critic")
    names = [point.name for point in report.points]
    assert names == ["Generator.input", "Generator.0", "Generator.1", "Critic.input", "Critic.0"]


# what is said before anything runs

POINTS = tuple(
    InjectionPoint(index=i, name=name, type="Linear", shapes=(), dtypes=(), calls=1, injectable=True)
    for i, name in enumerate(("input", "encoder.0", "encoder.1", "head"))
)


@pytest.mark.parametrize(
    ("layers", "indices", "together"),
    [
        ("all", [0, 1, 2, 3], True),
        ("global", [], True),
        ("head,input", [0, 3], False),
        ("encoder.*,global", [1, 2], True),
        ("1-2", [1, 2], False),
        ("3", [3], False),
    ],
)
def test_layers_are_chosen_by_name_pattern_and_number(layers: str, indices: list[int], together: bool) -> None:
    chosen, everything = choose(layers, POINTS)
    assert ([point.index for point in chosen], everything) == (indices, together)


def test_an_unknown_layer_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no `tail`; there are: 0 input, 1 encoder\.0"):
        choose("tail", POINTS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repeats": 0}, "--repeats"),
        ({"precision": 0.0}, "--precision"),
        ({"ratio": 1.5}, "--ratio"),
        ({"order": "add"}, "--order"),
        ({"clamp": 0.0}, "--clamp"),
        ({"executions": {"": 0}}, "--executions"),
        ({"levels_at_once": 0}, "--levels-at-once"),
        ({"levels_at_once": 4, "mode": NoiseMode.TRAINING}, "each level is a training"),
        ({"evaluate": "module"}, "module:function"),
        ({"metric": "accuracy"}, "--evaluate"),
    ],
)
def test_wrong_options_are_told_before_anything_is_trained(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_options(dataclasses.replace(LEVELS, **options))


def test_executions_of_a_layer_that_the_model_has_not_are_told() -> None:
    with pytest.raises(UsageError, match="the model has no layer hed; it has: "):
        check_layers(WalkOptions(sigmas=(1.0,), executions={"": 2, POINTS[0].name: 3, "hed": 2}), POINTS)


def test_seeds_differ_by_layer_level_and_repeat() -> None:
    seeds = {noise_seed(s, n, g, r) for s in (0, 1) for n in ("a", "b") for g in (0.1, 0.2) for r in (0, 1)}
    assert len(seeds) == 16
    assert all(0 <= seed < 2**56 for seed in seeds)


class Curve:
    """A model that knows one thing: its accuracy under noise falls around sigma 1."""

    def __init__(self, evaluations: int, noisy: float = 0.1) -> None:
        self.left = evaluations
        self.noisy = noisy

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if "plan" in request:
            return {"at_once": 1, "reason": "it is a fake"}
        (level,) = request["levels"]
        self.left -= 1
        return {"levels": [{"value": 0.9 if level[0] < 1 else self.noisy}]}

    def cancelled(self) -> bool:
        return self.left < 0


class UntilSpent(Silent):
    def __init__(self, curve: Curve) -> None:
        self.cancelled = curve.cancelled  # type: ignore[method-assign]


def walk_of(curve: Curve, **more: Any) -> dict[str, Any]:
    evaluation = {"by": "function", "values": {"value": 0.9}, "chance": None, "samples": None}
    hello = {"evaluation": evaluation, "notes": [], "reshapes": []}
    options = dataclasses.replace(LEVELS, evaluate="module:function", precision=None, **more)
    return Walk(link=curve, hello=hello, points=POINTS, options=options, progress=UntilSpent(curve)).run()


def test_a_walk_that_is_stopped_keeps_the_curves_that_are_whole() -> None:
    found = walk_of(Curve(evaluations=1 + 2 * 32 + 5))
    assert [each.name for each in found["tolerances"]] == ["input", "encoder.0"]
    assert found["all_layers"] is None
    assert found["notes"][-1] == "stopped: 3 curves were not measured"
    assert found["evaluations"] == 64


def test_a_walk_measures_every_curve_once() -> None:
    found = walk_of(Curve(evaluations=10**6))
    assert len(found["tolerances"]) == 4
    assert found["evaluations"] == found["grid_evaluations"] == 5 * 32
    assert found["all_layers"].crossing == pytest.approx(1.0, rel=0.6)


def test_why_levels_are_evaluated_one_at_a_time_is_told() -> None:
    assert walk_of(Curve(evaluations=10**6))["notes"][-1] == "evaluated one level at a time: it is a fake"


def test_an_evaluation_that_no_noise_reaches_is_told() -> None:
    found = walk_of(Curve(evaluations=10**6, noisy=0.9))
    assert {each.status for each in found["tolerances"]} == {ToleranceStatus.ABOVE}
    assert found["notes"][-1].startswith("no noise makes value fall, at no layer and not at all of them")


def test_chance_is_given_in_the_units_of_the_metric() -> None:
    found = walk_of(Curve(evaluations=10**6, noisy=9.0), metric="value:min", chance=9.0)
    assert found["chance"] == pytest.approx(0.1)
    assert walk_of(Curve(evaluations=10**6), chance=0.1)["chance"] == 0.1
