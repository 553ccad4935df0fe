"""Evidence read from the traces of two runs when it is asked for; only the step that is looked at is paired.

What counts as the same event and as equal is `auditor.dynamic`'s; here it is only laid out for the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic.align import pair_by_identity
from auditor.dynamic.column import differing, identities, is_compared
from auditor.dynamic.extent import comparable_rows, extent, last_ending
from auditor.dynamic.matching import matched
from auditor.dynamic.vocabulary import Vocabulary
from auditor.model.divergence import Divergence
from auditor.model.run import RunRecord
from auditor.model.trace import EventKind
from auditor.probe import wire
from auditor.runs.tracefile import open_run
from auditor.tui.evidence import EventPair, ModuleCount, PairLine, StepEvents

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace, RunTraces

Array = np.ndarray[Any, Any]

KINDS = {
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
_LINED_UP = 4_000  # events of a step up to which insertions are found by their neighbours; beyond, by identity only


def open_evidence(reference: RunRecord, candidate: RunRecord, first: Divergence | None) -> TraceEvidence:
    """Open the traces of two stored runs. Raises `TraceFormatError` or `OSError` where they cannot be read."""
    ours = open_run(Path(reference.folder))
    runs = ours, matched(ours, open_run(Path(candidate.folder)))  # as they were compared
    reach = extent(*runs, (last_ending(reference), last_ending(candidate)))
    return TraceEvidence(*runs, first, cuts=(reach.reference_cut, reach.candidate_cut))


class TraceEvidence:
    """Both runs' traces, opened but not read."""

    def __init__(
        self,
        reference: RunTraces,
        candidate: RunTraces,
        first: Divergence | None,
        *,
        cuts: tuple[bool, bool] = (False, False),
    ) -> None:
        self._runs = reference, candidate
        self._first = first
        common = sorted(set(reference.processes) & set(candidate.processes))
        self.processes: tuple[str, ...] = tuple(sorted(common, key=lambda name: not first or name != first.process))
        self._sides = {
            name: ProcessPair(reference.processes[name], candidate.processes[name], cuts) for name in self.processes
        }
        self._steps: dict[tuple[str, int], StepEvents] = {}

    def read(self, process: str, step: int) -> StepEvents:
        key = process, step
        if key not in self._steps:
            if len(self._steps) > 30:
                self._steps.clear()
            first = self._first if self._first and self._first.process == process else None
            self._steps[key] = self._sides[process].step(step, first)
        return self._steps[key]

    def known(self, process: str, step: int) -> StepEvents | None:
        return self._steps.get((process, step))


class ProcessPair:
    """One process in both runs."""

    def __init__(self, reference: ProcessTrace, candidate: ProcessTrace, cuts: tuple[bool, bool]) -> None:
        self.traces = reference, candidate
        self.stops = comparable_rows(reference, cuts[0]), comparable_rows(candidate, cuts[1])
        self.vocabulary = Vocabulary(reference.names, candidate.names)

    def step(self, step: int, first: Divergence | None) -> PairedStep:
        """Pair the events of one step."""
        rows = tuple(self._rows_of(side, step) for side in (0, 1))
        left: list[Array] = []
        right: list[Array] = []
        threads = [self.traces[side].events["thread"][rows[side]] for side in (0, 1)]
        for thread in np.unique(np.concatenate(threads)).tolist():
            pairs = self._aligned(*(rows[side][threads[side] == thread] for side in (0, 1)))
            left.append(pairs[0])
            right.append(pairs[1])
        a = np.concatenate(left) if left else np.empty(0, np.int64)
        b = np.concatenate(right) if right else np.empty(0, np.int64)
        return PairedStep(self, a, b, first)

    def _rows_of(self, side: int, step: int) -> Array:
        events = self.traces[side].events[: self.stops[side]]
        low, high = _bisect(events, step), _bisect(events, step + 1)
        # Threads may carry their own idea of the step across a boundary by a few rows.
        low, high = max(low - 512, 0), min(high + 512, len(events))
        return np.flatnonzero((events["step"][low:high] == step) & (events["kind"][low:high] != 0)) + low

    def _aligned(self, a: Array, b: Array) -> tuple[Array, Array]:
        """Rows of one thread side by side; -1 where only the other run has the event."""
        first = identities(self.traces[0].events[a], None)
        second = identities(self.traces[1].events[b], self.vocabulary)
        if len(first) == len(second) and bool((first == second).all()):
            return a, b
        if max(len(first), len(second)) <= _LINED_UP:
            return _lined_up(a, b, first, second)
        return _by_identity(a, b, first, second)


class PairedStep:
    """The pairs of one step, as two columns of row numbers."""

    def __init__(self, sides: ProcessPair, a: Array, b: Array, first: Divergence | None) -> None:
        self._sides, self._a, self._b = sides, a, b
        events = sides.traces[0].events, sides.traces[1].events
        both = np.flatnonzero((a >= 0) & (b >= 0))
        self.differs: Array = np.ones(len(a), np.bool_)
        rows = events[0][a[both]], events[1][b[both]]
        tensors = sides.traces[0].tensors, sides.traces[1].tensors
        self.differs[both] = differing(*rows, *tensors) if len(both) else False
        self.compared = self._either(is_compared(events[0][np.maximum(a, 0)]), is_compared(events[1][np.maximum(b, 0)]))
        self._module = self._either(
            events[0]["module"][np.maximum(a, 0)], sides.vocabulary.translate(events[1]["module"][np.maximum(b, 0)])
        )
        self.counted = self.differs & self.compared
        self.modules = self._count_modules(first)

    def _either(self, reference: Array, candidate: Array) -> Array:
        chosen: Array = np.where(self._a >= 0, reference, candidate)
        return chosen

    def _count_modules(self, first: Divergence | None) -> tuple[ModuleCount, ...]:
        event = (first.reference or first.candidate) if first else None
        side = self._a if first and first.reference else self._b
        at = np.flatnonzero(side == event.index) if event is not None else np.empty(0, np.intp)
        first_module = int(self._module[at[0]]) if len(at) else -1
        ids, inverse = np.unique(self._module, return_inverse=True)
        total = np.bincount(inverse, minlength=len(ids))
        unequal = np.bincount(inverse[self.counted], minlength=len(ids))
        texts = self._sides.vocabulary.texts
        found = [
            ModuleCount(texts.get(int(number), ""), int(total[i]), int(unequal[i]), int(number) == first_module)
            for i, number in enumerate(ids)
        ]
        return tuple(sorted(found))

    def select(self, module: str | None) -> Sequence[int]:
        if module is None:
            return range(len(self._a))
        texts = self._sides.vocabulary.texts
        wanted = [number for number, text in texts.items() if text == module or text.startswith(module + ".")]
        chosen: list[int] = np.flatnonzero(np.isin(self._module, wanted)).tolist()
        return chosen

    def differing_runs(self, selected: Sequence[int]) -> list[tuple[int, int]]:
        if not len(selected):
            return []
        unequal = self.counted if isinstance(selected, range) else self.counted[np.asarray(selected)]
        edges = np.flatnonzero(np.diff(unequal.astype(np.int8), prepend=0, append=0))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

    def line(self, number: int) -> PairLine:
        a, b = int(self._a[number]), int(self._b[number])
        side = 0 if a >= 0 else 1
        trace = self._sides.traces[side]
        row = trace.events[a if a >= 0 else b]
        return PairLine(
            op=trace.names.get(int(row["op"]), ""),
            kind=KINDS[int(row["kind"])],
            module=trace.names.get(int(row["module"]), ""),
            site=trace.sites.get(int(row["site"])),
            reference=a if a >= 0 else None,
            candidate=b if b >= 0 else None,
            digests=(_result(self._sides.traces[0], a), _result(self._sides.traces[1], b)),
            differs=bool(self.differs[number]),
            compared=bool(self.compared[number]),
        )

    def pair(self, number: int) -> EventPair:
        a, b = int(self._a[number]), int(self._b[number])
        return EventPair(
            reference=self._sides.traces[0].event(a) if a >= 0 else None,
            candidate=self._sides.traces[1].event(b) if b >= 0 else None,
            differs=bool(self.differs[number]),
            compared=bool(self.compared[number]),
        )


def _result(trace: ProcessTrace, index: int) -> int | None:
    if index < 0:
        return None
    row = trace.events[index]
    return int(row["outputs"]) or int(row["state"])


def _bisect(events: Array, step: int) -> int:
    """First row whose step is not below `step`; looks at few rows, so that a long trace stays on the disk."""
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if int(events["step"][middle]) < step:
            low = middle + 1
        else:
            high = middle
    return low


def _lined_up(a: Array, b: Array, first: Array, second: Array) -> tuple[Array, Array]:
    left: list[Array] = []
    right: list[Array] = []
    matcher = SequenceMatcher(None, first.tolist(), second.tolist(), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        only_a, only_b = a[i1:i2], b[j1:j2]
        if tag == "equal":
            left.append(only_a)
            right.append(only_b)
        else:
            left += [only_a, np.full(j2 - j1, -1)]
            right += [np.full(i2 - i1, -1), only_b]
    return np.concatenate(left), np.concatenate(right)


def _by_identity(a: Array, b: Array, first: Array, second: Array) -> tuple[Array, Array]:
    i, j = pair_by_identity(first, second)
    partner: Array = np.full(len(a), -1)
    partner[i] = b[j]
    extra: Array = np.delete(b, j)
    return np.concatenate([a, np.full(len(extra), -1)]), np.concatenate([partner, extra])
