"""Runs trainings of one program, plain or noisy, through an executor, and keeps what each came to."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import ProgramError
from auditor.experiments.schedule import LOST_AGAIN
from auditor.model.lean import dataclass, replace
from auditor.model.run import Ending, RunRecord
from auditor.runs.executor import Executor
from auditor.runs.launch import check, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.trainings import TrainingStore
from auditor.runs.workplace import Workplace
from auditor.services.progress import Progress
from auditor.services.replica_failures import way

_REPEATABLE = (Ending.FAILED, Ending.TIMED_OUT, Ending.LOST)
_RESULT = "result.json"
_REFERENCE = "reference"

NO_MODEL = (
    "the program called no module of torch that has parameters, so there is nothing to put noise into; if its "
    "interpreter ignores the environment (python -I, -E or -S) or it leaves by os._exit, we are not in it at its end"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One training that is wanted."""

    key: str
    """Name of its folder: the same for the same training."""

    training: Mapping[str, object] | None
    """Noise in it, see `probe/walking/training.py`; None for the one without."""

    requests: tuple[Mapping[str, object], ...]
    """What its model is asked at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What a training came to."""

    hello: Mapping[str, Any] | None
    """What the program's end told of itself; None where the program failed under the noise."""

    answers: tuple[Mapping[str, Any], ...]
    failure: str = ""
    """Its last words, where it failed."""

    repeated: tuple[str, ...] = ()
    """How earlier attempts failed, that were no results: `signal 9`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingShop:
    """Everything that all trainings of a walk have in common."""

    command: tuple[str, ...]
    cwd: Path
    project: Path
    store: TrainingStore
    runs: Path
    """Where all runs are kept; not copied with a project."""

    executor: Executor
    progress: Progress
    probe: Mapping[str, object]
    python: Path | None = None
    timeout_s: float | None = None
    quiet: bool = True
    isolated: bool = False
    """Each training works in its own copy of the project."""

    retries: int = 0
    """How often a training is run again that failed, unless its failing is a result."""

    def kept(self, key: str) -> Came | None:
        """Return what a training came to earlier; None where it has to be run."""
        told = self.store.kept(key)
        if told is None:
            return None
        return Came(
            hello=told["hello"],
            answers=tuple(told["answers"]),
            failure=told["failure"],
            repeated=tuple(told.get("repeated", ())),
        )

    def run(self, tasks: Iterable[Task | None], *, eager: bool = False) -> Iterator[tuple[Task, Came]]:
        """Run trainings and yield each that is whole as it ends; those that were interrupted are left out.

        A task None says that there is none before one of those that run has ended.
        `eager`: without compilation, because noise enters between modules. A noisy training that ends with an exit
        code of its own has come to nothing, and that is a result. One that failed otherwise (a plain one, one that was
        killed or took too long) is run again as often as `retries` says, and one that was lost with its worker
        `LOST_AGAIN` times. Raises `ProgramError` where that does not help, and where noise could not enter.
        """
        begun: dict[str, Task] = {}
        again: deque[Task] = deque()
        failed: defaultdict[str, list[RunRecord]] = defaultdict(list)

        def plans() -> Iterator[LaunchPlan | None]:
            for task in _with_repeats(tasks, again, begun):
                if task is None:
                    yield None
                    continue
                begun[task.key] = task
                yield self._plan(task, eager, 1 + len(failed[task.key]))

        for plan, run in self.executor.run(plans(), self.progress.cancelled):
            task = begun.pop(plan.run_id)
            shutil.rmtree(plan.run_dir / "project", ignore_errors=True)
            if run.status.ending is Ending.INTERRUPTED:
                continue
            before = failed[task.key]
            if run.status.ending in _REPEATABLE and not _is_result(task, run):
                before.append(run)
                if self._may_repeat(before):
                    again.append(task)
                    continue
            repeated = tuple(way(each) for each in before if each.status.ending is not Ending.LOST)
            came = replace(self._came(task, plan, run), repeated=repeated)
            told = {"hello": came.hello, "answers": came.answers, "failure": came.failure, "repeated": repeated}
            self.store.keep(task.key, {**told, "written": run.files_written})
            yield task, came

    def _may_repeat(self, before: Sequence[RunRecord]) -> bool:
        """Whether a training whose attempts all came to nothing is to be run again."""
        lost = sum(run.status.ending is Ending.LOST for run in before)
        return lost <= LOST_AGAIN and len(before) - lost <= self.retries

    def _plan(self, task: Task, eager: bool, attempt: int) -> LaunchPlan:
        # A program that was lost may still run: the next attempt has a folder of its own.
        folder = self.store.folder(task.key if attempt == 1 else f"{task.key}-{attempt}")
        place = Workplace.of(self.command, self.cwd, self.project)
        if self.isolated:
            place = place.copied_to(folder, self.runs, self.python)
        role = "write" if task.training is None else "read"
        settings = {
            **self.probe,
            "result": str(folder / _RESULT),
            "requests": list(task.requests),
            "training": task.training,
            "reference": {"path": str(self.store.path / _REFERENCE), "role": role},
            "spectra": True,
        }
        return LaunchPlan(
            argv=place.command,
            cwd=place.cwd,
            project=place.project,
            environment=place.variables,
            run_dir=folder,
            run_id=task.key,
            python=self.python,
            probe={"mode": "noise", "noise": settings, "compile": "eager" if eager else "keep"},
            timeout_s=self.timeout_s,
            quiet=self.quiet or task.training is not None,
        )

    def _came(self, task: Task, plan: LaunchPlan, run: RunRecord) -> Came:
        log = f"log {plan.run_dir}/program.log"
        if _is_result(task, run):
            words = [line.strip() for line in log_tail(run, 40) if line.strip()]
            return Came(hello=None, answers=(), failure=words[-1] if words else "it printed nothing")
        check(run)
        try:
            told = json.loads((plan.run_dir / _RESULT).read_text(encoding="utf-8"))
        except OSError:
            raise ProgramError(f"{NO_MODEL} ({log})") from None
        hello = told["hello"]
        answers = tuple(told["answers"])
        for each in (hello, *answers):
            if "error" in each:
                raise ProgramError(f"the model cannot be evaluated: {each['error']} ({log})")
        problems = (hello["training"] or {}).get("problems", ())
        if problems:
            raise ProgramError(f"noise could not enter in training: {problems[0]} ({log})")
        return Came(hello=hello, answers=answers)


def _is_result(task: Task, run: RunRecord) -> bool:
    """A noisy training failed by itself: that is what the noise did to it."""
    return task.training is not None and run.status.ending is Ending.FAILED and run.status.code > 0


def _with_repeats(tasks: Iterable[Task | None], again: deque[Task], begun: Mapping[str, Task]) -> Iterator[Task | None]:
    """Yield what is to be run again before all else; None while what runs may have to be."""
    waiting = iter(tasks)
    more = True
    while True:
        if again:
            yield again.popleft()
            continue
        task = None
        if more:
            try:
                task = next(waiting)
            except StopIteration:
                more = False
        if task is None and not more and not begun and not again:
            return
        yield task
