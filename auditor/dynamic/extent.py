"""How far two runs can be held against each other: up to which row, and what an early end excuses."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from auditor.dynamic.hit import Tail
from auditor.dynamic.prefix import BLOCK
from auditor.model.lean import dataclass
from auditor.model.run import Ending, RunRecord
from auditor.probe import wire
from auditor.runs.rowfile import release

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace, RunTraces


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Which of two runs ended before its program was done, and not where the other one did."""

    reference_cut: bool = False
    candidate_cut: bool = False

    def excuses(self, tail: Tail, reference: ProcessTrace, candidate: ProcessTrace, helper: bool) -> str:
        """Why events that only one run has at its end say nothing about the programs; empty where they do."""
        other, cut = (candidate, self.candidate_cut) if tail.missing else (reference, self.reference_cut)
        side = "candidate" if tail.missing else "reference"
        if cut:
            return f"the {side} was stopped before them"
        if not other.complete:
            return f"the {side}'s trace of this process has no end: it was killed, or had no space left"
        if helper and (tail.data_only or is_spawned(reference.name)):
            return f"loaded ahead of use; the {side}'s worker was stopped before them"
        return ""


def extent(reference: RunTraces, candidate: RunTraces, endings: tuple[Ending | None, Ending | None]) -> Extent:
    """Compare how two runs ended; an ending is None where it is not known, as while a program runs."""
    steps = stop_step(reference), stop_step(candidate)
    broken = (Ending.INTERRUPTED, Ending.TIMED_OUT, Ending.FAILED, Ending.LOST)
    cut = [ending in broken for ending in endings]
    if steps[0] != steps[1]:
        cut = [cut[i] or steps[i] is not None for i in range(2)]
    return Extent(reference_cut=cut[0], candidate_cut=cut[1])


def last_ending(run: RunRecord) -> Ending:
    """How a run ended; one that failed on its way out may have stopped anywhere, whatever we had asked of it."""
    return Ending.FAILED if run.status.code else run.status.ending


def stop_step(run: RunTraces) -> int | None:
    """The step at which we stopped the program; None if it was not us who ended it."""
    stops = [trace.stop.step for trace in run.processes.values() if trace.stop is not None]
    return max(stops, default=None)


def comparable_rows(trace: ProcessTrace, cut: bool) -> int:
    """Rows of a finished trace that the other run can have as well.

    What a stopped or interrupted program does after its last whole step (handlers, final weights) is its own.
    """
    if not cut:
        return len(trace.events)
    if trace.stop is not None:
        return min(trace.stop.event, len(trace.events))
    last = last_step_row(trace)
    if last is not None:
        return last + 1
    weights = np.flatnonzero(trace.events["kind"] == wire.WEIGHTS)
    return int(weights[0]) if len(weights) else len(trace.events)


def settled_rows(trace: ProcessTrace) -> int:
    """Rows of a growing trace whose digests are all there."""
    tensors = trace.tensors
    tail = max(0, len(tensors) - (1 << 20))  # digests arrive in batches, long before a million tensors later
    pending = np.flatnonzero(tensors["flags"][tail:] & wire.DIGEST_LATE)
    if not len(pending):
        return len(trace.events)
    events = trace.events
    return int(np.searchsorted(events["first_tensor"], tail + int(pending[0]), side="right")) - 1


def steps_of(trace: ProcessTrace) -> int:
    """Optimizer steps that the process completed."""
    last = last_step_row(trace)
    return int(trace.events["step"][last]) + 1 if last is not None else 0


def last_step_row(trace: ProcessTrace) -> int | None:
    """Row of the last STEP event, looked for from the end, where it is; None without one."""
    for stop in range(len(trace.events), 0, -BLOCK):
        start = max(stop - BLOCK, 0)
        found = np.flatnonzero(trace.events["kind"][start:stop] == wire.STEP)
        release(trace.events, start, stop)
        if len(found):
            return start + int(found[-1])
    return None


def trainers(runs: Collection[RunTraces]) -> set[str]:
    """Names of processes that are roots or take optimizer steps; all others help one of them."""
    names = {name for run in runs for name in run.processes if "." not in name}
    return names | {name for run in runs for name, trace in run.processes.items() if steps_of(trace)}


def is_spawned(name: str) -> bool:
    """True for a child that multiprocessing started afresh (spawn, fork server), such as a data loader's worker."""
    places = name.partition("-")[2].split(".")
    return places[-1].startswith("s") or "f" in places
