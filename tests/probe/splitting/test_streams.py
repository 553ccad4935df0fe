"""Streams of one generator do not touch each other, start anew with a seed, and go back with a state."""

from __future__ import annotations

import random
from typing import Any

import pytest

from auditor.probe.splitting import streams
from auditor.probe.splitting.stdlib import Adapter
from auditor.probe.splitting.streams import Split


class Told:
    """Stands for the splitter: where streams start, and what was told."""

    def __init__(self, **roots: str) -> None:
        self.roots = roots
        self.drawn: list[str] = []
        self.problems: list[str] = []
        self.ledger = self

    def root(self, source: str) -> str:
        return self.roots.get(source, "base")

    def drew(self, source: str, call: str, frame: object, held: str) -> None:
        self.drawn.append(source)

    def problem(self, text: str) -> None:
        self.problems.append(text)


def split(told: Told | None = None, seed: int = 1) -> tuple[Split, Any]:
    generator = random.Random(seed)
    return Split("random", Adapter(random), generator, told or Told()), generator


def draw(one: Split, source: str, count: int = 3) -> list[float]:
    return [one.stream(source).random() for _ in range(count)]


def test_what_one_source_draws_moves_no_other() -> None:
    first, second = split()[0], split()[0]
    draw(first, "augment", 100)
    draw(second, "augment", 3)
    assert draw(first, "dropout") == draw(second, "dropout")


def test_only_a_source_with_another_root_differs() -> None:
    plain, varied = split()[0], split(Told(init="replica"))[0]
    assert draw(plain, "init") != draw(varied, "init")
    assert draw(plain, "order") == draw(varied, "order")


def test_streams_differ_by_source_and_by_seed() -> None:
    drawn = [draw(split(seed=seed)[0], source) for seed in (1, 2) for source in ("init", "order")]
    assert len({tuple(values) for values in drawn}) == 4


def test_a_seed_starts_all_streams_anew() -> None:
    one, generator = split()
    before = draw(one, "init"), draw(one, "order")
    generator.seed(1)
    one.restart()
    assert (draw(one, "init"), draw(one, "order")) == before


def test_a_state_that_is_put_back_brings_every_stream_back() -> None:
    one, generator = split()
    draw(one, "dropout")
    taken = one.taken()
    assert one.taken() == taken
    after = draw(one, "dropout"), draw(one, "augment")
    draw(one, "init")
    generator.setstate(taken)
    one.restored()
    assert (draw(one, "dropout"), draw(one, "augment")) == after


def test_states_taken_at_different_moments_differ() -> None:
    one, _ = split()
    taken = []
    for _ in range(5):
        draw(one, "dropout", 1)
        taken.append(one.taken())
    assert len(set(taken)) == 5


def test_a_state_from_elsewhere_is_like_a_seed() -> None:
    one, generator = split()
    generator.setstate(random.Random(7).getstate())
    one.restored()
    assert draw(one, "init") == draw(split(seed=7)[0], "init")


def test_a_state_that_is_too_old_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_LABELS", 2)
    told = Told()
    one, generator = split(told)
    taken = []
    for _ in range(4):
        draw(one, "dropout", 1)
        taken.append(one.taken())
    generator.setstate(taken[0])
    one.restored()
    assert "older than the last 2" in told.problems[0]


def test_who_draws_unseen_is_told_once() -> None:
    told = Told()
    one, generator = split(told)
    one.settle()
    assert told.drawn == []
    generator.random()
    one.settle()
    one.settle()
    assert told.drawn == ["unseen"]
