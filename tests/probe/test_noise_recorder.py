"""Which model a program trains, from what its optimizers and calls show."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from auditor.probe.walking.recorder import Recorder


def fail(where: str, function: Callable[..., object], *arguments: object) -> object:
    return function(*arguments)


def test_a_model_that_only_a_compiled_function_calls_in_training_is_the_one_that_was_trained() -> None:
    model, other = nn.Linear(2, 2), nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(torch, 1 << 20, fail)
    recorder.stepped(optimizer)
    with torch.no_grad():
        for each in (other, model):
            recorder._seen(each, (torch.ones(1, 2),), {})
    models, notes = recorder.models()
    assert models == [model]
    assert not any("no optimizer" in note for note in notes)


def test_models_are_numbered_in_the_order_of_their_first_calls_and_parts_have_places_in_each() -> None:
    part = nn.Linear(2, 2)
    whole = nn.Sequential(part)
    recorder = Recorder(torch, 1 << 20, fail)
    for each in (part, whole, part):
        recorder._seen(each, (torch.ones(1, 2),), {})
    assert recorder.places(part) == [[0, "Linear", ""], [1, "Sequential", "0"]]
    assert recorder.called_model(1) is whole
    assert recorder.called_model(2) is None


def test_a_part_of_an_average_has_its_place_in_the_model_that_is_trained() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    average = torch.optim.swa_utils.AveragedModel(model)
    other = nn.Sequential(nn.Linear(2, 2))
    recorder = Recorder(torch, 1 << 20, fail)
    for each in (other, model):
        recorder._seen(each, (torch.ones(1, 2),), {})
    recorder.stepped(torch.optim.SGD(model.parameters(), lr=0.1))
    with torch.no_grad():
        recorder._seen(average, (torch.ones(1, 2),), {})
    models, _ = recorder.models()
    assert models == [average]
    assert recorder.places(average.module[1]) == [[1, "Sequential", "1"], [2, "AveragedModel", "module.1"]]
