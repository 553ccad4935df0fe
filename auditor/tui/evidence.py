"""What the divergence screen asks of two runs: a grid, the modules of a step, its events in pairs.

`ReportEvidence` answers from the report alone, at once and in little; `trace_evidence.TraceEvidence` from the traces.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from auditor.model.divergence import Comparison, Divergence
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.trace import EventKind, Phase, TraceEvent

ABSENT, EQUAL, DIFFERS = 0, 1, 2

PHASES = (Phase.DATA, Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER, Phase.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Phases × steps: where the runs agree."""

    rows: tuple[tuple[str, bytes], ...]
    """Name of the phase, and ABSENT, EQUAL or DIFFERS for each step."""

    steps: int

    def state(self, cells: bytes, start: int, stop: int) -> int:
        """Of a group of steps: differs if any does, absent if all are."""
        return max(cells[start:stop], default=ABSENT)


def grid_of(comparison: Comparison) -> Grid:
    """Lay a comparison's cells out; phases without events have no row, nor has the rest unless it differs."""
    steps = max((cell.step for cell in comparison.grid), default=-1) + 1
    table = {phase: bytearray(steps) for phase in PHASES}
    for cell in comparison.grid:
        table[cell.phase][cell.step] = DIFFERS if cell.differing else EQUAL if cell.compared else ABSENT
    rows = [(phase.value, bytes(cells)) for phase, cells in table.items()]
    rows = [(name, cells) for name, cells in rows if any(cells)]
    if len(rows) > 1 and rows[-1][0] == Phase.OTHER.value and DIFFERS not in rows[-1][1]:
        rows.pop()
    return Grid(rows=tuple(rows) if steps else (), steps=steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPair:
    """An event of both runs, or of one."""

    reference: TraceEvent | None
    candidate: TraceEvent | None
    differs: bool
    compared: bool = True
    """False for evidence (generator states, seeds, listings): its difference alone is no divergence."""

    @property
    def event(self) -> TraceEvent:
        found = self.reference or self.candidate
        if found is None:
            raise ValueError("an event pair needs an event of at least one run")
        return found


class PairLine(NamedTuple):
    """What a list needs of a pair: no more, because a list asks for many."""

    op: str
    kind: EventKind
    module: str
    site: Location | None
    reference: int | None
    """Row in the reference's trace; None where only the candidate has the event."""

    candidate: int | None
    digests: tuple[int | None, int | None]
    """Of the results, or of the generator's state; None where the run lacks the event, 0 where there is nothing."""

    differs: bool
    compared: bool

    @property
    def number(self) -> int:
        """Row in the reference's trace where it is there, else in the candidate's."""
        return self.reference if self.reference is not None else self.candidate or 0


class ModuleCount(NamedTuple):
    """Events of one module, its children not counted, in one step."""

    path: str
    events: int
    differing: int
    has_first: bool


class StepEvents(Protocol):
    """The paired events of one step of one process."""

    @property
    def modules(self) -> tuple[ModuleCount, ...]:
        """In order of their paths."""

    def select(self, module: str | None) -> Sequence[int]:
        """Pairs of a module and of those below it, in order; None selects all."""

    def differing_runs(self, selected: Sequence[int]) -> list[tuple[int, int]]:
        """Stretches (start, stop) of positions in `selected` whose pairs differ."""

    def line(self, number: int) -> PairLine:
        """A pair in short."""

    def pair(self, number: int) -> EventPair:
        """A pair with everything that is known of it; may take a moment in a step of millions of events."""


class Evidence(Protocol):
    @property
    def processes(self) -> tuple[str, ...]: ...

    def read(self, process: str, step: int) -> StepEvents:
        """May take long for a long step; call it in a worker, it keeps what it has read."""

    def known(self, process: str, step: int) -> StepEvents | None:
        """What `read` gave before; None if it was not called yet."""


class Folding:
    """Rows of a list in which long stretches of equal pairs are one row.

    Around each differing stretch `context` equal pairs stay visible. Nothing is folded where nothing differs.
    """

    def __init__(self, total: int, runs: Iterable[tuple[int, int]], *, context: int = 3, fold: bool = True) -> None:
        self._parts: list[tuple[int, int, bool]] = []  # (start, stop, folded)
        runs = list(runs)
        at = 0
        for start, stop in runs if fold else []:
            start, stop = max(start - context, 0), min(stop + context, total)
            if start - at > 2:
                self._parts.append((at, start, True))
            elif start > at:
                self._parts.append((at, start, False))
            if stop > max(at, start):
                self._parts.append((max(at, start), stop, False))
            at = max(at, stop)
        if at < total:
            self._parts.append((at, total, bool(self._parts) and total - at > 2))
        self._starts: list[int] = []
        rows = 0
        for start, stop, folded in self._parts:
            self._starts.append(rows)
            rows += 1 if folded else stop - start
        self._rows = rows

    def __len__(self) -> int:
        return self._rows

    def at(self, row: int) -> tuple[int, int]:
        """The pairs (start, stop) that a row stands for: one, or a fold of many."""
        part = bisect_right(self._starts, row) - 1
        start, stop, folded = self._parts[part]
        if folded:
            return start, stop
        pair = start + row - self._starts[part]
        return pair, pair + 1

    def row_of(self, pair: int) -> int:
        """The row that shows a pair, or the fold that hides it."""
        part = bisect_right(self._parts, pair, key=lambda each: each[0]) - 1
        start, _, folded = self._parts[max(part, 0)]
        return self._starts[max(part, 0)] + (0 if folded else pair - start)


class ListedEvents:
    """Pairs that are there already."""

    def __init__(self, pairs: Sequence[EventPair], first: EventPair | None = None) -> None:
        self._pairs = tuple(pairs)
        paths = sorted({pair.event.identity.module for pair in self._pairs})
        self.modules = tuple(self._count(path, first) for path in paths)

    def _count(self, path: str, first: EventPair | None) -> ModuleCount:
        inside = [pair for pair in self._pairs if pair.event.identity.module == path]
        return ModuleCount(path, len(inside), sum(pair.differs for pair in inside), first in inside)

    def select(self, module: str | None) -> Sequence[int]:
        return [
            number
            for number, pair in enumerate(self._pairs)
            if module is None or is_within(pair.event.identity.module, module)
        ]

    def differing_runs(self, selected: Sequence[int]) -> list[tuple[int, int]]:
        return [(at, at + 1) for at, number in enumerate(selected) if self._pairs[number].differs]

    def line(self, number: int) -> PairLine:
        pair = self._pairs[number]
        event = pair.event
        return PairLine(
            op=event.identity.op,
            kind=event.kind,
            module=event.identity.module,
            site=event.site,
            reference=pair.reference.index if pair.reference else None,
            candidate=pair.candidate.index if pair.candidate else None,
            digests=(_digest(pair.reference), _digest(pair.candidate)),
            differs=pair.differs,
            compared=pair.compared,
        )

    def pair(self, number: int) -> EventPair:
        return self._pairs[number]


def _digest(event: TraceEvent | None) -> int | None:
    return None if event is None else event.outputs or event.state


class ReportEvidence:
    """What the report itself holds: totals by step and phase, the first divergence and the events before it."""

    def __init__(self, comparison: Comparison) -> None:
        first = comparison.first
        self.processes: tuple[str, ...] = (first.process if first else "",)
        self._steps: dict[int, StepEvents] = {}
        if first is not None and (first.reference or first.candidate):
            pair = EventPair(reference=first.reference, candidate=first.candidate, differs=True)
            before = [EventPair(reference=event, candidate=event, differs=False) for event in first.before]
            self._steps[pair.event.identity.step] = ListedEvents([*before, pair], pair)

    def read(self, process: str, step: int) -> StepEvents:
        return self._steps.get(step) or ListedEvents(())

    def known(self, process: str, step: int) -> StepEvents | None:
        return self.read(process, step)


def first_event(divergence: Divergence) -> TraceEvent | None:
    """The divergent event, on whichever side it exists."""
    return divergence.reference or divergence.candidate


def is_within(path: str, module: str) -> bool:
    """True for a module and everything below it."""
    return path == module or path.startswith(module + ".")
