"""Runs the replicas that an experiment lacks: in which order, which again, and when to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from auditor.experiments.schedule import Came, Schedule, Task
from auditor.experiments.variants import Variant, named
from auditor.model.lean import dataclass
from auditor.model.run import Ending
from auditor.model.variance import UndrawnSource
from auditor.runs.replicas import ExperimentFolder, Kept
from auditor.services.board import BoardReader, ShowsBoard
from auditor.services.replica_failures import Failures
from auditor.services.replica_results import Sources, check_first, read_result
from auditor.services.replicas import Done, Workshop
from auditor.services.source_draws import undrawn_in
from auditor.services.variance_report import Reading, check_groupings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be there in the end."""

    variants: tuple[Variant, ...]
    runs: int
    """Replicas of each variant."""

    retries: int
    sources: Sources
    reading: Reading


class Campaign:
    """The replicas of one command line: which are there, which are run, which failed."""

    def __init__(self, workshop: Workshop, wanted: Wanted) -> None:
        self.workshop = workshop
        self.wanted = wanted
        self.experiment: ExperimentFolder = workshop.experiment
        self.failures = Failures()
        self.undrawn: dict[Variant, UndrawnSource] = {}
        self.checked = False
        self.interrupted = False
        there = {v: {kept.number for kept in self.experiment.replicas(v.name)} for v in wanted.variants}
        self.schedule = Schedule(wanted.variants, wanted.runs, wanted.retries, there)
        self.board = BoardReader(self.experiment, [variant.name for variant in wanted.variants], wanted.runs)
        self._ended = 0

    def run(self) -> None:
        """Run what is missing."""
        for variant in self.wanted.variants:
            for kept in self.experiment.replicas(variant.name)[:1]:
                self._check_draws(variant, kept)
        self.workshop.progress.stage("replicas", self.schedule.missing())
        self._show_board()
        for kept in (kept for v in self.wanted.variants for kept in self.experiment.replicas(v.name)[:1]):
            self._check_first(kept)
        with closing(self.workshop.run(self._tasks(), self._tell)) as ended:  # an error here ends what still runs
            for done in ended:
                self._ended += 1
                self._note(done)
                self._tell("")
        self.interrupted |= self.workshop.progress.cancelled()
        if not any(self.experiment.replicas(variant.name) for variant in self.wanted.variants):
            self.failures.raise_first()

    def _show_board(self) -> None:
        progress = self.workshop.progress
        if isinstance(progress, ShowsBoard):
            progress.board(self.board)

    def _tasks(self) -> Iterator[Task | None]:
        """What is to run; None where the rest waits for the tape, or for whether a variant works at all."""
        while not self.interrupted:
            task = self.schedule.next(self.experiment.has_tape())
            if task is None and not self.schedule.is_running():
                return
            yield task

    def _note(self, done: Done) -> None:
        ending = done.run.status.ending
        if done.kept is not None:
            self.schedule.ended(done.task, Came.WHOLE)
            self._check_first(done.kept)
            self._ended += self._check_draws(done.task.variant, done.kept)
        elif ending is Ending.INTERRUPTED:
            self.schedule.ended(done.task, Came.STOPPED)
            self.interrupted = True
        else:
            self.schedule.ended(done.task, Came.LOST if ending is Ending.LOST else Came.FAILED)
            self.failures.add(done.task, done.run)

    def _tell(self, going_on: str) -> None:
        whole = [f"{each.name} {len(self.schedule.whole(each))}" for each in self.wanted.variants]
        counts = f"{'  '.join(whole)} of {self.wanted.runs}"
        self.workshop.progress.update(self._ended, f"{counts}  {going_on}" if going_on else counts)

    def _check_first(self, kept: Kept) -> None:
        if not self.checked:
            self.checked = True
            result = read_result(kept, self.wanted.sources)
            check_first(kept, result, self.wanted.sources)
            check_groupings({named(kept.variant): [result]}, self.wanted.reading)

    def _check_draws(self, variant: Variant, kept: Kept) -> int:
        """Leave out a variant that has nothing to vary, whose replicas would all be the same; return how many."""
        told = undrawn_in(variant, kept)
        if told is None or variant in self.undrawn:
            return 0
        self.undrawn[variant] = told
        self.board.leave_out(variant.name)
        return self.schedule.leave_out(variant)

    def failed(self) -> list[str]:
        """Sentences for the variants in which replicas failed or were lost."""
        whole = {(variant, number) for variant, numbers in self.schedule.there.items() for number in numbers}
        return self.failures.told(self.wanted.variants, whole)
