"""Distances between raw buffers: known values, then laws."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.dynamic import magnitude
from auditor.dynamic.magnitude import covers, measure


def f32(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def f64(*values: float) -> bytes:
    return np.array(values, "<f8").tobytes()


def test_neighbouring_floats_are_one_ulp_apart() -> None:
    after_one = float(np.nextafter(np.float32(1), np.float32(2)))
    found = measure(f32(1, 2, 3), f32(after_one, 2, 3), "float32")
    assert (found.differing, found.total, found.max_ulp) == (1, 3, 1)
    assert found.max_absolute == pytest.approx(2**-23)
    assert found.rms == pytest.approx(2**-23 / math.sqrt(3))
    assert found.max_relative == pytest.approx(2**-23, rel=1e-6)


@pytest.mark.parametrize(
    ("dtype", "reference", "candidate", "ulp", "absolute"),
    [
        ("float64", struct.pack("<d", 1.0), struct.pack("<q", 0x3FF0000000000001), 1, 2**-52),
        ("torch.float16", np.float16(1).tobytes(), np.float16(1.001).tobytes(), 1, 2**-10),
        ("bfloat16", b"\x80\x3f", b"\x81\x3f", 1, 2**-7),  # 1 and the next bfloat16
        ("float32", f32(0.0), f32(-0.0), 0, 0.0),
        ("float32", f32(1e-45), f32(-1e-45), 2, 2.802596928649634e-45),
        ("float64", f64(1.7e308), f64(-1.7e308), 2 * struct.unpack("<q", struct.pack("<d", 1.7e308))[0], None),
        ("complex64", f32(1, 2), f32(1, 5), 0x00A00000, 3.0),
        ("complex128", f64(0, 0), f64(3, 4), struct.unpack("<q", struct.pack("<d", 4.0))[0], 5.0),
        ("int64", np.int64(-(2**63)).tobytes(), np.int64(2**63 - 1).tobytes(), None, float(2**64 - 1)),
        ("uint8", b"\x00", b"\xff", None, 255.0),
        ("int8", b"\x80", b"\x7f", None, 255.0),
        ("bool", b"\x00", b"\x01", None, 1.0),
    ],
)
def test_known_distance(
    dtype: str, reference: bytes, candidate: bytes, ulp: int | None, absolute: float | None
) -> None:
    found = measure(reference, candidate, dtype)
    assert (found.differing, found.max_ulp, found.max_absolute) == (1, ulp, absolute)


def test_a_nan_equals_itself_and_differs_from_another_nan() -> None:
    quiet, other = struct.pack("<I", 0x7FC00000), struct.pack("<I", 0x7FC00001)
    assert measure(quiet, quiet, "float32").differing == 0
    assert measure(quiet, other, "float32").differing == 1


def test_a_difference_with_nan_has_no_absolute_distance_but_keeps_ulps_of_finite_pairs() -> None:
    found = measure(f32(1, math.nan), f32(2, 3), "float32")
    assert found.differing == 2
    assert found.max_absolute is None
    assert found.max_relative is None
    assert found.rms is None
    assert found.max_ulp == 1 << 23


def test_equal_infinities_do_not_spoil_the_distance() -> None:
    found = measure(f32(math.inf, 1), f32(math.inf, 3), "float32")
    assert (found.differing, found.max_absolute) == (1, 2.0)


def test_blocks_add_up_to_one_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    a = rng.standard_normal(1000).astype("<f4")
    b = a.copy()
    b[::7] += 1e-3
    whole = measure(a.tobytes(), b.tobytes(), "float32")
    monkeypatch.setattr(magnitude, "BLOCK_BYTES", 36)
    parts = measure(a.tobytes(), b.tobytes(), "float32")
    assert parts.rms == pytest.approx(whole.rms)
    assert (parts.differing, parts.total, parts.max_ulp, parts.max_absolute, parts.max_relative) == (
        (whole.differing, whole.total, whole.max_ulp, whole.max_absolute, whole.max_relative)
    )


def test_empty_tensors_agree() -> None:
    found = measure(b"", b"", "float32")
    assert (found.differing, found.total, found.max_absolute) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("reference", "candidate", "dtype"), [(b"1234", b"12", "uint8"), (b"123", b"123", "float32"), (b"1", b"1", "qint8")]
)
def test_buffers_that_cannot_be_compared_are_refused(reference: bytes, candidate: bytes, dtype: str) -> None:
    with pytest.raises(ValueError, match=r"compared|whole number|no distance"):
        measure(reference, candidate, dtype)


DTYPES = (
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "bool",
    "int8",
    "int16",
    "int64",
    "uint8",
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    dtype = draw(st.sampled_from(DTYPES))
    size = magnitude.element_size(dtype) * draw(st.integers(0, 5))
    if dtype == "bool":
        bits = st.lists(st.sampled_from([0, 1]), min_size=size, max_size=size).map(bytes)
        return dtype, draw(bits), draw(bits)
    return dtype, draw(st.binary(min_size=size, max_size=size)), draw(st.binary(min_size=size, max_size=size))


@given(pairs())
def test_distance_is_symmetric(pair: tuple[str, bytes, bytes]) -> None:
    dtype, a, b = pair
    assert measure(a, b, dtype) == measure(b, a, dtype)


@given(pairs())
def test_a_buffer_is_no_distance_from_itself(pair: tuple[str, bytes, bytes]) -> None:
    dtype, a, _ = pair
    found = measure(a, a, dtype)
    assert (found.differing, found.max_absolute, found.max_relative, found.rms) == (0, 0.0, 0.0, 0.0)


@given(pairs())
def test_something_differs_exactly_when_the_bytes_do(pair: tuple[str, bytes, bytes]) -> None:
    dtype, a, b = pair
    found = measure(a, b, dtype)
    assert (found.differing > 0) == (a != b)
    assert found.differing <= found.total == len(a) // magnitude.element_size(dtype)
    if found.max_absolute is not None and found.rms is not None and found.max_relative is not None:
        assert found.rms <= found.max_absolute * (1 + 1e-12)
        assert 0 <= found.max_relative <= 2


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(1, 50))
def test_n_steps_to_the_next_float_are_n_ulps(start: float, steps: int) -> None:
    value = np.float32(start)
    for _ in range(steps):
        with np.errstate(over="ignore"):
            value = np.nextafter(value, np.float32(np.inf))
    if np.isfinite(value):
        found = measure(np.float32(start).tobytes(), value.tobytes(), "float32")
        assert found.max_ulp == steps


def test_every_listed_dtype_is_covered_with_and_without_prefix() -> None:
    assert all(covers(dtype) and covers(f"torch.{dtype}") for dtype in DTYPES)
    assert not covers("torch.quint8")
