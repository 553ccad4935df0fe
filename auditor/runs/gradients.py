"""Reads the gradients that a run or a replica kept (`probe/gradients`): one index a process, numbers from the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.errors import TraceFormatError
from auditor.model.lean import dataclass
from auditor.probe.gradients.keeping import FOLDER, FORMAT, VERSION
from auditor.runs.parameters import KeptNumbers, Parameters

ELEMENTS = 1024
"""Most that are kept of one gradient: the rms of a sample of so many is known to a few per cent."""

BUDGET_BYTES = 64 << 20
"""On disk, a process and run or replica. The same everywhere, so that all keep the same steps."""

NONE = "there is no gradient"
_WIDTH = {"float32": 4, "float64": 8}


@dataclass(frozen=True, kw_only=True)
class KeptGradients:
    """What all processes of a run, or a replica, kept."""

    parameters: Parameters
    cuts: Mapping[str, int]
    """Process → the step from which on it kept nothing, because the budget was used up."""

    complete: bool
    """Every process came to its end."""

    size_bytes: int


def keep_gradients(folder: Path, *, whole: bool) -> dict[str, object]:
    """Return what the probe is asked to keep below the folder of a run or a replica.

    `whole`: digests are of all bits, for runs of which it is to be told whether they are equal.
    """
    return {"folder": str(folder / FOLDER), "elements": ELEMENTS, "budget_bytes": BUDGET_BYTES, "whole": whole}


def read_gradients(folder: Path) -> KeptGradients | None:
    """Return the gradients below the folder of a run or a replica; None where no process kept any.

    What a killed process left is read as far as it goes. Raises `TraceFormatError` for files that are damaged, or of
    another version.
    """
    processes = [_Process(path) for path in sorted((folder / FOLDER).glob("*.jsonl"))]
    if not processes:
        return None
    found: dict[tuple[str, str], dict[int, dict[str, KeptNumbers]]] = {}
    for process in processes:
        for key, steps in process.found.items():
            for step, parts in steps.items():
                found.setdefault(key, {}).setdefault(step, {}).update(parts)
    return KeptGradients(
        parameters=found,
        cuts={process.name: process.cut for process in processes if process.cut is not None},
        complete=all(process.complete for process in processes),
        size_bytes=sum(path.stat().st_size for path in (folder / FOLDER).iterdir()),
    )


class _Process:
    def __init__(self, path: Path) -> None:
        import numpy

        self.name = path.stem
        self.found: dict[tuple[str, str], dict[int, dict[str, KeptNumbers]]] = {}
        self.cut: int | None = None
        self.complete = False
        self._known: dict[int, Mapping[str, Any]] = {}
        data = path.with_suffix(".bin")
        is_there = data.is_file() and data.stat().st_size
        self._data = numpy.memmap(data, dtype=numpy.uint8, mode="r") if is_there else numpy.empty(0, numpy.uint8)
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            if number == len(lines) and not line.endswith("\n"):
                break  # the process was killed while it wrote
            try:
                self._take(json.loads(line), number, path)
            except (ValueError, KeyError, TypeError) as error:
                raise TraceFormatError(f"{path}:{number}: damaged: {type(error).__name__}: {error}") from error

    def _take(self, record: Mapping[str, Any], number: int, path: Path) -> None:
        kind = record["record"]
        if (kind == "header") is not (number == 1):
            raise ValueError(f"a {kind} record on line {number}")
        if kind == "header" and (record["format"] != FORMAT or record["version"] != VERSION):
            raise TraceFormatError(
                f"{path}: {record['format']} version {record['version']}; this program reads {FORMAT} {VERSION}"
            )
        if kind == "parameter":
            self._known[record["index"]] = record
        elif kind == "step":
            self._step(record)
        elif kind == "cut":
            self.cut = int(record["step"])
        elif kind == "end":
            self.complete = True

    def _step(self, record: Mapping[str, Any]) -> None:
        step = int(record["step"])
        for index, offset, digest in record["parts"]:
            self._add(step, index, self._numbers(self._known[index], offset, digest))
        for index in record["missing"]:
            self._add(step, index, self._absent(index, NONE))
        for index, why in record["unread"]:
            self._add(step, index, self._absent(index, why))

    def _add(self, step: int, index: int, numbers: KeptNumbers) -> None:
        about = self._known[index]
        parts = self.found.setdefault((about["model"], about["name"]), {}).setdefault(step, {})
        several = sum(name.partition("/")[0] == self.name for name in parts)
        parts[f"{self.name}/{several}"] = numbers

    def _absent(self, index: int, why: str) -> KeptNumbers:
        about = self._known[index]
        return KeptNumbers(dtype=about["dtype"], shape=tuple(about["shape"]), digest=None, why=why)

    def _numbers(self, about: Mapping[str, Any], offset: int, digest: str) -> KeptNumbers:
        kind = about["number"]
        part = self._data[offset : offset + _WIDTH[kind] * about["kept"]]
        if len(part) < _WIDTH[kind] * about["kept"]:
            raise ValueError(f"the numbers at {offset} are not in the data file")
        return KeptNumbers(
            dtype=about["dtype"],
            shape=tuple(about["shape"]),
            digest=digest,
            kept=about["kept"],
            numbers=part.view(kind),
        )
