"""Which step of which process is looked at, and what is listed of it: the divergence screen without the screen."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.divergence import Comparison, Divergence
from auditor.model.trace import TraceEvent
from auditor.tui.drawing.divergence import ModuleRows, PairRows
from auditor.tui.evidence import (
    DIFFERS,
    EventPair,
    Evidence,
    Folding,
    Grid,
    PairLine,
    ReportEvidence,
    StepEvents,
    first_event,
    grid_of,
)
from auditor.tui.signs import UNICODE, Signs

_SEARCHED = 5_000  # differing events of a step that are looked through for the first divergence


class StepView:
    """Made for one comparison; starts at its first divergence."""

    def __init__(self, comparison: Comparison, signs: Signs = UNICODE) -> None:
        self.comparison = comparison
        self.signs = signs
        self.grid: Grid = grid_of(comparison)
        self.evidence: Evidence = ReportEvidence(comparison)
        self.process = self.evidence.processes[0]
        self.step = 0
        self.module: str | None = None
        self.folded = True
        self.events: StepEvents | None = None
        """What is known of the step; None while it is being read."""

        self.pairs: PairRows | None = None
        self.modules = ModuleRows((), signs)
        self.folding = Folding(0, ())
        self._selected: Sequence[int] = ()
        self._runs: list[tuple[int, int]] = []
        self.go_to_first()

    @property
    def first(self) -> Divergence | None:
        return self.comparison.first

    @property
    def first_event(self) -> TraceEvent | None:
        """The divergent event, on whichever side it is; None where a whole process is missing, or nothing."""
        return first_event(self.first) if self.first else None

    def take_evidence(self, evidence: Evidence) -> None:
        """Look at the same place through other eyes."""
        self.evidence = evidence
        wanted = self.first.process if self.first else self.process
        self.process = wanted if wanted in evidence.processes else evidence.processes[0]

    def go_to_first(self) -> None:
        """To the step and process in which the runs part."""
        event, first = self.first_event, self.first
        if first is not None and first.process in self.evidence.processes:
            self.process = first.process
        self.step = event.identity.step if event is not None else 0
        self.module = None

    def next_process(self) -> None:
        processes = self.evidence.processes
        self.process = processes[(processes.index(self.process) + 1) % len(processes)]
        self.module = None

    def refresh(self) -> bool:
        """List the step's events; False where they must be read first."""
        self.events = self.evidence.known(self.process, self.step)
        if self.events is None:
            self.pairs, self.folding, self._runs = None, Folding(0, ()), []
            self.modules = ModuleRows((), self.signs)
            return False
        self.modules = ModuleRows(self.events.modules, self.signs)
        self._selected = self.events.select(self.module)
        self._runs = self.events.differing_runs(self._selected)
        self.folding = Folding(len(self._selected), self._runs, fold=self.folded)
        self.pairs = PairRows(self.events, self._selected, self.folding, self.signs)
        return True

    def first_row(self) -> int:
        """The row of the first divergence; without it here, that of the first difference, else 0."""
        event = self.first_event
        here = event is not None and self.first is not None and self.first.process == self.process
        if here and event is not None and event.identity.step == self.step and self.events is not None:
            searched = (at for start, stop in self._runs for at in range(start, stop))
            for _, at in zip(range(_SEARCHED), searched, strict=False):
                if self._is_first_line(self.events.line(self._selected[at])):
                    return self.folding.row_of(at)
        return self.folding.row_of(self._runs[0][0]) if self._runs else 0

    def is_first(self, pair: EventPair) -> bool:
        """True for the pair at which the runs part."""
        event, first = self.first_event, self.first
        if event is None or first is None or first.process != self.process:
            return False
        side = pair.reference if first.reference else pair.candidate
        return side is not None and side.index == event.index

    def _is_first_line(self, line: PairLine) -> bool:
        event, first = self.first_event, self.first
        return (
            event is not None
            and first is not None
            and event.index == (line.reference if first.reference else line.candidate)
        )

    def next_row(self, row: int, direction: int) -> int | None:
        """The row of the next differing event of this step, forward (1) or back (-1); None without one."""
        if not len(self.folding):
            return None
        start, stop = self.folding.at(min(row, len(self.folding) - 1))
        if direction > 0:
            found = next((max(begin, stop) for begin, end in self._runs if end > stop), None)
        else:
            found = next((min(end, start) - 1 for begin, end in reversed(self._runs) if begin < start), None)
        return self.folding.row_of(found) if found is not None else None

    def next_step(self, direction: int) -> int | None:
        """The next step in which something differs; None without one."""
        step = self.step + direction
        while 0 <= step < self.grid.steps:
            if any(cells[step] == DIFFERS for _, cells in self.grid.rows):
                return step
            step += direction
        return None
