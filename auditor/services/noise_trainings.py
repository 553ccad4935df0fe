"""Runs trainings of one program, plain or noisy, through an executor, and keeps what each came to."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from auditor.errors import ProgramError
from auditor.experiments.schedule import LOST_AGAIN
from auditor.model.lean import dataclass
from auditor.model.run import Ending, RunRecord
from auditor.runs.executor import Executor
from auditor.runs.isolation import copy_project
from auditor.runs.launch import check, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.trainings import TrainingStore
from auditor.services.progress import Progress

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

    def kept(self, key: str) -> Came | None:
        """Return what a training came to earlier; None where it has to be run."""
        told = self.store.kept(key)
        if told is None:
            return None
        return Came(hello=told["hello"], answers=tuple(told["answers"]), failure=told["failure"])

    def run(self, tasks: Iterable[Task | None], *, eager: bool = False) -> Iterator[tuple[Task, Came]]:
        """Run trainings and yield each that is whole as it ends; those that were interrupted are left out.

        A task None says that there is none before one of those that run has ended.
        `eager`: without compilation, because noise enters between modules. A noisy training that fails has come to
        nothing, and that is a result; one that was lost with the machine that it ran on is run again. Raises
        `ProgramError` where a plain one fails, where one was killed or took too long, and where noise could not enter.
        """
        waiting = iter(tasks)
        attempts: Counter[str] = Counter()
        lost: list[Task] = []
        while True:
            # What waits for the result of a lost training comes after it has been run again.
            again, lost = lost, []
            yield from self._round(chain(again, waiting), eager, attempts, lost)
            if not lost or self.progress.cancelled():
                return

    def _round(
        self, tasks: Iterable[Task | None], eager: bool, attempts: Counter[str], lost: list[Task]
    ) -> Iterator[tuple[Task, Came]]:
        """Run trainings once; those that were lost with their worker go to `lost`, as long as they may be run again."""
        begun: dict[str, Task] = {}

        def plans() -> Iterator[LaunchPlan | None]:
            for task in tasks:
                if task is None:
                    yield None
                    continue
                begun[task.key] = task
                attempts[task.key] += 1
                yield self._plan(task, eager, attempts[task.key])

        for plan, run in self.executor.run(plans(), self.progress.cancelled):
            task = begun[plan.run_id]
            shutil.rmtree(plan.run_dir / "project", ignore_errors=True)
            if run.status.ending is Ending.INTERRUPTED:
                continue
            if run.status.ending is Ending.LOST and attempts[task.key] <= LOST_AGAIN:
                lost.append(task)
                continue
            came = self._came(task, plan, run)
            self.store.keep(task.key, {"hello": came.hello, "answers": came.answers, "failure": came.failure})
            yield task, came

    def _plan(self, task: Task, eager: bool, attempt: int) -> LaunchPlan:
        # A program that was lost may still run: the next attempt has a folder of its own.
        folder = self.store.folder(task.key if attempt == 1 else f"{task.key}-{attempt}")
        cwd, project = self.cwd, self.project
        if self.isolated:
            project = copy_project(self.project, folder, (self.runs,)).resolve()
            cwd = project / self.cwd.relative_to(self.project)
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
            argv=self.command,
            cwd=cwd,
            project=project,
            run_dir=folder,
            run_id=task.key,
            python=self.python,
            probe={"mode": "noise", "noise": settings, "compile": "eager" if eager else "keep"},
            timeout_s=self.timeout_s,
            quiet=self.quiet or task.training is not None,
        )

    def _came(self, task: Task, plan: LaunchPlan, run: RunRecord) -> Came:
        log = f"log {plan.run_dir}/program.log"
        noisy = task.training is not None
        if noisy and run.status.ending is Ending.FAILED and run.status.code > 0:
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
