"""Whether results have the same bits; tensors on any device, in any nesting."""

import ctypes
import hashlib

from . import trees

ROUNDING = 1e-3  # of the greatest value: below it lies what another order of additions does, in halves too


def digest(value):
    """Return a text that is the same for the same bits, types and shapes; strides don't count."""
    told = hashlib.sha256()
    for leaf in trees.leaves(value):
        if trees.is_tensor(leaf):
            plain = leaf.detach().cpu().contiguous()
            told.update(("%s %s " % (plain.dtype, list(plain.shape))).encode("ascii"))
            told.update(ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size()))
        else:
            told.update(repr(leaf if trees.is_constant(leaf) else type(leaf)).encode("utf-8", "backslashreplace"))
    return told.hexdigest()


def same(torch, one, other):
    """True where two structures have the same tensors, bit for bit, and the same numbers and words."""
    ones, others = trees.leaves(one), trees.leaves(other)
    return len(ones) == len(others) and all(_same_leaf(torch, *pair) for pair in zip(ones, others))


def _same_leaf(torch, one, other):
    if not trees.is_tensor(one):
        return not trees.is_tensor(other) and trees.is_constant(one) and repr(one) == repr(other)
    if not trees.is_tensor(other) or one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.device != other.device:
        return False
    return torch.equal(_bytes(torch, one), _bytes(torch, other))


def _bytes(torch, tensor):
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def is_rounding(torch, one, other):
    """True where two structures of the same shapes differ by no more than the order of additions can explain."""
    for a, b in zip(trees.tensors(one), trees.tensors(other)):
        if a.shape != b.shape or not a.is_floating_point():
            return False
        a, b = a.detach().double(), b.detach().double()
        finite = a.isfinite() & b.isfinite()
        if not torch.equal(a.isfinite(), b.isfinite()):
            return False
        a, b = a[finite], b[finite]
        if a.numel() and ((a - b).abs().max() > ROUNDING * a.abs().max()).item():
            return False
    return True
