"""The device digest of `device_digest.py` as one Triton kernel; imported only where Triton is."""

import triton
import triton.language as tl


@triton.jit
def _mix(value):
    value = value ^ (value >> 33)
    value = value * 0xFF51AFD7ED558CCD
    value = value ^ (value >> 33)
    value = value * 0xC4CEB9FE1A85EC53
    return value ^ (value >> 33)


@triton.jit
def add_digest(words, sums, slot, count, BLOCK: tl.constexpr):  # noqa: N803 - Triton spells constants so
    """Add the mixed words of one block to `sums[slot]`; integer addition, so the order of blocks does not matter."""
    index = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK).to(tl.int64)
    inside = index < count
    word = tl.load(words + index, mask=inside, other=0).to(tl.uint32, bitcast=True).to(tl.uint64)
    position = (index + 1).to(tl.uint64)
    mixed = _mix(word + position * 0x9E3779B97F4A7C15)
    total = tl.sum(tl.where(inside, mixed, 0).to(tl.int64, bitcast=True), axis=0)
    tl.atomic_add(sums + slot, total)
