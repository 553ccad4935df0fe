"""Programs as jobs of Slurm, handed over by submitit. The store must lie on a folder that all nodes see.

What became of a job is read from the answer in its run's folder and from `squeue`: `sacct`, which submitit asks, knows
nothing where a cluster keeps no accounts.
"""

from __future__ import annotations

import math
import os
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.model.run import Ending, RunRecord
from auditor.runs.executor import Needs, unfinished
from auditor.runs.executors.order import command, own_environment, read_answer, write_order
from auditor.runs.plan import LaunchPlan

PLACES = 16
"""Jobs that run or wait at a time: each waiting one holds a copy of the project."""

ANSWER = "answer.json"
OPTIONS = ("account", "constraint", "qos", "time")
_ASK_S = 2.0
_SHARING_S = 30.0
"""So long a network's file system may take to show us what a job that is over has written."""

_BROKEN_S = 3.0
_AT_WORK = ("CONFIGURING", "COMPLETING", "PENDING", "REQUEUED", "RESIZING", "RUNNING", "STOPPED", "SUSPENDED")
_MARGIN_MIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One submitted plan."""

    plan: LaunchPlan
    handle: Any
    folder: Path


class SlurmCluster:
    """`partition` "" for the default one; `options` as `sbatch` names them (`OPTIONS`; time in minutes)."""

    name = "slurm"

    def __init__(self, partition: str, options: Mapping[str, str], needs: Needs) -> None:
        self._partition = partition
        self._options = options
        self._needs = needs
        self._submitit: Any = None
        self._jobs: dict[str, _Job] = {}
        self._over: dict[str, float] = {}
        self._states: dict[str, str] = {}
        self._asked = 0.0

    def open(self) -> None:
        try:
            import submitit
        except ImportError:
            raise UsageError("--executor slurm: submitit is not installed; pip install 'repro-audit[slurm]'") from None
        try:
            nodes = _output(["sinfo", "-h", "-N", "-o", "%N", *self._of_partition()])
        except OSError as error:
            raise UsageError(f"--executor slurm: {error.filename} cannot be started: is this a login node?") from error
        except subprocess.CalledProcessError as error:
            raise UsageError(f"--executor slurm: sinfo: {error.stderr.strip()}") from error
        if not nodes.split():
            known = ", ".join(sorted(set(_output(["sinfo", "-h", "-o", "%R"]).split())))
            raise UsageError(f"--executor slurm:{self._partition}: no such partition; there are {known or 'none'}")
        self._submitit = submitit

    def places(self) -> int:
        return PLACES

    def submit(self, plan: LaunchPlan, avoid: Collection[str]) -> None:
        folder = plan.run_dir / "slurm"
        folder.mkdir(mode=0o700, exist_ok=True)
        executor = self._submitit.SlurmExecutor(folder=folder)
        executor.update_parameters(**self._parameters(plan, avoid))
        argv = [*command(), str(plan.run_dir / ANSWER)]
        order = write_order(plan, own_environment(), carried=True)
        try:
            handle = executor.submit(_make_task(), argv, order)
        except Exception as error:  # submitit's own, whose tree is not public
            raise UsageError(f"--executor slurm: a job was refused: {str(error).strip()}") from error
        self._jobs[handle.job_id] = _Job(plan=plan, handle=handle, folder=folder)

    def ended(self, timeout_s: float) -> dict[str, RunRecord]:
        until = time.monotonic() + timeout_s
        while True:
            self._ask()
            found = {name: record for name in self._jobs if (record := self._result(name)) is not None}
            if found or time.monotonic() >= until:
                break
            time.sleep(min(0.2, timeout_s))
        return {self._jobs.pop(name).plan.run_id: record for name, record in found.items()}

    def cancel(self) -> None:
        if self._jobs:
            subprocess.run(["scancel", *self._jobs], capture_output=True, check=False)

    def kill(self) -> None:
        self.cancel()
        self._jobs.clear()

    def close(self) -> None:
        self._submitit = None

    def _parameters(self, plan: LaunchPlan, avoid: Collection[str]) -> dict[str, Any]:
        cpus = self._needs.cpus or 1
        limit = self._options.get("time")
        if limit is None and plan.timeout_s is not None:
            limit = str(math.ceil(plan.timeout_s / 60) + _MARGIN_MIN)
        found: dict[str, Any] = {
            "job_name": f"repro-audit {plan.run_id}",
            "time": int(limit) if limit else None,
            "cpus_per_task": cpus,
            "gpus_per_node": self._needs.gpus or None,
            "mem": f"{self._needs.memory_bytes >> 20}M" if self._needs.memory_bytes else None,
            "partition": self._partition or None,
            "exclude": ",".join(self._to_exclude(avoid)) or None,
            # Steps do not inherit it from Slurm 22.05 on.
            "srun_args": [f"--cpus-per-task={cpus}"],
            # A job that Slurm starts again would find what the first one left; we start it again ourselves. And its
            # warning before the time limit is for the script alone: it would end the program.
            "additional_parameters": {"no-requeue": True, "signal": "B:USR2@1"},
        }
        found.update({name: self._options[name] for name in OPTIONS if name != "time" and name in self._options})
        return {name: value for name, value in found.items() if value is not None or name == "time"}

    def _to_exclude(self, avoid: Collection[str]) -> list[str]:
        """Nodes that failed, unless there is no other."""
        if not avoid:
            return []
        nodes = set(_output(["sinfo", "-h", "-N", "-o", "%N", *self._of_partition()]).split())
        return sorted(nodes & set(avoid)) if nodes - set(avoid) else []

    def _of_partition(self) -> list[str]:
        return ["-p", self._partition] if self._partition else []

    def _ask(self) -> None:
        """Look which jobs are over."""
        if time.monotonic() - self._asked < _ASK_S:
            return
        self._asked = time.monotonic()
        try:
            lines = _output(["squeue", "-h", "-t", "all", "-u", str(os.getuid()), "-o", "%A|%T"]).splitlines()
        except (OSError, subprocess.CalledProcessError):
            return  # the controller is away for a moment; jobs go on without it
        self._states = dict(line.strip().partition("|")[::2] for line in lines)
        for name in self._jobs:
            if self._states.get(name) not in _AT_WORK:
                self._over.setdefault(name, time.monotonic())

    def _result(self, name: str) -> RunRecord | None:
        job = self._jobs[name]
        try:
            return read_answer((job.plan.run_dir / ANSWER).read_text(encoding="utf-8"), job.plan)
        except FileNotFoundError:
            pass
        state = self._states.get(name, "gone")
        grace = _SHARING_S if state in ("COMPLETED", "gone") else _BROKEN_S
        if name not in self._over or time.monotonic() - self._over[name] < grace:
            return None
        said = "".join(path.read_text("utf-8", "replace") for path in sorted(job.folder.glob("*_log.*")))
        if not said and state == "FAILED":
            raise UsageError(
                f"--executor slurm: job {name} could write nothing to {job.folder}: the store is not shared with its "
                "node, or cannot be written there. Name a folder that all machines see: --store"
            )
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it left no message")
        return unfinished(job.plan, Ending.LOST, f"Slurm's job {name} is over ({state}): {last}")


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def _make_task() -> Callable[[list[str], str], None]:
    """Return what a job runs. Made here and not in the module, so that it travels by value."""

    def replica(argv: list[str], order: str) -> None:
        import subprocess

        subprocess.run(argv, input=order, text=True, stdout=subprocess.DEVNULL, check=False)

    return replica
