"""From `--executor ray:ADDRESS`, `--jobs` and `--needs` to what runs programs."""

from __future__ import annotations

import os

from auditor.errors import UsageError
from auditor.model.lean import replace
from auditor.runs.executor import Executor, Needs
from auditor.runs.executors.local import LocalProcesses
from auditor.runs.executors.ray import RayCluster
from auditor.runs.executors.remote import Remote
from auditor.runs.executors.slurm import OPTIONS, SlurmCluster

AUTO = "auto"
ROOM = 0
"""Instead of a number of jobs: as many as there is room for."""


def parse_jobs(text: str) -> int:
    """Read `--jobs`; `ROOM` for `auto`."""
    if text == AUTO:
        return ROOM
    if not text.isdigit() or not int(text):
        raise UsageError(f"--jobs: expected a number from 1, or {AUTO}, found `{text}`")
    return int(text)


def choose_executor(text: str, *, jobs: int | None, needs: Needs, threads: int) -> Executor:
    """Return the executor of this name: `local`, `ray[:ADDRESS]`, `slurm[:PARTITION][,OPTION=VALUE…]`.

    `jobs` programs at a time; None for one on this machine and as many as a cluster takes.

    On a cluster a program gets as many processors as it has `threads`, where `needs` does not say. Nothing is
    connected to yet. Raises `UsageError` for a name that is none.
    """
    kind, _, rest = text.partition(":")
    if kind == "local" and not rest:
        return LocalProcesses(1 if jobs is None else jobs or None, needs)
    needs = needs if needs.cpus is not None else replace(needs, cpus=threads)
    if kind == "ray":
        return Remote(RayCluster(rest, needs), jobs or None)
    if kind == "slurm":
        partition, options = _slurm_options(rest)
        return Remote(SlurmCluster(partition, options, needs), jobs or None)
    raise UsageError(f"--executor: expected local, ray[:ADDRESS] or slurm[:PARTITION,account=NAME], found `{text}`")


def _slurm_options(text: str) -> tuple[str, dict[str, str]]:
    partition = ""
    options: dict[str, str] = {}
    for word in (part.strip() for part in text.split(",")):
        name, equals, value = word.partition("=")
        if not equals and not partition and not options:
            partition = word
        elif name in OPTIONS and value and (name != "time" or value.isdigit()):
            options[name] = value
        else:
            raise UsageError(
                f"--executor slurm: expected a partition, then {', '.join(OPTIONS)} (minutes) with `=`; found `{word}`"
            )
    return partition, options


def own_threads() -> int:
    """As many as operators use where nobody says anything: OMP_NUM_THREADS, else the cores that we may use."""
    named = os.environ.get("OMP_NUM_THREADS", "")
    if named.isdigit() and int(named):
        return int(named)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
