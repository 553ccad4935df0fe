"""Several levels at once, and evaluations from the noisy layer on, have the bits of plain ones or are not used."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn

from auditor.probe.walking.recorder import Call, Recorder
from auditor.probe.walking.server import Server
from auditor.services.noise_options import probe_settings

SIGMAS = (1e-3, 0.03, 0.1, 0.5, 1.0, 3.0, 50.0)
ROUNDED = "larger batches are rounded otherwise"
Function = Callable[[nn.Module], float]


def faster_and_faster() -> Callable[[], float]:
    """A clock by which everything takes less time than what came before: whatever is tried last is the quickest."""
    times = itertools.accumulate(1 / (1 + number) for number in itertools.count())
    return lambda: next(times)


class Program:
    """A program that has ended, in this process."""

    def __init__(self, model: nn.Module, *batches: Any, function: Function | None = None) -> None:
        recorder = Recorder(torch, 1 << 30, lambda where, function, *arguments: function(*arguments))
        recorder.evaluation = [Call(torch, model, (each,), {}) for each in batches]
        named = None
        if function is not None:
            named = "users_evaluation:evaluate"
            sys.modules["users_evaluation"] = types.ModuleType("users_evaluation")
            sys.modules["users_evaluation"].evaluate = function  # type: ignore[attr-defined]
        self.server = Server(torch, probe_settings(evaluate=named), recorder, [model], [], None)
        self.points = self.server.hello()["points"]
        self.plan: dict[str, Any] = {}

    def measured(self, at_once: int | None, reuse: bool, layers: list[int] | None = None, **noise: Any) -> list[Any]:
        """Return the values at each point alone, then at all of them, by sigma; batches of levels as in a walk."""
        places = [place for place, point in enumerate(self.points) if point["injectable"]]
        subjects = [[place] for place in places] + [places] if layers is None else [layers]
        trial = [[sigma, number] for number, sigma in enumerate((0.0, SIGMAS[-1], *SIGMAS[:-1]))]
        self.server._levels._clock = faster_and_faster()
        wanted = {"at_once": at_once, "reuse": reuse}
        self.plan = self._ask(places if layers is None else layers, trial[: at_once or 8], noise, plan=wanted)
        step = self.plan["at_once"]
        found = []
        for subject in subjects:
            levels = [[sigma, 100 + number] for number, sigma in enumerate((*SIGMAS, *SIGMAS[2:6]))]
            for start in range(0, len(levels), step):
                answer = self._ask(subject, sorted(levels[start : start + step]), noise)
                found += [(subject, values) for values in answer["levels"]]
        return found

    def _ask(self, layers: list[int], levels: list[list[float]], noise: dict[str, Any], **more: Any) -> Any:
        request = {"layers": layers, "executions": None, "kind": "add", "ratio": 0.5, "order": "mul-add"}
        return self.server.answer({**request, **noise, "levels": levels, **more})

    def subjects(self) -> list[Any]:
        return list(self.server._levels._subjects.values())


def by_level(found: list[Any]) -> list[str]:
    """The same order whatever was asked together; as text, because NaN is not equal to itself."""
    return sorted(repr(each) for each in found)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


class Exact(nn.Linear):
    """Adds up in the same order for each row, however many there are."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        products = (x.unsqueeze(-2) * self.weight).unbind(-1)
        return sum(products[1:], products[0]) + self.bias


class Convolutional(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(36, 3)),
        )


class Recurrent(nn.Module):
    """Tuples out, and states whose batch is their second dimension."""

    def __init__(self, batch_first: bool = True) -> None:
        super().__init__()
        self.first = batch_first
        self.embed, self.lstm = nn.Embedding(9, 4), nn.LSTM(4, 6, 2, batch_first=batch_first)
        self.head = nn.Linear(6, 3)

    def forward(self, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.embed(words)
        output, (hidden, _) = self.lstm(x if self.first else x.transpose(0, 1))
        return self.head(output[:, -1] if self.first else output[-1]), hidden


class Attention(nn.Module):
    """Blocks with residuals, and an output in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.embed, self.encoder = nn.Embedding(9, 8), nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, words: torch.Tensor) -> dict[str, torch.Tensor]:
        hidden = self.encoder(self.embed(words))
        return {"hidden": hidden, "logits": self.head(hidden.mean(1))}


class Repeated(nn.Module):
    """One layer three times, an activation between, one of them by another name."""

    def __init__(self) -> None:
        super().__init__()
        self.start, self.layer, self.act, self.head = nn.Linear(5, 6), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3)
        self.again = self.layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.start(x))
        return self.head(self.again(self.act(self.layer(self.act(self.layer(x))))))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


def exact() -> nn.Module:
    return nn.Sequential(Exact(5, 8), nn.ReLU(), Exact(8, 8), nn.ReLU(), Exact(8, 3))


def words() -> torch.Tensor:
    return torch.randint(0, 9, (8, 7))


def rows() -> torch.Tensor:
    return torch.randn(40, 5)


Made = tuple[Callable[[], nn.Module], Callable[[], torch.Tensor]]
MODELS: dict[str, Made] = {
    "mlp": (mlp, rows),
    "convolutions, batch norm, dropout": (Convolutional, lambda: torch.randn(16, 1, 8, 8)),
    "lstm": (Recurrent, words),
    "lstm, time first inside": (lambda: Recurrent(batch_first=False), words),
    "transformer": (Attention, words),
    "one layer repeated": (Repeated, rows),
    "bfloat16": (lambda: mlp().bfloat16(), lambda: rows().bfloat16()),
    "double": (lambda: mlp().double(), lambda: rows().double()),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("at_once", "reuse"), [(8, False), (1, True), (4, True)])
def test_every_way_measures_what_plain_evaluations_measure(name: str, at_once: int, reuse: bool) -> None:
    make, batch = MODELS[name]
    program = Program(make().eval(), batch(), batch()[:5])
    expected = program.measured(1, False)
    assert len({repr(each) for each in expected}) > 10, "noise changes what is measured"
    assert by_level(program.measured(at_once, reuse)) == by_level(expected)
    assert program.plan["reason"] in (None, ROUNDED)
    if reuse and program.plan["at_once"] == 1:
        assert all(each.reusable for each in program.subjects() if not any(point.is_input for point in each.points))
    assert torch.nn.Module.__call__.__module__ == "torch.nn.modules.module"
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in program.server._roots[0].modules())


@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize(
    "noise", [{}, {"kind": "mul"}, {"kind": "combined", "ratio": 0.3}, {"kind": "combined", "order": "add-mul"}]
)
def test_eight_levels_at_once_measure_the_same_under_every_kind_of_noise(noise: dict[str, Any], reuse: bool) -> None:
    program = Program(exact().eval(), rows(), rows()[:7])
    expected = program.measured(1, False, **noise)
    assert by_level(program.measured(8, reuse, **noise)) == by_level(expected)
    assert program.plan == {"at_once": 8, "reason": None}
    assert [each.stackable for each in program.subjects()] == [True] * 7


@pytest.mark.parametrize("at_once", [1, 8])
def test_executions_are_averaged_in_every_way(at_once: int) -> None:
    program = Program(exact().eval(), rows())
    expected = program.measured(1, False, layers=[2, 4], executions=[3, 2])
    assert by_level(program.measured(at_once, True, layers=[2, 4], executions=[3, 2])) == by_level(expected)


def accuracy(model: nn.Module) -> float:
    x = torch.randn(30, 5, generator=torch.Generator().manual_seed(3))
    hits = [(model(part).argmax(1) == part[:, :3].argmax(1)).float() for part in x.split(8)]
    return torch.cat(hits).mean().item() + 0.2


@pytest.mark.parametrize(("at_once", "reuse"), [(8, False), (1, True), (8, True)])
def test_a_function_of_the_users_is_given_the_outputs_of_each_level(at_once: int, reuse: bool) -> None:
    program = Program(exact().eval(), function=accuracy)
    expected = program.measured(1, False)
    assert by_level(program.measured(at_once, reuse)) == by_level(expected)
    assert program.plan == {"at_once": at_once, "reason": None}


def feeding_back(model: nn.Module) -> float:
    x = torch.randn(30, 5, generator=torch.Generator().manual_seed(3))
    first = model(x)
    return (model(x + first.repeat(1, 2)[:, :5]).argmax(1) == first.argmax(1)).float().mean().item()


def test_a_function_that_feeds_outputs_back_is_evaluated_one_level_at_a_time() -> None:
    program = Program(exact().eval(), function=feeding_back)
    expected = program.measured(1, False)
    assert by_level(program.measured(8, True)) == by_level(expected)
    assert program.plan == {"at_once": 1, "reason": "under noise the evaluation gives the model something else"}


class Strange(nn.Module):
    """An mlp that does one thing more."""

    def __init__(self, then: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.act, self.last, self.drop = Exact(5, 8), nn.ReLU(), Exact(8, 3), nn.Dropout(0.2)
        self.register_buffer("count", torch.zeros(()))
        self.then = then

    def forward(self, x: torch.Tensor) -> Any:
        return self.then(self, self.last(self.act(self.first(x))))


def checks_length(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    assert x.shape[0] == 40, "batches have 40 rows"
    return x


def takes_at_most_a_hundred(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    assert x.shape[0] <= 100
    return x


def counts(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    model.count.add_(1)  # type: ignore[operator, union-attr]
    return x


def drops(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    model.drop.train()  # type: ignore[union-attr]
    return model.drop(x)  # type: ignore[operator, no-any-return]


def cuts_outliers(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return x.clamp(max=x.mean().item() + 2 * x.std().item())


def with_a_number(model: nn.Module, x: torch.Tensor) -> Any:
    return x, x.mean()


def turned(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return x.transpose(0, 1).reshape(-1, 3)


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (lambda model, x: x - x.mean(0), "the samples of a batch do something to each other"),
        (cuts_outliers, "the samples of a batch do something to each other"),
        (turned, "the samples of a batch do something to each other"),
        (checks_length, "batches as one are an error: AssertionError: batches have 40 rows"),
        (counts, "the model changes its buffers"),
        (lambda model, x: x + 0.1 * torch.randn(x.shape), "the model draws random numbers"),
        (drops, "the model draws random numbers"),
    ],
)
def test_what_cannot_share_a_batch_is_evaluated_one_level_at_a_time_and_told(
    then: Callable[[nn.Module, torch.Tensor], torch.Tensor], reason: str
) -> None:
    program = Program(Strange(then).eval(), rows())
    expected = program.measured(1, False)
    assert by_level(program.measured(8, True)) == by_level(expected)
    assert program.plan["at_once"] == 1
    assert program.plan["reason"].endswith(reason)


@pytest.mark.parametrize("then", [with_a_number, lambda model, x: (x, object()), lambda model, x: [3, {"logits": x}]])
def test_in_a_replay_only_what_is_judged_has_to_have_a_batch(then: Callable[[nn.Module, torch.Tensor], Any]) -> None:
    program = Program(Strange(then).eval(), rows())
    expected = program.measured(1, False)
    assert by_level(program.measured(8, True)) == by_level(expected)
    assert program.plan == {"at_once": 8, "reason": None}


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (with_a_number, "a tensor of one number has no dimension that grows with the batch"),
        (lambda model, x: (x, object()), "the model returns more than tensors, numbers and words"),
    ],
)
def test_a_function_is_given_everything_or_one_level_at_a_time(
    then: Callable[[nn.Module, torch.Tensor], Any], reason: str
) -> None:
    def first(model: nn.Module) -> float:
        x = torch.randn(30, 5, generator=torch.Generator().manual_seed(3))
        return 1 / (1 + model(x)[0].double().abs().mean().item())

    program = Program(Strange(then).eval(), function=first)
    expected = program.measured(1, False)
    assert by_level(program.measured(8, True)) == by_level(expected)
    assert program.plan == {"at_once": 1, "reason": reason}


class Positions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place, self.head = nn.Embedding(9, 4), nn.Embedding(7, 4), nn.Linear(4, 3)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.head((self.embed(words) + self.place(torch.arange(words.shape[1]))).mean(1))


def test_noise_without_a_batch_dimension_keeps_to_one_level_at_a_time() -> None:
    program = Program(Positions().eval(), words())
    expected = program.measured(1, False)
    assert by_level(program.measured(8, True)) == by_level(expected)
    assert program.plan == {"at_once": 1, "reason": "a tensor of 7x4 has no dimension that grows with the batch"}


def test_modules_before_the_noisy_layer_are_not_computed_again() -> None:
    computed: list[str] = []

    class Told(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            computed.append(self.name)
            return super().forward(x)

    parts = [Told(5, 5) for _ in range(4)]
    for number, part in enumerate(parts):
        part.name = str(number)  # type: ignore[assignment]
    program = Program(nn.Sequential(*parts).eval(), rows())
    counts = {}
    for reuse in (False, True):
        computed.clear()
        program.measured(1, reuse, layers=[3])
        counts[reuse] = [computed.count(name) for name in "0123"]
    assert len(set(counts[False])) == 1
    assert [count < counts[False][0] / 3 for count in counts[True]] == [True, True, True, False]


class Overwrites(nn.Module):
    """Dropout gives back its own input in eval(), which is then written to and used once more."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(5, 8), nn.Dropout(0.2), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x)
        dropped = self.drop(hidden)
        dropped += 1
        return self.last(dropped) + hidden[:, :3]


def test_a_layer_whose_input_is_shared_in_place_is_computed_whole() -> None:
    program = Program(Overwrites().eval(), rows())
    expected = program.measured(1, False)
    assert program.measured(1, True) == expected
    last = next(each for each in program.subjects() if each.points[0].name == "last")
    assert last.reusable is False


def test_calls_with_other_values_than_without_noise_are_computed() -> None:
    turns = itertools.count()

    def changing(model: nn.Module) -> float:
        x = torch.randn(30, 5, generator=torch.Generator().manual_seed(next(turns) % 2))
        return model(x).double().abs().mean().item()

    program = Program(mlp().eval(), function=changing)
    evaluation = program.server._evaluation
    assert evaluation is not None
    expected = [evaluation.once() for _ in range(2)]
    assert expected[0] != expected[1]
    noise = [[0.0, 1]]
    program._ask([3], noise, {}, plan={"at_once": 1, "reuse": True})
    assert all(program._ask([3], noise, {})["levels"][0] in expected for _ in range(8))


def test_an_evaluation_that_takes_no_time_is_left_as_it_is() -> None:
    program = Program(exact().eval(), rows())
    program.server._levels._clock = lambda: 0.0
    levels = [[0.0, 1], [1.0, 2], [0.1, 3]]
    assert program._ask([1], levels, {}, plan={"at_once": None, "reuse": True}) == {"at_once": 1, "reason": None}


@pytest.mark.parametrize("at_once", [8, None])
def test_fewer_levels_go_together_where_so_many_do_not(at_once: int | None) -> None:
    program = Program(Strange(takes_at_most_a_hundred).eval(), rows())
    expected = program.measured(1, False)
    assert by_level(program.measured(at_once, True)) == by_level(expected)
    assert program.plan == {"at_once": 2, "reason": None}


def test_auto_takes_several_levels_at_once_where_that_is_faster() -> None:
    program = Program(exact().eval(), rows())
    expected = program.measured(1, False)
    assert by_level(program.measured(None, True)) == by_level(expected)
    assert program.plan == {"at_once": 8, "reason": None}


def test_an_evaluation_that_takes_gradients_is_left_as_it_is() -> None:
    def steepest(model: nn.Module) -> float:
        x = torch.randn(30, 5, generator=torch.Generator().manual_seed(3))
        with torch.enable_grad():
            x.requires_grad_()
            (slope,) = torch.autograd.grad(model(x).square().sum(), x)
        return 1 / (1 + slope.double().abs().mean().item())

    program = Program(exact().eval(), function=steepest)
    expected = program.measured(1, False)
    assert by_level(program.measured(8, True)) == by_level(expected)
    assert program.plan["at_once"] == 1
    assert "as one are an error: RuntimeError" in program.plan["reason"]
