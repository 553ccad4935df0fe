"""Which injection points a model has, in which order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from auditor.probe.walking.operator import Operator
from auditor.probe.walking.points import Enumeration, Point, attached


def points_of(model: nn.Module, *args: Any, **kwargs: Any) -> tuple[list[Point], list[str]]:
    model.eval()
    enumeration = Enumeration([model])
    with torch.no_grad():
        model(*args, **kwargs)
    found: tuple[list[Point], list[str]] = enumeration.finish()
    return found


def names(points: list[Point]) -> list[str]:
    return [point.name for point in points]


def is_clean(model: nn.Module) -> bool:
    return not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_a_convolutional_net_has_its_input_and_every_leaf_but_flatten() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)
    )
    points, reshapes = points_of(model, torch.randn(2, 1, 8, 8))
    assert names(points) == ["input", "0", "1", "2", "3", "5"]
    assert [point.type for point in points[1:]] == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Linear"]
    assert points[1].shapes == [[2, 4, 6, 6]]
    assert reshapes == ["4 (Flatten)"]
    assert is_clean(model)


def test_a_module_that_only_reshapes_is_known_by_what_it_does() -> None:
    class View(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.view(len(x), -1)

    points, reshapes = points_of(nn.Sequential(View(), nn.Linear(6, 2)), torch.randn(4, 2, 3))
    assert (names(points), reshapes) == (["input", "1"], ["0 (View)"])


def test_order_is_that_of_the_calls_and_not_of_the_attributes() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(4, 2)
            self.first = nn.Linear(3, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.first(x))

    assert names(points_of(Net(), torch.randn(2, 3))[0]) == ["input", "first", "last"]


def test_a_module_called_several_times_is_one_point() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()
            self.layer = nn.Linear(3, 3)
            self.again = self.layer

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.again(self.act(self.layer(x))))

    points, _ = points_of(Net(), torch.randn(2, 3))
    assert [(point.name, point.calls) for point in points] == [("input", 1), ("layer", 2), ("act", 2)]


def test_a_transformer_shows_its_layers_although_it_has_a_fast_path() -> None:
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1, enable_nested_tensor=False)
    points, _ = points_of(model, torch.randn(2, 5, 8))
    found = names(points)
    assert found[0] == "input"
    for name in ("layers.0.self_attn", "layers.0.linear1", "layers.0.linear2", "layers.0.norm2"):
        assert name in found
    attention = points[found.index("layers.0.self_attn")]
    assert attention.injectable


def test_a_recurrent_net_has_points_for_tuples_and_none_for_numbers_of_words() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.lstm, self.head = nn.Embedding(10, 4), nn.LSTM(4, 6), nn.Linear(6, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            output, _ = self.lstm(self.embed(x))
            return self.head(output)

    points, _ = points_of(Net(), torch.randint(0, 10, (5, 3)))
    assert [(point.name, point.injectable) for point in points] == [
        ("input", False),
        ("embed", True),
        ("lstm", True),
        ("head", True),
    ]
    assert points[2].shapes == [[5, 3, 6], [1, 3, 6], [1, 3, 6]]


def test_keyword_inputs_are_inputs() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, *, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"logits": self.layer(pixels)}

    model = Net()
    points, _ = points_of(model, pixels=torch.randn(2, 3))
    assert points[0].injectable
    x = torch.randn(2, 3)
    clean = model(pixels=x)["logits"]
    handle = points[0].attach(Operator(torch, [("add", 1.0)], 5))
    noisy = model(pixels=x)["logits"]
    handle.remove()
    assert not torch.equal(noisy, clean)
    assert torch.equal(model(pixels=x)["logits"], clean)


@pytest.mark.parametrize("model", [nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 2))])
def test_a_model_that_is_a_leaf_itself_has_two_points(model: nn.Module) -> None:
    assert len(points_of(model, torch.randn(2, 3))[0]) == 2


def test_walking_noise_enters_at_its_point_alone() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    points, _ = points_of(model, torch.randn(2, 3))
    x = torch.randn(4, 3)
    seen: list[torch.Tensor] = []
    model[0].register_forward_hook(lambda module, args, output: seen.append(output.clone()))
    with torch.no_grad():
        clean = model(x)
        handle = points[2].attach(Operator(torch, [("add", 0.5)], 9))
        noisy = model(x)
        handle.remove()
        assert torch.equal(seen[0], seen[1]), "what comes before is as it was"
        own = torch.Generator().manual_seed(9)
        hidden = torch.relu(seen[0])
        assert torch.equal(noisy, model[2](hidden + torch.normal(0.0, 0.5, hidden.size(), generator=own)))
        assert torch.equal(model(x), clean)


def test_two_models_of_one_class_have_names_of_their_own() -> None:
    models = [nn.Sequential(nn.Linear(3, 3)), nn.Sequential(nn.Linear(3, 2))]
    enumeration = Enumeration(models)
    models[1](models[0](torch.randn(2, 3)))
    found, _ = enumeration.finish()
    assert names(found) == ["Sequential.input", "Sequential.0", "Sequential-2.input", "Sequential-2.0"]


def test_a_scripted_part_is_one_point_and_noise_enters_behind_it() -> None:
    torch.manual_seed(0)
    scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4)))
    model = nn.Sequential(nn.Linear(4, 4), scripted, nn.Linear(4, 2))
    given = torch.randn(3, 4)
    points, _ = points_of(model, given)
    assert names(points) == ["input", "0", "1", "2"]
    assert points[2].type == "Sequential"
    found, _ = points_of(scripted, given)
    assert [(point.name, point.type) for point in found] == [("input", "Sequential"), ("Sequential", "Sequential")]
    with torch.no_grad():
        middle = scripted(model[0](given))
        plain = model(given)
        with attached([points[2]], [Operator(torch, [("add", 1.0)], 3)]):
            noisy = model(given)
        with attached([points[2]], [Operator(torch, [("add", 1.0)], 3)]):
            behind = scripted(model[0](given))
        assert torch.equal(model(given), plain)
    assert not torch.equal(behind, middle)
    assert torch.equal(model[2](behind), noisy)
