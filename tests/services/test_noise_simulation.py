"""What a model would reach on hardware with noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import RuleError, UsageError
from auditor.ruleset.hardware import find_profile
from auditor.services.noise_options import WalkOptions
from auditor.services.noise_session import NoiseProgram
from auditor.services.noise_simulation import SimulationOptions, _Simulation, simulate
from auditor.services.progress import Silent
from auditor.services.settings import Settings

pytestmark = pytest.mark.usefixtures("light_imports")

PROGRAM = NoiseProgram(command=["python", "program.py"], cwd=Path(), quiet=True)
POINTS = [
    {"name": name, "type": kind, "is_input": kind == "input", "injectable": dtype == "float32"}
    for name, kind, dtype in (("input", "input", "float32"), ("0", "Linear", "float32"), ("1", "ReLU", "float32"))
]


class Answering:
    """Loses a hundredth a draw, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(request)
        return {"values": {"value": 0.9 - 0.01 * (len(self.asked) % 4)}}


def simulation(link: Answering, points: list[dict[str, Any]], *, repeats: int = 4) -> _Simulation:
    hello = {
        "models": ["Net"],
        "points": points,
        "notes": [],
        "evaluation": {"by": "function", "values": {"value": 0.9}, "samples": None},
    }
    options = SimulationOptions(profiles=(), repeats=repeats)
    wanted = WalkOptions(sigmas=(1.0,), evaluate="module:function")
    return _Simulation(link, hello, wanted, options, Silent())


def test_each_layer_gets_the_noise_of_its_class_in_the_order_of_the_profile() -> None:
    link = Answering()
    report = simulation(link, POINTS).run(PROGRAM, [find_profile("analog-crossbar")])
    (found,) = report.profiles
    assert link.asked[0]["layers"] == [0, 1]
    assert link.asked[0]["stages"] == [[("bits", 7)], [("add-max", 0.005), ("bits", 9)]]
    assert [layer.noise for layer in found.layers] == [
        ("7 bits",),
        ("additive, 0.005 of the greatest value", "9 bits"),
        (),
    ]
    assert len({request["seed"] for request in link.asked}) == 4


def test_the_mean_over_draws_has_an_interval() -> None:
    report = simulation(Answering(), POINTS).run(PROGRAM, [find_profile("int8")])
    (found,) = report.profiles
    assert sorted(each or 0.0 for each in found.values) == pytest.approx([0.87, 0.88, 0.89, 0.9])
    assert found.mean == pytest.approx(0.885)
    assert found.interval is not None
    assert 0.87 <= found.interval.low < 0.885 < found.interval.high <= 0.9


def test_a_profile_that_concerns_no_layer_is_told_and_is_no_result() -> None:
    with pytest.raises(UsageError, match=r"none of its noise is at a layer of this model \(ReLU\)"):
        simulation(Answering(), POINTS[2:]).run(PROGRAM, [find_profile("analog-crossbar")])


def test_layers_without_floats_are_left_alone() -> None:
    link = Answering()
    words = {"name": "input", "type": "input", "is_input": True, "injectable": False}
    simulation(link, [words, *POINTS[1:]]).run(PROGRAM, [find_profile("int8")])
    assert link.asked[0]["layers"] == [1, 2]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"profiles": ()}, UsageError, "--profile: name at least one"),
        ({"profiles": ("int9",)}, UsageError, "no `int9`"),
        ({"profiles": ("int8",), "repeats": 1}, UsageError, "--repeats: an interval needs 2"),
        ({"profiles": ("int8",), "metric": "accuracy"}, UsageError, "--evaluate"),
        ({"profiles": ("broken.toml",)}, RuleError, "not TOML"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    options: dict[str, Any], error: type[Exception], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("noise")
    with pytest.raises(error, match=said):
        simulate(PROGRAM, SimulationOptions(**options), settings=Settings(store=tmp_path / "store"))
    assert not (tmp_path / "store").exists()


def test_more_noise_costs_a_real_model_more(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import torch\n"
        "torch.manual_seed(0)\n"
        "model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3)).eval()\n"
        "with torch.no_grad():\n"
        "    model(torch.randn(400, 6))\n"
    )
    for bits in (2, 12):
        head = f'schema = 1\n[profile]\nname = "b{bits}"\ntitle = "t"\n'
        text = f'{head}[[noise]]\nat = ["all"]\nkind = "bits"\nbits = {bits}\n'
        (tmp_path / f"b{bits}.toml").write_text(text)
    program = NoiseProgram(command=["python", "program.py"], cwd=tmp_path, quiet=True)
    options = SimulationOptions(profiles=(str(tmp_path / "b2.toml"), str(tmp_path / "b12.toml")), repeats=5)
    report = simulate(program, options, settings=Settings(store=tmp_path / "store")).simulation
    assert report is not None
    coarse, fine = (each.mean for each in report.profiles)
    assert coarse is not None
    assert fine is not None
    assert report.baseline == 1.0
    assert coarse < 0.95 < 0.99 < fine
