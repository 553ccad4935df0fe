"""Many launches at once: whatever runs them, the caller hands over plans and gets records as they end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.runs.plan import LaunchPlan, told_changes

Finished = tuple[LaunchPlan, RunRecord]
Told = Callable[[str], None]
"""Hears what is going on (`3 running on a, b; 2 waiting`), from the thread that iterates, several times a second."""

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)(?:i?B)?", re.IGNORECASE)


class Executor(Protocol):
    """Runs programs somewhere. Run folders are written where the plans say, so both sides must see them."""

    @property
    def parallel(self) -> bool:
        """Programs may run side by side: each needs its own copy of the project."""

    @property
    def remote(self) -> bool:
        """Programs may run on other machines: whatever they need must lie where these see it."""

    def run(
        self, plans: Iterable[LaunchPlan | None], cancelled: Callable[[], bool], told: Told = lambda _: None
    ) -> Iterator[Finished]:
        """Yield each plan with its record as it ends, in any order.

        A plan is taken only when it can start, or stand in a scheduler's line, so that it may depend on what earlier
        ones came to: None says that there is none before one of those that run has ended. Once `cancelled` says so,
        running programs are interrupted and yielded, and nothing new is started; leaving the iterator early does the
        same. A program whose end nobody saw has the ending `LOST`, and a note that says why. Raises `UsageError` where
        no plan could ever run.
        """

    def close(self) -> None:
        """Let go of what is held from one call of `run` to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one program is given; None where the executor is to decide."""

    cpus: int | None = None
    gpus: int | None = None
    memory_bytes: int | None = None


def parse_needs(text: str) -> Needs:
    """Read `cpus=4,gpus=1,memory=8G`; `UsageError` for anything else."""
    found: dict[str, int] = {}
    for word in (part.strip() for part in text.split(",") if part.strip()):
        name, _, value = word.partition("=")
        size = _SIZE.fullmatch(value.strip())
        if name in ("cpus", "gpus") and value.strip().isdigit() and (int(value) or name == "gpus"):
            found[name] = int(value)
        elif name == "memory" and size is not None and float(size.group(1)):
            found["memory_bytes"] = int(float(size.group(1)) * _UNITS[size.group(2).upper()])
        else:
            raise UsageError(f"--needs: expected cpus=N, gpus=N or memory=8G, found `{word}`")
    return Needs(**found)


def unfinished(plan: LaunchPlan, ending: Ending, reason: str) -> RunRecord:
    """Return the record of a program of whose end there is none, because it was lost or never started."""
    return RunRecord(
        id=plan.run_id,
        argv=tuple(plan.argv),
        cwd=str(plan.cwd),
        project=str(plan.project),
        changes=told_changes(plan),
        started_at="",
        duration_s=0.0,
        status=ExitStatus(ending=ending, code=0),
        processes=(),
        files_written=(),
        notes=(reason,),
        folder=str(plan.run_dir),
    )
