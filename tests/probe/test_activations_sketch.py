"""Signed sums: their differences have the size of the difference, whatever its form, and none is missed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from auditor.probe.activations.sketch import BLOCK, BUCKETS, Sketcher  # noqa: E402, after torch was found

N = 2 * BLOCK + 12_345


def values(count: int = N) -> Any:
    return torch.randn(count, generator=torch.Generator().manual_seed(1))


def estimated(one: Any, other: Any) -> float:
    sketcher = Sketcher(torch)
    return float((sketcher.sums(one) - sketcher.sums(other)).square().sum().sqrt())


FORMS: dict[str, Callable[[Any], Any]] = {
    "everywhere": lambda x: x + 1e-4 * values(),
    "the same everywhere": lambda x: x + 1e-4,
    "by place": lambda x: x + 1e-10 * torch.arange(N),
    "in one feature of 1024": lambda x: x.index_fill(0, torch.arange(7, N, 1024), 0.5),
    "in every block's place": lambda x: x.index_fill(0, torch.tensor([5, 5 + BLOCK, 5 + 2 * BLOCK]), 3.0),
    "in a stretch": lambda x: torch.cat([x[:1000], x[1000:4000] * 1.001, x[4000:]]),
}


@pytest.mark.parametrize("form", FORMS)
def test_size_of_a_difference_is_estimated_to_some_per_cent(form: str) -> None:
    x = values()
    y = FORMS[form](x)
    size = float((x.double() - y.double()).square().sum().sqrt())
    assert estimated(x, y) == pytest.approx(size, rel=0.1)


@pytest.mark.parametrize("place", [0, 1, 4097, BLOCK - 1, BLOCK, N - 1])
def test_one_element_of_millions_is_seen_exactly_down_to_its_last_place(place: int) -> None:
    x = values()
    y = x.clone()
    y[place] = torch.nextafter(x[place], torch.tensor(math.inf))
    size = float(y[place].double() - x[place].double())
    assert 0 < size < 1e-6
    assert estimated(x, y) == pytest.approx(size, rel=1e-4)


@pytest.mark.parametrize("count", [1, BUCKETS - 1, BUCKETS, BUCKETS + 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "float8_e5m2"])
def test_every_element_of_any_length_and_type_is_in_one_sum(count: int, dtype: str) -> None:
    ones = torch.ones(count).to(getattr(torch, dtype))
    sums = Sketcher(torch).sums(ones)
    assert sums.shape == (BUCKETS,)
    assert sums.dtype == torch.float64
    assert int(sums.sum()) % 2 == count % 2
    assert float(sums.abs().sum()) <= count


def test_signs_are_balanced_and_the_same_in_every_process() -> None:
    sums = Sketcher(torch).sums(torch.ones(BLOCK))
    assert abs(float(sums.sum())) < 3 * math.sqrt(BLOCK)
    assert sums[:6].tolist() == FIRST_SUMS


FIRST_SUMS = [-36, -30, -34, 88, 10, -64]


def test_nothing_is_drawn_and_nothing_of_the_program_is_changed() -> None:
    state = torch.get_rng_state()
    x = values()
    before = x.clone()
    Sketcher(torch).sums(x)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(x, before)
