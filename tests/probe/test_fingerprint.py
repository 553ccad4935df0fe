"""A digest covers every bit of the logical tensor in order, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.probe import fingerprint, wire
from auditor.probe.fingerprint import Fingerprints, NotCoveredError, UnknownValueError


class Names:
    """A writer that only gives out ids."""

    def __init__(self) -> None:
        self.ids: dict[Any, int] = {}

    def spec(self, *key: Any) -> int:
        return self.ids.setdefault(key, len(self.ids) + 1)


def make(hash_function: Any = None) -> Fingerprints:
    prints = Fingerprints(Names())
    prints.install(torch)
    if hash_function is not None:
        prints.hash = hash_function
    return prints


@pytest.fixture(params=["xxh3", "crc32"])
def prints(request: pytest.FixtureRequest) -> Fingerprints:
    return make(None if request.param == "xxh3" else fingerprint._crc32_adler32)


KINDS = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int8, torch.int64, torch.uint8, torch.bool]
KINDS += [torch.complex64, torch.complex128]


@pytest.mark.parametrize("dtype", KINDS, ids=str)
def test_strides_offsets_and_views_do_not_matter(dtype: torch.dtype, prints: Fingerprints) -> None:
    base = torch.arange(24).reshape(4, 6).to(dtype)
    wanted = prints.digest(base.clone())
    assert prints.digest(base) == wanted
    assert prints.digest(base.t().contiguous().t()) == wanted
    bigger = torch.zeros(9, 13, dtype=dtype)
    bigger[3:7, 1::2] = base
    assert prints.digest(bigger[3:7, 1::2]) == wanted


@pytest.mark.parametrize("dtype", KINDS, ids=str)
def test_order_matters(dtype: torch.dtype, prints: Fingerprints) -> None:
    tensor = torch.tensor([0, 1, 1, 0, 0, 1]).to(dtype)
    assert prints.digest(tensor) != prints.digest(tensor.flip(0).roll(1))
    assert prints.digest(tensor.reshape(2, 3)) != prints.digest(tensor.reshape(2, 3)[[1, 0]])


def test_dtype_and_shape_matter(prints: Fingerprints) -> None:
    zeros = torch.zeros(4, dtype=torch.int32)
    others = [zeros.reshape(2, 2), zeros.reshape(4, 1), zeros.view(torch.float32), zeros[:3]]
    assert len({prints.digest(tensor) for tensor in [zeros, *others]}) == 5


def test_empty_and_scalar_tensors_have_digests(prints: Fingerprints) -> None:
    empty = [torch.empty(0), torch.empty(0, 3), torch.empty(3, 0), torch.empty(0, dtype=torch.int64)]
    assert len({prints.digest(tensor) for tensor in empty}) == 4
    assert prints.digest(torch.tensor(2.0)) != prints.digest(torch.tensor(3.0))
    assert 0 not in {prints.digest(tensor) for tensor in empty}


def test_signs_of_zero_and_bits_of_nan_matter(prints: Fingerprints) -> None:
    assert prints.digest(torch.tensor([0.0])) != prints.digest(torch.tensor([-0.0]))
    nan = torch.tensor([float("nan")])
    assert prints.digest(nan) == prints.digest(nan.clone())
    assert prints.digest(nan) != prints.digest(torch.tensor([0x7FC00001], dtype=torch.int32).view(torch.float32))


def test_lazy_conjugation_and_negation_are_resolved(prints: Fingerprints) -> None:
    tensor = torch.tensor([1 + 2j, 3 - 1j])
    assert prints.digest(tensor.conj()) == prints.digest(tensor.conj().resolve_conj())
    assert prints.digest(tensor.conj()) != prints.digest(tensor)
    assert prints.digest(tensor.conj().imag) == prints.digest(-tensor.imag)


def test_sparse_tensors_are_covered_by_their_parts(prints: Fingerprints) -> None:
    dense = torch.eye(3)
    for convert in (torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_sparse_csc):
        assert prints.digest(convert(dense)) == prints.digest(convert(dense.clone()))
        assert prints.digest(convert(dense)) != prints.digest(convert(dense * 2))


def test_quantisation_counts(prints: Fingerprints) -> None:
    values = torch.tensor([0.1, 0.2])
    one, other = (torch.quantize_per_tensor(values * scale, 0.1 * scale, 0, torch.qint8) for scale in (1, 2))
    assert torch.equal(one.int_repr(), other.int_repr())
    assert prints.digest(one) != prints.digest(other)


def test_tensors_without_memory_are_told(prints: Fingerprints) -> None:
    hollow = torch.ones(4)
    hollow.untyped_storage().resize_(0)
    with pytest.raises(NotCoveredError):
        prints.digest(hollow)
    with pytest.raises(NotCoveredError):
        prints.digest(torch._efficientzerotensor(3))
    seen = []
    torch.func.vmap(lambda x: seen.append(_failure(prints, x)) or x)(torch.ones(2, 3))
    assert seen[0] is NotCoveredError
    assert prints.digest(torch.empty(3, device="meta")) != 0


def _failure(prints: Fingerprints, tensor: torch.Tensor) -> type[BaseException] | None:
    try:
        prints.digest(tensor)
    except NotCoveredError as error:
        return type(error)
    return None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=300), st.data())
def test_one_flipped_bit_changes_the_digest(values: list[int], data: st.DataObject) -> None:
    prints = make()
    tensor = torch.tensor(values, dtype=torch.uint8)
    position = data.draw(st.integers(0, len(values) - 1))
    flipped = tensor.clone()
    flipped[position] ^= 1 << data.draw(st.integers(0, 7))
    assert prints.digest(tensor) != prints.digest(flipped)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(6)))
def test_row_digests_are_the_same_rows_in_any_order(order: list[int]) -> None:
    prints = make()
    tensor = torch.randn(6, 3)
    rows = prints.rows(tensor)
    assert len(set(rows)) == 6
    assert prints.rows(tensor[list(order)]) == [rows[index] for index in order]
    assert prints.rows(tensor.t().contiguous().t()) == rows


def test_tensors_of_too_many_rows_have_no_row_digests() -> None:
    assert make().rows(torch.zeros(fingerprint.ROWS_LIMIT + 1)) == []
    assert len(make().rows(torch.zeros(fingerprint.ROWS_LIMIT))) == fingerprint.ROWS_LIMIT
    assert make().rows(torch.tensor(1.0)) == []


def test_values_that_differ_differ(prints: Fingerprints) -> None:
    values: list[Any] = [1, 1.0, True, "1", None, [1], [[1]], [1, None], [None, 1], 1j, -1, -2, 2**70]
    values += [torch.float32, torch.float64, torch.strided, torch.device("cpu"), torch.device("meta"), {"a": 1}]
    values += [torch.contiguous_format, torch.Size([1]), slice]
    digests = [prints.values([value]) for value in values[:-1]]
    assert len(set(digests)) == len(digests)
    with pytest.raises(UnknownValueError):
        prints.values([values[-1]])


def test_values_and_texts_have_the_same_digest_in_every_process() -> None:
    program = """
import torch
from auditor.probe.fingerprint import Fingerprints
prints = Fingerprints(None)
prints.install(torch)
print(prints.values([1, None, "text", torch.float32, torch.device("cpu"), {"key": (1.5, True)}]), prints.text("aten"))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_xxhash_is_used_and_stays_private() -> None:
    program = """
import sys
from auditor.probe.fingerprint import load_hash
name, function = load_hash("")
print(name, function(b"abc", 0), [module for module in sys.modules if "xxhash" in module])
"""
    xxhash = pytest.importorskip("xxhash")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=2) == [wire.XXH3_64, str(xxhash.xxh3_64_intdigest(b"abc")), "[]\n"]


def test_without_xxhash_there_is_a_fallback(tmp_path: Any) -> None:
    assert fingerprint._private_xxh3([str(tmp_path)]) is None
    hashed = fingerprint._crc32_adler32
    assert len({hashed(b"ab", 0), hashed(b"ba", 0), hashed(b"ab", 1), hashed(b"ab", 1 << 40)}) == 4


def test_the_folder_to_load_xxhash_from_is_found() -> None:
    pytest.importorskip("xxhash")
    folder = fingerprint.xxhash_folder()
    assert fingerprint._private_xxh3([folder]) is not None


def test_hashing_touches_neither_versions_nor_random_numbers() -> None:
    tensor = torch.randn(4, 4, requires_grad=True)
    state = torch.get_rng_state()
    versions = tensor._version, tensor.t()._version
    prints = make()
    prints.digest(tensor)
    prints.digest(tensor.t())
    prints.rows(tensor.t())
    assert (tensor._version, tensor.t()._version) == versions
    assert torch.equal(torch.get_rng_state(), state)
