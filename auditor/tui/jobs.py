"""Long work in thread workers: one job at a time, which only posts messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from textual.message import Message

from auditor.model.lean import dataclass, field
from auditor.report.prose.numbers import duration
from auditor.services.progress import Progress
from auditor.tui.messages import JobFailed, JobFinished, JobProgressed

Work = Callable[[Progress], Any]
Post = Callable[[Message], object]


class Ended(Protocol):
    """Makes the message that says how a job ended."""

    def __call__(self, kind: str, result: Any, /, *, cancelled: bool, seconds: float) -> Message: ...


_INTERVAL_S = 0.5  # of progress on the screen: no faster than a person reads, and cheap over a slow link


@dataclass
class Job:
    """Something that runs; `cancel` asks it to stop at the next good moment and keep what it has."""

    kind: str
    """`scan`, `twice`, `compare`, `overhead`, `apply`, `undo`, `verify`, `prove`, `profile`, and those of
    `BaselineWritten`."""

    title: str
    """As in "Scanning": what the message line says while no more is known."""

    clock: Callable[[], float] = time.monotonic
    _cancel: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        self._cancel.set()

    @property
    def is_cancelled(self) -> bool:
        return self._cancel.is_set()

    def wait(self, timeout_s: float) -> None:
        """Wait until the work is done, whatever came of it."""
        self._ended.wait(timeout_s)

    def run(self, work: Work, post: Post, ended: Ended = JobFinished) -> None:
        """Do the work and post how it ended. Called in a worker's thread; never raises."""
        started = self.clock()
        try:
            try:
                result = work(JobProgress(self, post))
            finally:
                self._ended.set()
        except Exception as error:  # the handler shows it: a job that fails must not take the app with it
            post(JobFailed(self.kind, error, cancelled=self.is_cancelled))
        else:
            seconds = self.clock() - started
            post(ended(self.kind, result, cancelled=self.is_cancelled, seconds=seconds))


class JobProgress:
    """Turns a service's progress into lines for the message line."""

    def __init__(self, job: Job, post: Post) -> None:
        self._job = job
        self._post = post
        self._stage = ""
        self._total: int | None = None
        self._stage_started = self._told = job.clock()

    def stage(self, name: str, total: int | None = None) -> None:
        self._stage, self._total = name, total
        self._stage_started = self._told = self._job.clock()
        self._post(JobProgressed(f"{self._job.title}: {name}"))

    def update(self, done: int, note: str = "") -> None:
        now = self._job.clock()
        if now - self._told < _INTERVAL_S:
            return
        self._told = now
        self._post(JobProgressed(self._line(done, note, now - self._stage_started)))

    def cancelled(self) -> bool:
        return self._job.is_cancelled

    def _line(self, done: int, note: str, elapsed_s: float) -> str:
        names_stage = note.startswith(self._stage)
        parts = [f"{self._job.title}: {note if names_stage else self._stage}"]
        if self._total:
            parts.append(f"{done:,} of {self._total:,}")
        elif not note:
            parts.append(f"{done:,}")
        if note and not names_stage:
            parts.append(note)
        parts.append(duration(elapsed_s))
        if self._total and 0 < done < self._total and elapsed_s > 10:
            parts.append(f"about {duration(elapsed_s / done * (self._total - done))} left")
        return "  ".join(part.strip() for part in parts)
