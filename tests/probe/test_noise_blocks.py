"""Noise of several levels in one tensor has, block by block, the bits of each level alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.probe.walking import trees
from auditor.probe.walking.operator import Operator, stages_of
from auditor.probe.walking.stacking import Blocks, NotStackableError, Seen, block_dimension, form_of, parted, repeated

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
SIGMA = st.sampled_from([0.0, 1e-8, 0.01, 0.7, 3.0, 1e8])
KINDS = st.sampled_from([("add", 0.5, "mul-add"), ("mul", 0.5, "mul-add"), ("combined", 0.3, "mul-add")])
SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(
        one.contiguous().reshape(-1).view(torch.uint8), other.contiguous().reshape(-1).view(torch.uint8)
    )


@settings(max_examples=80, deadline=None)
@given(
    shape=SHAPES,
    dimension=st.integers(0, 3),
    sigmas=st.lists(SIGMA, min_size=2, max_size=6),
    kind=KINDS,
    dtype=st.sampled_from(DTYPES),
    executions=st.integers(1, 3),
    calls=st.integers(1, 3),
    turned=st.booleans(),
)
def test_each_block_has_the_bits_of_its_level_alone(
    shape: list[int],
    dimension: int,
    sigmas: list[float],
    kind: tuple[str, float, str],
    dtype: torch.dtype,
    executions: int,
    calls: int,
    turned: bool,
) -> None:
    dimension %= len(shape)
    source = torch.Generator().manual_seed(1)
    # Each level's own values: what came before has made them different already.
    given_to = [[torch.randn(shape, generator=source).to(dtype) for _ in sigmas] for _ in range(calls)]

    def operators() -> list[Operator]:
        return [Operator(torch, stages_of(kind[0], s, *kind[1:]), 40 + n, executions) for n, s in enumerate(sigmas)]

    alone = [Seen(operator) for operator in operators()]
    expected = [[each(tensor) for each, tensor in zip(alone, tensors, strict=True)] for tensors in given_to]
    blocks = Blocks(torch, operators(), alone[0].shapes)
    for tensors, wanted in zip(given_to, expected, strict=True):
        stacked = torch.cat(tensors, dimension)
        if turned:
            stacked = stacked.transpose(0, -1).contiguous().transpose(0, -1)
        kept = stacked.clone()
        found = blocks(stacked)
        assert same_bits(found, torch.cat(wanted, dimension))
        assert same_bits(stacked, kept), "what the module returned is left alone"
        assert found.stride() == (stacked + 1).stride()


def test_tuples_dictionaries_and_whole_numbers_keep_their_places() -> None:
    def value(count: int) -> dict[str, Any]:
        states = (torch.ones(2, 3 * count, 4), torch.zeros(2, 3 * count, 4))
        return {"output": torch.ones(3 * count, 5), "ids": torch.arange(3 * count), "states": states, "name": "x"}

    plain = [Seen(Operator(torch, [("add", 1.0)], seed)) for seed in (3, 4)]
    expected = [each.apply(value(1)) for each in plain]
    blocks = Blocks(torch, [Operator(torch, [("add", 1.0)], seed) for seed in (3, 4)], plain[0].shapes)
    found = blocks.apply(value(2))
    assert found["name"] == "x"
    assert torch.equal(found["output"], torch.cat([each["output"] for each in expected]))
    for number in range(2):
        assert torch.equal(found["states"][number], torch.cat([each["states"][number] for each in expected], 1))


@pytest.mark.parametrize("count", [2, 5])
def test_what_is_repeated_and_parted_again_is_what_it_was(count: int) -> None:
    value = {"x": torch.randn(3, 4), "states": [torch.randn(2, 3).T.contiguous().T, torch.arange(3)], "n": 7}
    value["states"] = [value["states"][0].T, value["states"][1]]  # type: ignore[index]
    forms = [form_of(leaf) for leaf in trees.leaves(value)]
    levels = parted(torch, repeated(value, count), forms, count)
    assert len(levels) == count
    for level in levels:
        assert level["n"] == 7
        for one, other in zip(trees.tensors(level), trees.tensors(value), strict=True):
            assert torch.equal(one, other)
            assert one.stride() == other.stride()


def test_tensors_of_another_length_are_given_as_they_are() -> None:
    x, mask = torch.randn(4, 3), torch.ones(7, 7)
    found = repeated((x, mask), 3)
    assert found[0].shape == (12, 3)
    assert torch.equal(found[1], mask)


@pytest.mark.parametrize(
    ("shape", "stacked", "dimension"), [((2, 3), (8, 3), 0), ((1, 3, 5), (1, 12, 5), 1), ((6,), (24,), 0)]
)
def test_the_batch_is_the_dimension_that_grows(
    shape: tuple[int, ...], stacked: tuple[int, ...], dimension: int
) -> None:
    assert block_dimension(shape, stacked, 4) == dimension


@pytest.mark.parametrize(
    ("shape", "stacked", "said"),
    [
        ((2, 3), (2, 3), "a tensor of 2x3 has no dimension that grows with the batch"),
        ((), (), "a tensor of one number has no dimension"),
        ((2, 3), (8, 12), "a tensor of 2x3 for one batch is one of 8x12 for 4"),
        ((2, 3), (7, 3), "is one of 7x3 for 4"),
        ((2, 3), (24,), "is one of 24 for 4"),
        (None, (2,), "a tensor of no shape"),
    ],
)
def test_a_tensor_without_such_a_dimension_is_told(
    shape: tuple[int, ...] | None, stacked: tuple[int, ...], said: str
) -> None:
    with pytest.raises(NotStackableError, match=said):
        block_dimension(shape, stacked, 4)
