"""Writes traces as the probe would: real files in the wire format, from a few literal lines."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.probe import wire
from auditor.runs.tracefile import RunTraces, open_run

_EVENT = struct.Struct(wire.EVENT_STRUCT)
_TENSOR = struct.Struct(wire.TENSOR_STRUCT)
ENVIRONMENT = {
    "python": "3.11.7",
    "torch": "2.13.0",
    "platform": "Linux",
    "cpu": "x86-64",
    "threads": 2,
    "devices": [],
    "flags": {},
    "variables": {},
    "packages": {},
}


def digest(value: object) -> int:
    """A number that stands for a value: equal values, equal digests."""
    data = repr(value).encode()
    return zlib.crc32(data) << 32 | zlib.adler32(data)


@dataclass
class Tensor:
    """One tensor of an event; `value` is anything, what counts is whether two are equal."""

    value: object
    shape: tuple[int, ...] = (4,)
    dtype: str = "torch.float32"
    flags: int = 0
    role: int = wire.OUTPUT
    rows: Sequence[object] = ()


@dataclass
class Trace:
    """One process's trace in the making. Methods append; every name comes up when it is first used."""

    name: str = "0-0"
    algorithm: str = wire.XXH3_64
    hash_seed: str | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    started_at: str = "2025-01-02T03:04:05+00:00"
    pid: int = 4000
    parent_pid: int = 1
    argv: Sequence[str] = ("train.py",)
    step: int = 0
    phase: int = wire.FORWARD
    module: str = ""
    thread: int = 0

    def __post_init__(self) -> None:
        self.events: list[bytes] = []
        self.tensors: list[bytes] = []
        self.row_digests: list[int] = []
        self.ids: dict[object, int] = {"": 0}
        self.lines: list[dict[str, Any]] = []
        self._positions: dict[int, int] = {}

    # names

    def _id(self, key: object, record: dict[str, Any]) -> int:
        if key not in self.ids:
            self.ids[key] = len(self.ids)
            self.lines.append({**record, "id": self.ids[key]})
        return self.ids[key]

    def text(self, text: str) -> int:
        return self._id(text, {"record": "name", "text": text})

    def site(self, line: int, path: str = "train.py") -> int:
        if line == 0:
            return 0
        key = ("site", path, line)
        return self._id(key, {"record": "site", "path": path, "line": line, "function": "main"})

    def spec(self, tensor: Tensor) -> int:
        key = ("spec", tensor.dtype, tensor.shape)
        record = {"record": "spec", "dtype": tensor.dtype, "shape": list(tensor.shape), "device": "cpu"}
        return self._id(key, record)

    # events

    def event(
        self,
        op: str,
        *values: object,
        kind: int = wire.OP,
        line: int = 1,
        flags: int = 0,
        inputs: object = 0,
        arguments: object = 0,
        state: object = 0,
        path: str = "train.py",
        outputs: int | None = None,
    ) -> Trace:
        tensors = [value if isinstance(value, Tensor) else Tensor(value) for value in values]
        first = len(self.tensors)
        digests = []
        for position, tensor in enumerate(tensors):
            compared = not tensor.flags & (wire.UNINITIALISED | wire.NOT_COVERED | wire.SCRATCH)
            number = digest((tensor.value, tensor.shape, tensor.dtype)) if compared else 0
            digests.append(number)
            rows = [digest(row) for row in tensor.rows]
            total = sum(rows) & 0xFFFFFFFFFFFFFFFF
            place = len(self.row_digests) if rows else 0
            self.row_digests += rows
            spec = self.spec(tensor)
            self.tensors.append(_TENSOR.pack(number, spec, tensor.role, tensor.flags, position, total, place))
            flags |= wire.UNCAPTURED if tensor.flags else 0
        if outputs is None:
            outputs = digest(digests) if digests else 0
        numbers = [value if isinstance(value, int) else digest(value) for value in (inputs, arguments)]
        row = (kind, self.phase, flags, self.step, self.text(op), self.text(self.module), self.site(line, path))
        row += (
            self.thread,
            len(tensors),
            first,
            1,
            0,
            *numbers,
            outputs,
            state if isinstance(state, int) else digest(state),
        )
        self.events.append(_EVENT.pack(*row))
        return self

    def outside(self, value: object, *, rows: Sequence[object] = (), line: int = 1, **more: Any) -> Trace:
        tensor = Tensor(value, shape=(len(rows) or 4,), rows=rows)
        return self.event("outside", tensor, kind=wire.OUTSIDE, line=line, **more)

    def batch(self, value: object, *, rows: Sequence[object] = (), line: int = 1) -> Trace:
        phase, self.phase = self.phase, wire.DATA
        self.event("batch", Tensor(value, shape=(len(rows) or 4,), rows=rows), kind=wire.BATCH, line=line)
        self.phase = phase
        return self

    def draw(self, op: str, value: object, state: object, line: int = 1) -> Trace:
        return self.event(op, value, flags=wire.RANDOM, state=state, line=line)

    def state(self, library: str, state: object) -> Trace:
        return self.event(library, kind=wire.STATE, state=state, line=0)

    def seed(self, library: str, call: str, value: str, line: int = 1) -> Trace:
        self._record("seed", library=library, call=call, value=value, site=self.site(line))
        return self.event(library, kind=wire.SEED, line=line)

    def listing(self, path: str, names: Sequence[str], line: int = 1) -> Trace:
        self._record("listing", path=path, count=len(names), site=self.site(line))
        names = list(names)
        return self.event(
            "listing", kind=wire.LISTING, line=line, arguments=("names", sorted(names)), outputs=digest(names)
        )

    def file(self, path: str, mode: str = "r", line: int = 1) -> Trace:
        self._record("file", path=path, mode=mode, site=self.site(line))
        return self

    def end_step(self) -> Trace:
        phase, self.phase = self.phase, wire.OPTIMIZER
        self.event("", kind=wire.STEP, line=0)
        self.phase = phase
        self.step += 1
        return self

    def weights(self, **parameters: object) -> Trace:
        phase, self.phase = self.phase, wire.OTHER
        for name, value in parameters.items():
            self.module = name
            self.event("", value, kind=wire.WEIGHTS, line=0)
        self.phase, self.module = phase, ""
        return self

    def stop(self, step: int) -> Trace:
        self._record("stop", step=step, reason="asked")
        return self

    def record(self, kind: str, **fields: Any) -> Trace:
        self._record(kind, **fields)
        return self

    def _record(self, kind: str, **fields: Any) -> None:
        self.lines.append({"record": kind, "event": len(self.events), **fields})

    # files

    def write(self, run: Path, *, torn: bool = False) -> None:
        folder = run / "trace"
        folder.mkdir(parents=True, exist_ok=True)
        rank, _, place = self.name.partition("-")
        header = {
            "record": "header",
            "format": wire.FORMAT,
            "version": wire.VERSION,
            "digest": self.algorithm,
            "pid": self.pid,
            "parent_pid": self.parent_pid,
            "place": place,
            "rank": int(rank) if rank.isdigit() else None,
            "argv": list(self.argv),
            "cwd": ".",
            "started_at": self.started_at,
            "python": "3.11.7",
            "executable": "python",
            "hash_seed": self.hash_seed,
            "probe": "0.1.0",
        }
        lines = [header, *self.lines]
        for moment in ("start", "end"):
            environment = {**ENVIRONMENT, **self.environment}
            lines.append({"record": "environment", "event": 0, "moment": moment, **environment})
        if self.complete:
            counts = {"events": len(self.events), "tensors": len(self.tensors), "rows": len(self.row_digests)}
            lines.append({"record": "end", "event": len(self.events), "steps": self.step, **counts})
        stem = folder / self.name
        (folder / f"{self.name}.names.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        padding = b"" if self.complete else bytes(wire.EVENT_SIZE * 4)
        Path(f"{stem}.events").write_bytes(b"".join(self.events) + padding)
        Path(f"{stem}.tensors").write_bytes(b"".join(self.tensors) + padding)
        Path(f"{stem}.rows").write_bytes(struct.pack(f"<{len(self.row_digests)}Q", *self.row_digests))


Build = Callable[..., Trace]


@dataclass
class Runs:
    """Folders of a test's runs."""

    root: Path
    trace: Callable[..., Trace] = Trace
    tensor: Callable[..., Tensor] = Tensor
    count: int = 0

    def write(self, traces: Trace | Iterable[Trace]) -> Path:
        self.count += 1
        run = self.root / f"run{self.count}"
        (run / "trace").mkdir(parents=True)
        for trace in [traces] if isinstance(traces, Trace) else traces:
            trace.write(run)
        return run

    def open(self, traces: Trace | Iterable[Trace]) -> RunTraces:
        return open_run(self.write(traces))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """`runs.trace(...)` starts a trace, `runs.open(traces)` writes them as one run and opens it."""
    return Runs(tmp_path)
