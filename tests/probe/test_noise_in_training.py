"""Noise while a program trains: in from the first call, nowhere else, and out of sight."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn

from auditor.probe.walking.operator import Operator
from auditor.probe.walking.recorder import Recorder
from auditor.probe.walking.training import TrainingNoise

X = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
Begin = Callable[..., TrainingNoise]


def fail(where: str, function: Callable[..., object], *arguments: object) -> object:
    """The guard of these tests: what goes wrong in the recorder is seen."""
    return function(*arguments)


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start noise at one place, as in a process of its own; the library is put back as it was."""
    call, fast = nn.Module.__call__, torch.backends.mha.get_fastpath_enabled()

    def start(path: str, *, model: int = 0, kind: str = "Sequential", is_input: bool = False, **more: Any) -> Any:
        recorder = Recorder(torch, 1 << 20, fail)
        layer = {"index": 0, "name": path, "is_input": is_input, "places": [[model, kind, path]], "executions": 1}
        settings = {"layers": [layer], "kind": "add", "sigma": 0.5, "ratio": 0.5, "order": "mul-add", "seed": 7, **more}
        recorder.noise = TrainingNoise(torch, settings, recorder)
        recorder.install()
        return recorder.noise

    try:
        yield start
    finally:
        nn.Module.__call__ = call  # type: ignore[method-assign]
        torch.backends.mha.set_fastpath_enabled(fast)


def make() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def expected(model: nn.Sequential, operator: Operator) -> torch.Tensor:
    forward: torch.Tensor = model[2].forward(torch.relu(operator(model[0].forward(X))))
    return forward


def test_noise_is_in_the_first_forward_and_drawn_anew_in_the_next(begin: Begin) -> None:
    noise = begin("0")
    model = make()
    operator = Operator(torch, [("add", 0.5)], 7)
    first, second = model(X), model(X)
    assert torch.equal(first, expected(model, operator))
    assert torch.equal(second, expected(model, operator))
    assert noise.told() == {"calls": {"0": 2}, "problems": []}


def test_the_input_of_a_model_is_a_place(begin: Begin) -> None:
    begin("", is_input=True)
    model = make()
    operator = Operator(torch, [("add", 0.5)], 7)
    assert torch.equal(model(X), model.forward(operator(X)))


def test_gradients_go_through_the_noise(begin: Begin) -> None:
    begin("2", kind="Sequential")
    model = make()
    model(X).sum().backward()
    assert model[0].weight.grad.abs().sum() > 0


def test_the_programs_generators_stay_as_they_were(begin: Begin) -> None:
    begin("0")
    model = make()
    before = torch.get_rng_state()
    model(X)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_module_that_is_called_twice_is_noisy_twice(begin: Begin) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(self.layer(x))  # type: ignore[no-any-return]

    noise = begin("layer", kind="Twice")
    Twice()(X)
    assert noise.told()["calls"] == {"layer": 2}


def test_the_model_meant_is_told_from_others_by_the_order_of_first_calls(begin: Begin) -> None:
    noise = begin("0", model=1)
    first, second = make(), make()
    clean = first(X)
    assert torch.equal(first(X), clean)
    assert not torch.equal(second(X), clean)
    assert noise.told()["calls"] == {"0": 1}


def test_another_model_at_the_place_is_a_problem_and_gets_no_noise(begin: Begin) -> None:
    noise = begin("0", kind="Resnet")
    model = make()
    assert torch.equal(model(X), model.forward(X))
    assert noise.told()["problems"] == ["model 0 is a Sequential here, and was a Resnet"]


def test_models_can_be_copied_and_pickled_and_copies_are_clean(begin: Begin) -> None:
    begin("0")
    model = make()
    model(X)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(X), other.forward(X))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_an_evaluation_does_not_count_as_training(begin: Begin) -> None:
    noise = begin("0")
    model = make()
    with torch.no_grad():
        assert not torch.equal(model(X), model.forward(X)), "noise is in evaluations as well"
    assert noise.told()["calls"] == {"0": 0}


def test_when_it_is_stopped_the_model_is_clean(begin: Begin) -> None:
    noise = begin("0")
    model = make()
    model(X)
    noise.stop()
    assert torch.equal(model(X), model.forward(X))


def test_a_transformer_in_evaluation_calls_its_layers_and_is_noisy(begin: Begin) -> None:
    noise = begin("layers.0.linear1", kind="TransformerEncoder")
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, dropout=0.0)
    model = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False).eval()
    x = torch.randn(2, 3, 4)
    with torch.no_grad():
        noisy = model(x)
        noise.stop()
        assert not torch.equal(noisy, model(x))


def test_a_module_made_by_a_later_call_is_found_then(begin: Begin) -> None:
    class Late(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if not hasattr(self, "head"):
                self.head = nn.Linear(3, 2)
            return self.head(self.first(x))  # type: ignore[no-any-return]

    noise = begin("head", kind="Late")
    model = Late()
    model(X)
    model(X)
    assert noise.told()["calls"] == {"head": 1}
