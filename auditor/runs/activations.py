"""Reads the activations that a run kept (`probe/activations`): one index a process, and the bytes from the file."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.model.lean import dataclass
from auditor.probe.activations.keeping import FOLDER, FORMAT, VERSION

READABLE = (1, VERSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTensor:
    """One tensor of a call."""

    dtype: str
    shape: tuple[int, ...]
    digest: str | None
    """Of all its bits; None where it has none."""

    offset: int
    kept: int
    """Elements in the data file; 0 where nothing was kept."""

    sketch: int = 0
    """Sums over all elements, behind them in the data file; 0 where there are none."""

    @property
    def numel(self) -> int:
        """Elements of the whole tensor."""
        return math.prod(self.shape)

    @property
    def is_sample(self) -> bool:
        """Fewer elements than the tensor has."""
        return 0 < self.kept < self.numel


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """One call of a layer."""

    step: int
    model: str
    layer: str
    type: str
    number: int
    """From 0, among the calls of this layer in this step."""

    tensors: tuple[KeptTensor, ...]


class KeptActivations:
    """What one process kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: set[int] = set()
        """Steps whose calls are kept, those that were cut included."""

        self.cuts: dict[int, str] = {}
        """Step of which not every call is kept → why."""

        self.calls: list[KeptCall] = []
        self.complete = False
        """The process came to its end."""

        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            if number == len(lines) and not line.endswith("\n"):
                break  # the process was killed while it wrote
            try:
                self._take(json.loads(line), number)
            except (ValueError, KeyError, TypeError) as error:
                raise TraceFormatError(f"{path}:{number}: damaged: {type(error).__name__}: {error}") from error
        self._data = path.with_suffix(".bin").open("rb")

    def _take(self, record: Mapping[str, Any], number: int) -> None:
        kind = record["record"]
        if (kind == "header") is not (number == 1):
            raise ValueError(f"a {kind} record on line {number}")
        if kind == "header" and (record["format"] != FORMAT or record["version"] not in READABLE):
            raise TraceFormatError(
                f"{self.path}: {record['format']} version {record['version']}; this program reads {FORMAT} {VERSION}"
            )
        if kind == "step":
            self.steps.add(int(record["step"]))
        elif kind == "cut":
            self.cuts[int(record["step"])] = str(record["reason"])
        elif kind == "call":
            self.calls.append(_call(record))
        elif kind == "end":
            self.complete = True

    def read(self, tensor: KeptTensor) -> bytes:
        """Return the kept elements; fewer bytes than they should be where the process was killed."""
        size = tensor.kept * ITEM_BYTES[tensor.dtype] if tensor.kept else 0
        self._data.seek(tensor.offset)
        return self._data.read(size)

    def sketch(self, tensor: KeptTensor) -> tuple[float, ...]:
        """Return the sums over all elements (`probe/activations/sketch`); empty where there are none, or not all."""
        if not tensor.sketch:
            return ()
        self._data.seek(tensor.offset + tensor.kept * ITEM_BYTES[tensor.dtype])
        data = self._data.read(8 * tensor.sketch)
        return struct.unpack(f"={tensor.sketch}d", data) if len(data) == 8 * tensor.sketch else ()

    def close(self) -> None:
        self._data.close()


ITEM_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8} | dict.fromkeys(
    ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"), 1
)


def open_activations(run: Path) -> dict[str, KeptActivations]:
    """Return what the processes of a run kept, by name; empty where the run kept nothing.

    Raises `TraceFormatError` for files that are damaged, or of another version.
    """
    return {path.stem: KeptActivations(path) for path in sorted((run / FOLDER).glob("*.jsonl"))}


def _call(record: Mapping[str, Any]) -> KeptCall:
    return KeptCall(
        step=int(record["step"]),
        model=str(record["model"]),
        layer=str(record["layer"]),
        type=str(record["type"]),
        number=int(record["call"]),
        tensors=tuple(
            KeptTensor(
                dtype=str(tensor["dtype"]),
                shape=tuple(int(side) for side in tensor["shape"]),
                digest=tensor["digest"],
                offset=int(tensor["offset"]),
                kept=int(tensor["kept"]),
                sketch=int(tensor.get("sketch", 0)),
            )
            for tensor in record["tensors"]
        ),
    )
