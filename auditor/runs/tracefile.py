"""Reads the traces of a run: checks header and version first, maps the rows, resolves names.

A trace may still be growing: `refresh` takes in what was added. What a killed process left is read as far as it goes; a
damaged file is a `TraceFormatError` with the place of the damage.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import TraceFormatError
from auditor.model.location import Location
from auditor.model.trace import EventKind, FileAccess, Fingerprint, Identity, Phase, Role, SeedCall, TraceEvent
from auditor.probe import wire
from auditor.runs.namesfile import Listing, Loss, NamesFile, Problem, Spec, Stop
from auditor.runs.rowfile import RowFile, release

Rows = np.ndarray[Any, Any]
CHECKED_ROWS = 1 << 18

_NUMPY_CODES = {"B": "u1", "H": "<u2", "I": "<u4", "Q": "<u8"}
EVENT_DTYPE = np.dtype([(name, _NUMPY_CODES[code]) for name, code in wire.EVENT])
TENSOR_DTYPE = np.dtype([(name, _NUMPY_CODES[code]) for name, code in wire.TENSOR])
ROW_DTYPE = np.dtype("<u8")

_KINDS = {
    wire.OP: EventKind.OP,
    wire.OUTSIDE: EventKind.OUTSIDE,
    wire.REGION: EventKind.REGION,
    wire.BATCH: EventKind.BATCH,
    wire.STATE: EventKind.STATE,
    wire.SEED: EventKind.SEED,
    wire.LISTING: EventKind.LISTING,
    wire.STEP: EventKind.STEP,
    wire.WEIGHTS: EventKind.WEIGHTS,
}
_PHASES = {
    wire.OTHER: Phase.OTHER,
    wire.DATA: Phase.DATA,
    wire.FORWARD: Phase.FORWARD,
    wire.BACKWARD: Phase.BACKWARD,
    wire.OPTIMIZER: Phase.OPTIMIZER,
}


def phase_of(code: int) -> Phase:
    """The phase that a row's number stands for."""
    return _PHASES[code]


_ROLES = {wire.OUTPUT: Role.OUTPUT, wire.MUTATED: Role.MUTATED}


class ProcessTrace:
    """One process's trace. `events`, `tensors` and `rows` are read-only arrays over the files, in the wire's layout."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._names = NamesFile(folder / f"{name}.names.jsonl")
        self._events = RowFile(folder / f"{name}.events", EVENT_DTYPE)
        self._tensors = RowFile(folder / f"{name}.tensors", TENSOR_DTYPE)
        self._rows = RowFile(folder / f"{name}.rows", ROW_DTYPE)
        self.refresh()

    def refresh(self) -> bool:
        """Take in what the process has written since; True if there is more than before."""
        # Names first would miss names of rows written in between; rows refer only to names written before them.
        before = len(self._events.rows), self._names.lines
        self._events.refresh(None if self._end is None else self._end["events"])
        self._names.refresh()
        end = self._end
        if end is not None:
            self._events.refresh(end["events"])
        self._check_kinds(before[0])
        self._tensors.refresh(self._tensor_count() if end is None else end["tensors"])
        self._rows.refresh(None if end is None else end["rows"])
        return before != (len(self._events.rows), self._names.lines)

    def _tensor_count(self) -> int:
        if not len(self.events):
            return 0
        last = self.events[-1]
        return int(last["first_tensor"]) + int(last["tensors"])

    def _check_kinds(self, start: int) -> None:
        """Block by block, so that opening a long trace needs little memory."""
        for first in range(start, len(self.events), CHECKED_ROWS):
            stop = min(first + CHECKED_ROWS, len(self.events))
            kinds = self.events["kind"][first:stop]
            if int(kinds.max()) > max(_KINDS) or not int(kinds.min()):
                bad = int(np.argmax((kinds > max(_KINDS)) | (kinds == 0)))
                where = f"{self._events.path}: damaged at byte {(first + bad) * wire.EVENT_SIZE}"
                raise TraceFormatError(f"{where}: {int(kinds[bad])} is no kind of event")
            if stop - first == CHECKED_ROWS:
                release(self.events, first, stop)

    @property
    def _end(self) -> Mapping[str, Any] | None:
        return self._names.end

    @property
    def events(self) -> Rows:
        return self._events.rows

    @property
    def tensors(self) -> Rows:
        return self._tensors.rows

    @property
    def rows(self) -> Rows:
        """Digests of single rows, u64 each."""
        return self._rows.rows

    @property
    def header(self) -> Mapping[str, Any]:
        return self._names.header

    @property
    def names(self) -> Mapping[int, str]:
        return self._names.names

    @property
    def sites(self) -> Mapping[int, Location]:
        return self._names.sites

    @property
    def specs(self) -> Mapping[int, Spec]:
        return self._names.specs

    @property
    def seeds(self) -> tuple[SeedCall, ...]:
        return tuple(self._names.seeds)

    @property
    def files(self) -> tuple[FileAccess, ...]:
        return tuple(self._names.files)

    @property
    def listings(self) -> tuple[Listing, ...]:
        return tuple(self._names.listings)

    @property
    def focus(self) -> tuple[Mapping[str, Any], ...]:
        """Records of the close-up, as `probe/focus.py` wrote them."""
        return tuple(self._names.focus)

    @property
    def profile(self) -> tuple[Mapping[str, Any], ...]:
        """Calls that are alike, as `probe/profiling` wrote them; empty in runs that are no profile runs."""
        return tuple(self._names.profile)

    @property
    def profiled(self) -> Mapping[str, Any] | None:
        """What `probe/profiling` wrote about the whole; None where the process did not get that far."""
        return self._names.profiled

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Values that backward was called on, in order; empty where nobody asked for them."""
        return tuple(self._names.losses)

    @property
    def sources(self) -> tuple[str, ...] | None:
        """The project's Python files that were loaded at the process's end; None where it did not get that far."""
        return self._names.sources

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What did not work in the probe, each with how often; empty where all was well."""
        return tuple(self._names.problems.values())

    @property
    def environments(self) -> Mapping[str, Mapping[str, Any]]:
        """Fields of the environment by moment, `start` and `end`."""
        return self._names.environments

    @property
    def environment(self) -> Mapping[str, Any]:
        """The latest environment record; empty where the process wrote none."""
        environments = self._names.environments
        return environments.get("end") or environments.get("start") or {}

    @property
    def stop(self) -> Stop | None:
        """Where we stopped the program; None where we did not."""
        return self._names.stop

    @property
    def complete(self) -> bool:
        """The process wrote its end record. Killed workers do not; that is normal."""
        return self._end is not None

    @property
    def steps(self) -> int:
        """Optimizer steps that the process completed."""
        if self._end is not None:
            return int(self._end["steps"])
        found = np.flatnonzero(self.events["kind"] == wire.STEP)
        return int(self.events["step"][found[-1]]) + 1 if len(found) else 0

    def event(self, index: int) -> TraceEvent:
        """Return one event with its names resolved."""
        row = self.events[index]
        first = int(row["first_tensor"])
        tensors = self.tensors[first : first + int(row["tensors"])]
        return TraceEvent(
            index=index,
            process=self.name,
            kind=_KINDS[int(row["kind"])],
            identity=self._identity(index),
            site=self.sites.get(int(row["site"])),
            tensors=tuple(self._fingerprint(tensor) for tensor in tensors),
            input_count=int(row["input_count"]),
            inputs=int(row["inputs"]),
            arguments=int(row["arguments"]),
            outputs=int(row["outputs"]),
            state=int(row["state"]),
            random=bool(row["flags"] & wire.RANDOM),
            reads_uninitialised=bool(row["flags"] & wire.READS_UNINITIALISED),
            captured=not row["flags"] & wire.UNCAPTURED,
            shared=bool(row["flags"] & wire.SHARED),
        )

    def _identity(self, index: int) -> Identity:
        events = self.events
        row = events[index]
        # Steps never go down in a process, so earlier events of the same identity lie in one stretch.
        start = int(np.searchsorted(events["step"][: index + 1], row["step"], side="left"))
        before = events[start:index]
        same: Rows = np.ones(len(before), bool)
        for field in ("op", "module", "phase", "thread", "step"):
            same &= before[field] == row[field]
        return Identity(
            thread=int(row["thread"]),
            step=int(row["step"]),
            phase=phase_of(int(row["phase"])),
            module=self.names.get(int(row["module"]), ""),
            op=self.names.get(int(row["op"]), ""),
            occurrence=int(same.sum()),
        )

    def _fingerprint(self, row: Any) -> Fingerprint:
        spec = self.specs.get(int(row["spec"]), Spec(dtype="", shape=(), device=""))
        flags = int(row["flags"])
        note = ""
        if flags & wire.UNINITIALISED:
            note = "uninitialised"
        elif flags & wire.NOT_COVERED:
            note = f"not covered: {spec.dtype} on {spec.device}"
        elif flags & wire.SCRATCH:
            note = "working memory of the op, which holds no values"
        elif flags & wire.DIGEST_LATE:
            note = "its digest never arrived from the device"
        return Fingerprint(
            digest=None if note else int(row["digest"]),
            dtype=spec.dtype,
            shape=spec.shape,
            device=spec.device,
            role=_ROLES[int(row["role"])],
            position=int(row["position"]),
            note=note,
        )


class RunTraces:
    """All traces of one run, by process name, root first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._processes: dict[str, ProcessTrace] = {}
        self.unreadable: dict[str, str] = {}
        """Traces that have no header (yet), with what is there instead."""

    @property
    def processes(self) -> Mapping[str, ProcessTrace]:
        return self._processes

    def refresh(self) -> bool:
        """Take in new processes and what the known ones have added; True if there is more than before."""
        more = False
        for trace in self._processes.values():
            more |= trace.refresh()
        folder = self.path / "trace"
        found = sorted(file.name.removesuffix(".names.jsonl") for file in folder.glob("*.names.jsonl"))
        self.unreadable = {}
        for name in found:
            if name in self._processes:
                continue
            if not _has_header(folder / f"{name}.names.jsonl"):
                self.unreadable[name] = "the process had only just begun to write"
                continue
            self._processes[name] = ProcessTrace(folder, name)
            more = True
        self._processes = {name: self._processes[name] for name in sorted(self._processes, key=_tree_order)}
        return more

    def renamed(self, names: Mapping[str, str]) -> RunTraces:
        """The same traces with each process under another name, as far as they have been read; not to be refreshed."""
        other = RunTraces(self.path)
        other.unreadable = dict(self.unreadable)
        traces = {names[name]: copy.copy(trace) for name, trace in self._processes.items()}
        for name, trace in traces.items():
            trace.name = name
        other._processes = {name: traces[name] for name in sorted(traces, key=_tree_order)}
        return other


def open_run(path: Path) -> RunTraces:
    """Open the traces of a run folder, finished or still running.

    Raises `TraceFormatError` for a damaged trace, or one of a version that this program does not read. A run without
    any trace has no processes.
    """
    run = RunTraces(path)
    run.refresh()
    return run


def _has_header(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().endswith(b"\n")


def _tree_order(name: str) -> tuple[tuple[int, str, int], ...]:
    rank, _, place = name.partition("-")
    parts = [rank, *place.replace("~", ".~").split(".")]
    key = []
    for part in parts:
        letters = part.rstrip("0123456789")
        digits = part[len(letters) :]
        key.append((len(letters) > 0, letters, int(digits) if digits else -1))
    return tuple((int(a), b, c) for a, b, c in key)
