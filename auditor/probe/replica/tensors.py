"""Final weights as digests of all their bits, and as numbers."""

import ctypes
import hashlib
import os

_BITS = 16  # bytes of a digest


def read(torch, groups):
    """Return ([(name, tensor on the CPU)], problems), sorted by name within a group; no gradient, no RNG is touched."""
    found, problems = [], []
    for group in groups:
        for name, tensor in sorted(group, key=lambda pair: pair[0]):
            try:
                plain = tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()
                bytes_of(plain)
            except Exception as error:
                problems.append("%s cannot be read: %s: %s" % (name, type(error).__name__, error))
                continue
            found.append((name, plain))
    return found, problems


def digest_of(listed):
    """One digest of names, types, shapes and all bits of tensors."""
    whole = hashlib.blake2b(digest_size=_BITS)
    for name, tensor in listed:
        whole.update(("%s %s" % (name, digest(tensor))).encode("utf-8"))
    return whole.hexdigest()


def write(torch, listed, path):
    """Write what is a floating-point number to `path`, one tensor after the other; None writes nothing.

    Returns a record for each tensor: name, type, shape, digest, and where it stands (`float32` or `float64`, so that
    nothing is rounded), where it is kept.
    """
    records = []
    offset = 0
    with open(path if path is not None else os.devnull, "wb") as file:
        for name, tensor in listed:
            record = {"name": name, "dtype": str(tensor.dtype), "shape": list(tensor.shape), "digest": digest(tensor)}
            numbers = numbers_of(torch, tensor) if path is not None else None
            if numbers is not None:
                data = bytes_of(numbers)
                file.write(data)
                kind = str(numbers.dtype).rpartition(".")[2]
                record["kept"] = {"offset": offset, "dtype": kind, "count": numbers.numel()}
                offset += len(data)
            records.append(record)
    return records


def numbers_of(torch, tensor):
    """The tensor in a type that rounds none of its numbers, complex ones as pairs; None for whole numbers."""
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor).contiguous()
    if not tensor.is_floating_point():
        return None
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def digest(tensor):
    """Of type, shape and all bits of a contiguous tensor on the CPU."""
    one = hashlib.blake2b(("%s %s " % (tensor.dtype, list(tensor.shape))).encode("ascii"), digest_size=_BITS)
    one.update(bytes_of(tensor))
    return one.hexdigest()


def bytes_of(tensor):
    """The memory of a contiguous tensor, not copied."""
    size = tensor.numel() * tensor.element_size()
    return memoryview((ctypes.c_char * size).from_address(tensor.data_ptr())).cast("B") if size else b""
