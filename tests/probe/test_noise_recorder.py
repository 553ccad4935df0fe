"""Which model a program trains, from what its optimizers and calls show."""

from __future__ import annotations

import warnings
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


def test_models_are_in_the_order_of_their_first_calls_whichever_is_trained_first() -> None:
    generator, critic = nn.Linear(2, 2), nn.Linear(2, 1)
    recorder = Recorder(torch, 1 << 20, fail)
    for each in (generator, critic):
        recorder._seen(each, (torch.ones(1, 2),), {})
    optimizers = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (critic, generator)]
    for optimizer in optimizers:
        recorder.stepped(optimizer)
    assert recorder.models()[0] == [generator, critic]


def test_what_perhaps_is_an_evaluation_is_kept_within_the_limit_and_what_is_left_out_is_counted() -> None:
    model, batch = nn.Linear(2, 2).eval(), torch.ones(4, 2)
    recorder = Recorder(torch, 3 * batch.nbytes, fail)
    for _ in range(5):
        recorder._seen(model, (batch,), {})
    recorder.models()
    assert (len(recorder.evaluation), recorder.dropped) == (3, 2)


def test_a_module_that_was_traced_is_no_model_beside_its_copy() -> None:
    recorder, original = Recorder(torch, 1 << 20, fail), nn.Linear(2, 2)
    original.register_forward_pre_hook(lambda module, args: recorder._seen(module, args, {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(original, torch.ones(1, 2))
    optimizer = torch.optim.SGD(traced.parameters(), lr=0.1)
    for _ in range(2):
        recorder._seen(traced, (torch.ones(1, 2),), {})
        recorder.stepped(optimizer)
    assert recorder.models()[0] == [traced]


def test_a_teacher_that_training_asks_is_not_what_was_trained() -> None:
    student, teacher = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 2))
    recorder, optimizer = Recorder(torch, 1 << 20, fail), torch.optim.SGD(student.parameters(), lr=0.1)
    for _ in range(2):
        with torch.no_grad():
            recorder._seen(teacher, (torch.ones(1, 2),), {})
        recorder._seen(student, (torch.ones(1, 2),), {})
        recorder.stepped(optimizer)
    models, notes = recorder.models()
    assert (models, recorder.calls(models), notes) == ([student], [], [])


def test_what_was_only_called_before_the_first_step_is_not_what_was_trained() -> None:
    model, other = nn.Linear(2, 2), nn.Linear(2, 2)
    recorder, optimizer = Recorder(torch, 1 << 20, fail), torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.no_grad():
        recorder._seen(other, (torch.ones(1, 2),), {})
    recorder._seen(model, (torch.ones(1, 2),), {})
    recorder.stepped(optimizer)
    assert recorder.models()[0] == [model]


def test_what_is_called_inside_vmap_is_not_kept() -> None:
    recorder, model = Recorder(torch, 1 << 20, fail), nn.Linear(2, 2)

    def called(row: torch.Tensor) -> torch.Tensor:
        recorder._seen(model, (row,), {})
        return row

    with torch.no_grad():
        torch.func.vmap(called)(torch.ones(3, 2))
    assert (recorder.roots(), recorder.evaluation, recorder.first_calls([model])) == ([model], [], [])
