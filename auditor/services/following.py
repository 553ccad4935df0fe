"""Follows a run while it grows: tells how far it has come, and compares a candidate with its reference as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from auditor.dynamic.compare import RunComparison
from auditor.dynamic.extent import steps_of
from auditor.errors import TraceFormatError
from auditor.model.lean import dataclass, field
from auditor.model.run import RunRecord
from auditor.runs.tracefile import RunTraces, open_run
from auditor.services.progress import Progress

STEPS_AFTER = 20
"""Steps that the candidate still takes after its first divergence, to see how it spreads."""

LOOK_EVERY_S = 1.0


@dataclass
class Follower:
    """Compares the candidate while it runs, and stops it some steps after the first divergence."""

    traces: RunTraces
    steps: int | None
    full: bool
    """Let the candidate run to its end even after it diverged."""

    comparison: RunComparison = field(default_factory=RunComparison)
    divergent_step: int | None = None
    broken: bool = False

    @classmethod
    def of(cls, reference: RunRecord, *, full: bool) -> Follower:
        steps = max((process.steps for process in reference.processes), default=0)
        return cls(open_run(Path(reference.folder)), steps or None, full)

    def follow(self, candidate: RunTraces, run: Path) -> None:
        """Look at what is new. The verdict rests on a fresh comparison, so nothing that fails here can spoil it."""
        if self.broken or self.divergent_step is not None:
            return
        self.broken = True  # an interrupt in the middle of it leaves it broken
        self.comparison.advance(self.traces, candidate, final=False)
        self.divergent_step = self.comparison.divergent_step()
        if self.divergent_step is not None and not self.full:
            last = self.divergent_step + STEPS_AFTER
            if self.steps is None or last < self.steps:  # else the program ends by itself, and its final weights count
                (run / "stop").write_text(str(last))
        self.broken = False


class Watcher:
    """Tells how far a run has come, and lets the follower look at it."""

    def __init__(
        self,
        run: Path,
        run_id: str,
        stage: str,
        progress: Progress,
        follower: Follower | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._name = f"{stage} {run_id}"
        self._progress = progress
        self._follower = follower
        self._clock = clock
        self._next = 0.0
        self._traces = RunTraces(run)

    def look(self, elapsed_s: float) -> bool:
        """Called by the launcher several times a second; True asks it to interrupt the program."""
        if elapsed_s >= self._next:
            started = self._clock()
            self._refresh(elapsed_s)
            # A long look is followed by a long pause: the program has the machine to itself most of the time.
            self._next = elapsed_s + max(LOOK_EVERY_S, 10 * (self._clock() - started))
        return self._progress.cancelled()

    def _refresh(self, elapsed_s: float) -> None:
        try:
            self._traces.refresh()
            if self._follower is not None:
                self._follower.follow(self._traces, self._run)
        except (TraceFormatError, OSError):
            return  # told when the finished run is read
        traces = self._traces.processes.values()
        steps = max((steps_of(trace) for trace in traces), default=0)
        events = sum(len(trace.events) for trace in traces)
        self._progress.update(steps, f"{self._name}  step {steps:,}  {_count(events)} events  {self._agreement()}")

    def _agreement(self) -> str:
        if self._follower is None or self._follower.broken:
            return ""
        step = self._follower.divergent_step
        return "equal so far" if step is None else f"differs since step {step:,}"


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1_000_000 else f"{number:,}"
