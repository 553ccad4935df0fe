"""How far apart two tensors of one dtype and shape are, from their raw bytes.

Bits come first: two elements are equal when their bits are, so that a NaN equals itself and +0 differs from -0.
Distances are measured in blocks, so memory stays bounded whatever the size of the tensors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from auditor.model.divergence import Magnitude
from auditor.model.lean import dataclass

BLOCK_BYTES = 8 << 20

# dtype → (unsigned word of one real number, how many of them an element has); all of these order by sign and magnitude.
_FLOATS = {
    "float16": ("<u2", 1),
    "bfloat16": ("<u2", 1),
    "float32": ("<u4", 1),
    "float64": ("<u8", 1),
    "complex32": ("<u2", 2),
    "complex64": ("<u4", 2),
    "complex128": ("<u8", 2),
}
_INTEGERS = {
    "bool": "<u1",
    "uint8": "<u1",
    "int8": "<i1",
    "uint16": "<u2",
    "int16": "<i2",
    "uint32": "<u4",
    "int32": "<i4",
    "uint64": "<u8",
    "int64": "<i8",
}

Array = np.ndarray[Any, Any]


def covers(dtype: str) -> bool:
    """True if `measure` knows the dtype (`float32` or `torch.float32`)."""
    name = dtype.removeprefix("torch.")
    return name in _FLOATS or name in _INTEGERS


def measure(reference: bytes, candidate: bytes, dtype: str, *, rerun: bool = False) -> Magnitude:
    """Compare two contiguous little-endian buffers element by element.

    The relative difference is taken against the larger of the two magnitudes, so it is symmetric and at most 2.
    Units in the last place are counted over pairs of finite numbers, complex numbers part by part; +0 and -0 are 0
    apart. Absolute, relative and rms are None if a NaN or infinity takes part in a difference.

    Raises ValueError for buffers of different length, of no whole number of elements, or of an unknown dtype.
    """
    name = dtype.removeprefix("torch.")
    if not covers(name):
        raise ValueError(f"no distance is defined for dtype {dtype}")
    if len(reference) != len(candidate):
        raise ValueError(f"buffers of {len(reference)} and {len(candidate)} bytes cannot be compared")
    size = element_size(name)
    if len(reference) % size:
        raise ValueError(f"{len(reference)} bytes are no whole number of {dtype} elements of {size} bytes")
    block = BLOCK_BYTES // size * size
    sums = _Sums()
    for start in range(0, len(reference), block):
        sums.add(_block(reference[start : start + block], candidate[start : start + block], name))
    return sums.magnitude(name in _FLOATS, rerun)


def element_size(dtype: str) -> int:
    """Bytes of one element."""
    name = dtype.removeprefix("torch.")
    if name in _FLOATS:
        word, parts = _FLOATS[name]
        return np.dtype(word).itemsize * parts
    return np.dtype(_INTEGERS[name]).itemsize


@dataclass
class _Block:
    """Distances inside one block."""

    total: int
    differing: int = 0
    finite: bool = True
    max_absolute: float = 0.0
    max_relative: float = 0.0
    max_ulp: int | None = None
    square_sum: float = 0.0


class _Sums:
    """Distances over all blocks so far."""

    def __init__(self) -> None:
        self.all = _Block(total=0)

    def add(self, block: _Block) -> None:
        total = self.all
        total.total += block.total
        total.differing += block.differing
        total.finite &= block.finite
        total.max_absolute = max(total.max_absolute, block.max_absolute)
        total.max_relative = max(total.max_relative, block.max_relative)
        total.square_sum += block.square_sum
        if block.max_ulp is not None:
            total.max_ulp = max(total.max_ulp or 0, block.max_ulp)

    def magnitude(self, counts_ulp: bool, rerun: bool) -> Magnitude:
        found = self.all
        rms = math.sqrt(found.square_sum / found.total) if found.total else 0.0
        usable = found.finite and math.isfinite(found.max_absolute) and math.isfinite(rms)
        ulp = found.max_ulp if found.differing else 0
        return Magnitude(
            differing=found.differing,
            total=found.total,
            max_absolute=found.max_absolute if usable else None,
            max_relative=found.max_relative if usable else None,
            max_ulp=ulp if counts_ulp else None,
            rms=rms if usable else None,
            rerun=rerun,
        )


def _block(reference: bytes, candidate: bytes, dtype: str) -> _Block:
    if dtype in _FLOATS:
        return _float_block(reference, candidate, dtype)
    a, b = (np.frombuffer(buffer, _INTEGERS[dtype]) for buffer in (reference, candidate))
    chosen = a != b
    if not chosen.any():
        return _Block(total=a.size)
    distance, larger = _integer_distance(a[chosen], b[chosen])
    return _measured(a.size, distance, larger)


def _integer_distance(a: Array, b: Array) -> tuple[Array, Array]:
    """Exact distances and larger magnitudes, as float64; the distance of two int64 needs an unsigned 64-bit word."""
    if a.dtype.kind == "u":
        low, high = np.minimum(a, b), np.maximum(a, b)
        return (high - low).astype(np.float64), high.astype(np.float64)
    low, high = (side.astype(np.int64) for side in (np.minimum(a, b), np.maximum(a, b)))
    distance = high.view(np.uint64) - low.view(np.uint64)  # wraps to the right value, as two's complement does
    larger = np.maximum(np.abs(low.astype(np.float64)), np.abs(high.astype(np.float64)))
    return distance.astype(np.float64), larger


def _float_block(reference: bytes, candidate: bytes, dtype: str) -> _Block:
    word, parts = _FLOATS[dtype]
    a, b = (np.frombuffer(buffer, word).reshape(-1, parts) for buffer in (reference, candidate))
    chosen = (a != b).any(axis=1)
    if not chosen.any():
        return _Block(total=len(a))
    a, b = a[chosen], b[chosen]
    x, y = _numbers(a, dtype), _numbers(b, dtype)
    finite = np.isfinite(x) & np.isfinite(y)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.hypot.reduce(x - y, axis=1) if parts == 2 else np.abs(x - y)[:, 0]
        larger = np.maximum(_modulus(x), _modulus(y))
    block = _measured(len(chosen), distance, larger, bool(finite.all()))
    if finite.any():
        block.max_ulp = int(_ulps(a, b)[finite].max())
    return block


def _measured(total: int, distance: Array, larger: Array, finite: bool = True) -> _Block:
    block = _Block(total=total, differing=len(distance), finite=finite)
    if finite:
        with np.errstate(over="ignore", invalid="ignore"):
            block.max_absolute = float(distance.max())
            block.square_sum = float(np.square(distance).sum())
            nonzero = larger > 0
            block.max_relative = float((distance[nonzero] / larger[nonzero]).max()) if nonzero.any() else 0.0
    return block


def _modulus(x: Array) -> Array:
    modulus: Array = np.abs(x[:, 0]) if x.shape[1] == 1 else np.hypot(x[:, 0], x[:, 1])
    return modulus


def _numbers(words: Array, dtype: str) -> Array:
    """The values as float64, which holds each of them exactly."""
    if dtype == "bfloat16":
        numbers: Array = (words.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    else:
        with np.errstate(invalid="ignore"):  # a signalling NaN
            numbers = words.view(f"<f{words.dtype.itemsize}").astype(np.float64)
    return numbers


def _ulps(a: Array, b: Array) -> Array:
    """How many representable numbers lie between; sign and magnitude are compared apart, so nothing overflows."""
    bits = a.dtype.itemsize * 8
    sign = np.array(1 << (bits - 1), a.dtype)
    magnitude_a, magnitude_b = ((side & ~sign).astype(np.uint64) for side in (a, b))
    apart = np.maximum(magnitude_a, magnitude_b) - np.minimum(magnitude_a, magnitude_b)
    ulps: Array = np.where((a & sign) == (b & sign), apart, magnitude_a + magnitude_b)
    return ulps
