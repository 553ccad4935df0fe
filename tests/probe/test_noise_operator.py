"""The noise is bit for bit what the method says, from generators of its own."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from auditor.probe.walking.operator import Operator, stages_of

X = torch.randn(50, 40, generator=torch.Generator().manual_seed(3))


def operator(kind: str, sigma: float, seed: int = 11, executions: int = 1, **more: Any) -> Operator:
    return Operator(torch, stages_of(kind, sigma, **more), seed, executions)


def draw(mean: float, sigma: float, size: torch.Size, generator: torch.Generator) -> torch.Tensor:
    return torch.normal(mean, sigma, size, generator=generator)


@pytest.mark.parametrize("sigma", [1e-2, 0.7, 1e8])
def test_additive_noise_has_the_bits_of_torch_normal(sigma: float) -> None:
    own = torch.Generator().manual_seed(11)
    assert torch.equal(operator("add", sigma)(X), X + draw(0.0, sigma, X.size(), own))


@pytest.mark.parametrize("sigma", [1e-2, 0.7, 1e10])
def test_multiplicative_noise_has_the_bits_of_torch_normal_around_one(sigma: float) -> None:
    own = torch.Generator().manual_seed(11)
    assert torch.equal(operator("mul", sigma)(X), X * draw(1.0, sigma, X.size(), own))


@pytest.mark.parametrize("order", ["mul-add", "add-mul"])
def test_combined_noise_splits_sigma_and_keeps_the_order(order: str) -> None:
    own = torch.Generator().manual_seed(11)
    if order == "mul-add":
        expected = X * draw(1.0, 2.0 * 0.75, X.size(), own) + draw(0.0, 2.0 * 0.25, X.size(), own)
    else:
        expected = (X + draw(0.0, 2.0 * 0.25, X.size(), own)) * draw(1.0, 2.0 * 0.75, X.size(), own)
    assert torch.equal(operator("combined", 2.0, ratio=0.25, order=order)(X), expected)


def test_every_call_draws_anew_and_the_same_seed_draws_the_same() -> None:
    first, second = operator("add", 1.0), operator("add", 1.0)
    assert not torch.equal(first(X), first(X))
    assert torch.equal(operator("add", 1.0)(X), second(X))


def test_the_generators_of_the_program_stay_as_they_were() -> None:
    before = torch.get_rng_state()
    operator("combined", 1.0, executions=3)(X)
    assert torch.equal(torch.get_rng_state(), before)


def test_averaging_executions_leaves_sigma_over_their_root() -> None:
    x = torch.zeros(200_000)
    for executions in (1, 4, 16):
        left = operator("add", 2.0, executions=executions)(x).std().item()
        assert left == pytest.approx(2.0 / math.sqrt(executions), rel=0.02)


def test_the_mean_of_executions_is_that_of_single_ones() -> None:
    single = operator("mul", 0.5)
    expected = (single(X) + single(X) + single(X)) / 3
    assert torch.equal(operator("mul", 0.5, executions=3)(X), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_type_and_shape_stay(dtype: torch.dtype) -> None:
    noisy = operator("add", 0.1)(X.to(dtype))
    assert (noisy.dtype, noisy.shape) == (dtype, X.shape)
    assert not torch.equal(noisy, X.to(dtype))


@pytest.mark.parametrize("value", [torch.arange(5), torch.tensor([True, False]), torch.ones(2, dtype=torch.complex64)])
def test_what_is_no_floating_point_tensor_stays_the_same_object(value: torch.Tensor) -> None:
    assert operator("add", 1.0)(value) is value


def test_noise_reaches_tensors_inside_tuples_lists_and_dictionaries() -> None:
    class Output(dict[str, Any]):
        pass

    given = (X, [X, 3, None], Output(logits=X, mask=torch.arange(3)))
    noisy = operator("add", 1.0).apply(given)
    assert type(noisy[2]) is Output
    assert noisy[1][1:] == [3, None]
    assert noisy[2]["mask"] is given[2]["mask"]
    for tensor in (noisy[0], noisy[1][0], noisy[2]["logits"]):
        assert not torch.equal(tensor, X)
    assert torch.equal(given[2]["logits"], X), "what the module returned is left alone"


def test_packed_sequences_keep_their_batch_sizes() -> None:
    packed = pack_padded_sequence(torch.randn(2, 3, 4), torch.tensor([3, 2]), batch_first=True)
    noisy = operator("add", 1.0).apply(packed)
    assert isinstance(noisy, PackedSequence)
    assert torch.equal(noisy.batch_sizes, packed.batch_sizes)
    assert not torch.equal(noisy.data, packed.data)


# noise of hardware


@pytest.mark.parametrize(("kind", "size"), [("add-rms", X.square().mean().sqrt()), ("add-max", X.abs().max())])
def test_relative_noise_is_that_share_of_the_tensors_size(kind: str, size: torch.Tensor) -> None:
    left = Operator(torch, [(kind, 0.25)], 11)(X) - X
    assert left.std().item() == pytest.approx(0.25 * size.item(), rel=0.05)


def test_a_step_is_noise_within_half_of_it() -> None:
    left = Operator(torch, [("step", 0.5)], 11)(X) - X
    assert left.abs().max() <= 0.2501
    assert left.std().item() == pytest.approx(0.5 / math.sqrt(12), rel=0.05)


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_bits_are_as_far_from_the_value_as_rounding_is(bits: int) -> None:
    step = 2 * X.abs().max() / (2**bits - 1)
    rounded = torch.round(X / step) * step
    noisy = Operator(torch, [("bits", bits)], 11)(X)
    assert (noisy - X).std().item() == pytest.approx((rounded - X).std().item(), rel=0.15)
    assert (noisy - X).abs().max() <= step / 2 * 1.001


def test_stages_follow_each_other() -> None:
    own = torch.Generator().manual_seed(11)
    multiplied = X * draw(1.0, 0.1, X.size(), own)
    expected = multiplied + draw(0.0, 0.2, X.size(), own)
    assert torch.equal(Operator(torch, [("mul", 0.1), ("add", 0.2)], 11)(X), expected)


@pytest.mark.parametrize("value", [torch.zeros(3), torch.empty(0), torch.tensor([math.nan, 1.0])])
def test_relative_noise_of_nothing_is_nothing(value: torch.Tensor) -> None:
    noisy = Operator(torch, [("add-rms", 1.0), ("add-max", 1.0), ("bits", 4)], 11)(value)
    assert torch.equal(noisy.nan_to_num(), value.nan_to_num())
