"""What a draw is for is told from who draws."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from auditor.probe.splitting.sources import Sources

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture(scope="module")
def sources() -> Sources:
    made = Sources()
    made.know(torch)
    return made


class Net(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self, draw: Callable[..., str]) -> None:
        super().__init__()
        self.draw = draw
        self.built = draw()

    def forward(self) -> str:
        return self.draw()

    def sample(self) -> str:
        return self.draw()

    def reset_parameters(self) -> str:
        return self.draw()


class Noise(torch.utils.data.Dataset):  # type: ignore[misc, name-defined]
    def __init__(self, draw: Callable[..., str]) -> None:
        self.draw = draw
        self.built = draw()

    def __getitem__(self, index: int) -> str:
        return Net(self.draw)() if index else self.draw(permutes=True)


class Stream(torch.utils.data.IterableDataset):  # type: ignore[misc, name-defined]
    def __init__(self, draw: Callable[..., str]) -> None:
        self.draw = draw

    def __iter__(self) -> Iterator[str]:
        yield self.draw(permutes=True)
        yield self.draw()


class Picks(torch.utils.data.Sampler):  # type: ignore[misc, name-defined]
    def __init__(self, draw: Callable[..., str]) -> None:
        self.draw = draw

    def __iter__(self) -> Iterator[str]:
        yield self.draw()


class Plain:
    def __init__(self, draw: Callable[..., str]) -> None:
        self.built = draw()

    def __iter__(self) -> Iterator[str]:
        yield self.built


def init_weights(draw: Callable[..., str]) -> str:
    return draw()


def initialise(draw: Callable[..., str]) -> list[str]:
    found: list[str] = []
    nn.Linear(1, 1).apply(lambda module: found.append(draw()))
    return found


def Parameter(value: str) -> str:  # noqa: N802 - the name is what is looked for
    return value


CASES: list[tuple[str, Callable[[Any], str], str]] = [
    ("a module is made", lambda draw: Net(draw).built, "init"),
    ("its weights are reset", lambda draw: Net(draw).reset_parameters(), "init"),
    ("a function is applied to modules", lambda draw: initialise(draw)[0], "init"),
    ("a function is named so", init_weights, "init"),
    ("into a parameter", lambda draw: draw(fills=True), "init"),
    ("a parameter is made of it", lambda draw: Parameter(draw()), "init"),
    ("forward", lambda draw: Net(draw)(), "dropout"),
    ("forward permutes", lambda draw: Net(lambda **_: draw(permutes=True))(), "dropout"),
    ("an operation that drops", lambda draw: draw(drops=True), "dropout"),
    ("another method of a module", lambda draw: Net(draw).sample(), "other"),
    ("an item, with a permutation", lambda draw: Noise(draw)[0], "augment"),
    ("a module inside an item", lambda draw: Noise(draw)[1], "augment"),
    ("a data set is made", lambda draw: Noise(draw).built, "other"),
    ("an iterable data set shuffles", lambda draw: next(iter(Stream(draw))), "order"),
    ("an iterable data set draws", lambda draw: list(Stream(draw))[1], "augment"),
    ("a sampler of the program", lambda draw: next(iter(Picks(draw))), "order"),
    ("a permutation", lambda draw: draw(permutes=True), "order"),
    ("nothing tells", lambda draw: draw(), "other"),
    ("an object that is no module is made", lambda draw: Plain(draw).built, "other"),
]


@pytest.mark.parametrize(("call", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_draw_belongs_to_its_source(sources: Sources, call: Callable[[Any], str], expected: str) -> None:
    def draw(**how: bool) -> str:
        return str(sources.of(sys._getframe(1), **how))

    assert call(draw) == expected
