"""Reads final weights from files: `.npy`, `.npz`, `.safetensors` and what `torch.save` writes. Nothing is executed."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.runs.sides import FinalTensor, FinalWeights

WEIGHT_KINDS = (".npz", ".safetensors", ".pt", ".pth", ".ckpt")
_SAFETENSORS = {
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "BOOL": "bool",
}


def read_weights(path: Path, name: str) -> FinalWeights:
    """Return the tensors of a file by name. Raises `UsageError` for what is damaged or holds more than tensors."""
    kind = path.suffix.lower()
    try:
        if kind == ".safetensors":
            tensors = dict(_safetensors(path))
        elif kind in (".npy", ".npz"):
            tensors = dict(_numpy(path))
        else:
            tensors = dict(_torch(path))
    except ImportError as error:
        raise UsageError(f"{name}: reading it needs {error.name}: pip install repro-audit[torch]") from None
    except Exception as error:  # readers of torch and numpy raise whatever they like for damaged files
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{name}: cannot be read as weights: {type(error).__name__}: {reason}") from error
    return FinalWeights(tensors=tensors, source=name)


def tensor(dtype: str, shape: tuple[int, ...], read: Callable[[], bytes]) -> FinalTensor:
    """A tensor whose bytes are read now for the digest, and again where they are asked for."""
    digest = hashlib.blake2b(read(), digest_size=16).hexdigest()
    return FinalTensor(dtype=dtype, shape=shape, digest=digest, data=lambda: (read(), dtype))


def _safetensors(path: Path) -> Iterator[tuple[str, FinalTensor]]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    for name in sorted(key for key in header if key != "__metadata__"):
        entry = header[name]
        first, last = entry["data_offsets"]
        yield (
            name,
            tensor(
                _SAFETENSORS.get(entry["dtype"], entry["dtype"]),
                tuple(entry["shape"]),
                lambda first=first, last=last: _slice(path, 8 + length + first, last - first),  # type: ignore[misc]
            ),
        )


def _slice(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise ValueError("the file is cut off")
    return data


def _numpy(path: Path) -> Iterator[tuple[str, FinalTensor]]:
    import numpy

    loaded = numpy.load(path, allow_pickle=False)
    arrays = {path.stem: loaded} if path.suffix == ".npy" else {name: loaded[name] for name in loaded.files}
    for name, array in arrays.items():
        yield name, tensor(str(array.dtype), array.shape, numpy.ascontiguousarray(array).tobytes)


def _torch(path: Path) -> Iterator[tuple[str, FinalTensor]]:
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    for name, value in _tensors(content, "", torch.Tensor):
        plain = value.detach().contiguous()
        yield name, tensor(str(value.dtype).removeprefix("torch."), tuple(value.shape), lambda t=plain: _bytes(t))  # type: ignore[misc]


def _tensors(value: Any, prefix: str, kind: type) -> Iterator[tuple[str, Any]]:
    if isinstance(value, kind):
        yield prefix or "tensor", value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _tensors(inner, f"{prefix}.{key}" if prefix else str(key), kind)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _tensors(inner, f"{prefix}.{index}" if prefix else str(index), kind)


def _bytes(value: Any) -> bytes:
    import torch

    return bytes(value.reshape(-1).view(torch.uint8).numpy().tobytes()) if value.numel() else b""
