"""Counts of compared and of differing events by step, phase and module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from auditor.dynamic.column import UNCOMPARED_FLAGS, is_compared
from auditor.model.lean import dataclass, field
from auditor.model.trace import Phase
from auditor.probe import wire

Array = np.ndarray[Any, Any]

PHASES = (Phase.OTHER, Phase.DATA, Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER)
_CELLS = 8  # phases per step in a cell number; a power of two above the number of phases
REASONS = (
    (wire.UNINITIALISED, "uninitialised memory: nothing was written to it before"),
    (wire.SCRATCH, "working memory of an op, which holds no values"),
    (wire.NOT_COVERED, "no digest for this kind of tensor"),
    (wire.DIGEST_LATE, "the digest had not arrived when the process ended"),
)


@dataclass
class Count:
    compared: int = 0
    differing: int = 0

    def add(self, compared: int, differing: int) -> None:
        self.compared += compared
        self.differing += differing


@dataclass
class Tally:
    """Running counts; names are ids of the reference's vocabulary."""

    events: Count = field(default_factory=Count)
    weights: Count = field(default_factory=Count)
    cells: dict[int, Count] = field(default_factory=dict)
    modules: dict[int, Count] = field(default_factory=dict)
    tensors: int = 0
    evidence: int = 0
    """Compared events that carry tensors: what a verdict can rest on."""

    regions: int = 0
    """Compiled regions, of which only inputs and outputs are seen."""

    unwritten_reads: int = 0
    """Ops that read memory which nothing was written to."""

    uncompared: dict[tuple[int, int], int] = field(default_factory=dict)
    """(flag, op id) → tensors that were seen but not compared."""

    def add(self, events: Array, modules: Array, differing: Array | None = None) -> None:
        """Count rows of one run, paired or not; `differing` None means that none differs.

        Rows that are evidence only (`column.EVIDENCE_KINDS`) are left out. `modules` are the rows' translated ids.
        """
        chosen = is_compared(events)
        if not chosen.all():
            events, modules = events[chosen], modules[chosen]
            differing = None if differing is None else differing[chosen]
        if not len(events):
            return
        bad = int(differing.sum()) if differing is not None else 0
        self.events.add(len(events), bad)
        counts = events["tensors"]
        self.tensors += int(counts.sum(dtype=np.int64))
        self.evidence += int(np.count_nonzero(counts))
        cells = events["step"].astype(np.int64) * _CELLS + events["phase"]
        marked = differing if bad else None
        _add_groups(self.cells, cells, marked)
        self.regions += int(np.count_nonzero(events["kind"] == wire.REGION))
        self.unwritten_reads += int(np.count_nonzero(_reads_unwritten(events)))
        is_weight = events["kind"] == wire.WEIGHTS
        if is_weight.any():  # their module is the name of the parameter
            told = is_weight & ((events["flags"] & wire.UNCAPTURED) == 0)  # of others nothing is known
            self.weights.add(int(told.sum()), int((told & differing).sum()) if differing is not None else 0)
            modules, marked = modules[~is_weight], marked[~is_weight] if marked is not None else None
        if len(modules):
            _add_groups(self.modules, modules, marked)

    def add_uncompared(self, events: Array, ops: Array, tensors: Array) -> None:
        """Count the tensors of these rows that have no digest to compare."""
        for position in np.flatnonzero(events["flags"] & wire.UNCAPTURED).tolist():
            event = events[position]
            first = int(event["first_tensor"])
            flags = tensors["flags"][first : first + int(event["tensors"])] & UNCOMPARED_FLAGS
            for flag in flags[flags != 0].tolist():
                key = (flag & -flag, int(ops[position]))
                self.uncompared[key] = self.uncompared.get(key, 0) + 1
                self.tensors -= 1

    def forgive(self) -> None:
        """Count everything as equal after all."""
        for count in (self.events, self.weights, *self.cells.values(), *self.modules.values()):
            count.differing = 0

    def merge(self, other: Tally) -> None:
        self.events.add(other.events.compared, other.events.differing)
        self.weights.add(other.weights.compared, other.weights.differing)
        self.tensors += other.tensors
        self.evidence += other.evidence
        self.regions += other.regions
        self.unwritten_reads += other.unwritten_reads
        for mine, theirs in ((self.cells, other.cells), (self.modules, other.modules)):
            for key, count in theirs.items():
                mine.setdefault(key, Count()).add(count.compared, count.differing)
        for pair, number in other.uncompared.items():
            self.uncompared[pair] = self.uncompared.get(pair, 0) + number


def step_and_phase(cell: int) -> tuple[int, Phase]:
    """What a key of `Tally.cells` stands for."""
    return cell // _CELLS, PHASES[min(cell % _CELLS, len(PHASES) - 1)]


def grouped(pairs: Iterable[tuple[Any, Count]]) -> dict[Any, Count]:
    """Sums of counts by key, in the order in which keys come up."""
    sums: dict[Any, Count] = {}
    for key, count in pairs:
        sums.setdefault(key, Count()).add(count.compared, count.differing)
    return sums


_RECEIVE = frozenset({"c10d::barrier", "c10d::broadcast_", "c10d::recv_", "c10d::recv_any_source_", "c10d::scatter_"})
"""Collectives that name one buffer for what is sent and what is received; most ranks have nothing in theirs."""


def _reads_unwritten(events: Array) -> Array:
    chosen: Array = ((events["flags"] & wire.READS_UNINITIALISED) != 0) & (events["kind"] == wire.OP)
    return chosen


def first_unwritten_read(events: Array, names: Mapping[int, str]) -> int | None:
    """Row of the first op that reads memory which nothing was written to; `names`: number of an op → its name."""
    receive = [number for number, name in names.items() if name in _RECEIVE]
    found = np.flatnonzero(_reads_unwritten(events) & ~np.isin(events["op"], receive))
    return int(found[0]) if len(found) else None


def _add_groups(into: dict[int, Count], keys: Array, differing: Array | None) -> None:
    """Add to the count of each key; keys of one block lie close together, so counting beats sorting."""
    low = int(keys.min())
    offsets: Array = keys.astype(np.intp) - low
    if int(offsets.max()) < 4 * len(keys) + 1024:
        compared = np.bincount(offsets)
        bad = np.bincount(offsets[differing], minlength=len(compared)) if differing is not None else None
        present = np.flatnonzero(compared)
        labels: Array = present + low
    else:
        labels, inverse, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        compared, present = sizes, np.arange(len(labels))
        bad = np.bincount(inverse[differing], minlength=len(labels)) if differing is not None else None
    for label, index in zip(labels.tolist(), present.tolist(), strict=True):
        into.setdefault(label, Count()).add(int(compared[index]), int(bad[index]) if bad is not None else 0)
