"""The device digest: one definition, three implementations; here all of them run on the CPU."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

PATH = Path(__file__).parents[2] / "auditor" / "probe" / "device_digest.py"


def load() -> ModuleType:
    from auditor.probe import device_digest

    return device_digest


device_digest = load()


def torch_digest(tensor: Any) -> int:
    digester = device_digest.DeviceDigester(torch, tensor.device, use_triton=False)
    digester.digest_async(tensor)
    (digest,) = digester.drain()
    return int(digest)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_torch_ops_give_the_reference_digest(data: bytes) -> None:
    tensor = torch.tensor(list(data), dtype=torch.uint8)
    assert torch_digest(tensor) == device_digest.reference(data)


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=64), st.data())
def test_one_flipped_bit_changes_the_digest(data: bytes, draw: Any) -> None:
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    other = bytearray(data)
    other[bit // 8] ^= 1 << bit % 8
    assert device_digest.reference(data) != device_digest.reference(bytes(other))


def test_trailing_zeros_and_permutations_change_the_digest() -> None:
    assert device_digest.reference(b"\1") != device_digest.reference(b"\1\0")
    tensor = torch.arange(4096, dtype=torch.float32)
    assert torch_digest(tensor) != torch_digest(tensor.flip(0))
    assert torch_digest(torch.tensor([0.0])) != torch_digest(torch.tensor([-0.0]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.randn(33, 7).t(),
        lambda: torch.randn(64)[1::2],
        lambda: torch.randn(5, 6).to(torch.bfloat16),
        lambda: torch.randn(9, dtype=torch.complex64).conj(),
        lambda: torch.tensor([True, False, True]),
        lambda: torch.tensor(3.5),
        lambda: torch.zeros(0, 4),
        lambda: torch.randn(3, 5, 2).to(memory_format=torch.contiguous_format)[:, :, 1],
    ],
)
def test_digest_is_that_of_the_logical_tensor(make: Callable[[], Any]) -> None:
    tensor = make()
    plain = tensor.resolve_conj().contiguous()
    data = bytes(plain.view(torch.uint8).flatten().tolist()) if plain.dim() and plain.numel() else None
    if data is None:
        data = bytes(plain.reshape(-1).view(torch.uint8).tolist()) if plain.numel() else b""
    assert torch_digest(tensor) == device_digest.reference(data)


def test_chunks_of_the_fallback_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = torch.randn(1000)
    whole = torch_digest(tensor)
    monkeypatch.setattr(device_digest, "FALLBACK_WORDS", 64)
    assert torch_digest(tensor) == whole


def test_slots_come_back_in_order_and_are_reused() -> None:
    digester = device_digest.DeviceDigester(torch, torch.device("cpu"), use_triton=False)
    tensors = [torch.randn(8) for _ in range(5)]
    assert [digester.digest_async(tensor) for tensor in tensors] == [0, 1, 2, 3, 4]
    first = digester.drain()
    assert len(digester) == 0
    for tensor in tensors:
        digester.digest_async(tensor)
    assert digester.drain() == first == [torch_digest(tensor) for tensor in tensors]


def test_a_full_buffer_asks_to_be_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_digest, "SLOTS", 2)
    digester = device_digest.DeviceDigester(torch, torch.device("cpu"), use_triton=False)
    digester.digest_async(torch.ones(1))
    digester.digest_async(torch.ones(2))
    assert digester.full
    with pytest.raises(IndexError, match="drain first"):
        digester.digest_async(torch.ones(3))


def test_the_tensor_is_left_as_it_was() -> None:
    tensor = torch.randn(10, requires_grad=True)
    version = tensor._version
    before = tensor.detach().clone()
    state = torch.get_rng_state()
    torch_digest(tensor)
    assert tensor._version == version
    assert torch.equal(tensor, before)
    assert torch.equal(torch.get_rng_state(), state)


TRITON_CHECK = """
import sys, types, torch
package = types.ModuleType("probe"); package.__path__ = [sys.argv[1]]; sys.modules["probe"] = package
from probe import device_digest
digester = device_digest.DeviceDigester(torch, torch.device("cpu"), use_triton=True)
torch.manual_seed(0)
for n in (1, 2, 1023, 1024, 1025, 5000):
    data = torch.randint(0, 256, (n,), dtype=torch.uint8)
    digester.digest_async(data)
    (digest,) = digester.drain()
    assert not digester.problem, digester.problem
    assert digest == device_digest.reference(bytes(data.tolist())), n
print("same")
"""


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_the_triton_kernel_gives_the_reference_digest() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    command = [sys.executable, "-c", TRITON_CHECK, str(PATH.parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "same", done.stderr


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("use_triton", [False, None])
def test_digests_on_the_gpu_are_those_of_the_cpu(use_triton: bool | None) -> None:
    digester = device_digest.DeviceDigester(torch, torch.device("cuda"), use_triton=use_triton)
    tensors = [torch.randn(1 << 20), torch.randn(33, 7).t(), torch.randn(7).to(torch.bfloat16), torch.zeros(0)]
    for tensor in tensors:
        digester.digest_async(tensor.cuda())
    assert digester.drain() == [torch_digest(tensor) for tensor in tensors]
