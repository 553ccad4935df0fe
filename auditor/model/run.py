"""One launch of a program, and its processes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.model.environment import Environment
from auditor.model.lean import dataclass, field


class Ending(Enum):
    """How a program came to its end."""

    FINISHED = "finished"
    """By itself, exit code 0."""

    STOPPED = "stopped"
    """By us, at the step that was asked for."""

    FAILED = "failed"
    """Exit code other than 0, or killed by a signal that we did not send."""

    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
    """By the person at the keyboard."""

    LOST = "lost"
    """Nobody saw it: the worker or the machine that it ran on went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """How a process ended."""

    ending: Ending
    code: int
    """As `subprocess` gives it: negative for a signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRecord:
    """One OS process of a run that left a trace."""

    name: str
    """`<rank>-<place>`; the same process of two runs has the same name."""

    pid: int
    parent_pid: int
    rank: int | None
    """None outside distributed runs."""

    complete: bool
    """The process wrote its end record."""

    events: int
    steps: int
    problems: tuple[str, ...]
    environment: Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What `run.json` holds."""

    id: str
    argv: tuple[str, ...]
    cwd: str
    project: str
    """Root of the audited project, absolute."""

    changes: Mapping[str, str]
    """What we set from outside, by environment variable or switch."""

    started_at: str
    """ISO 8601 with UTC offset."""

    duration_s: float
    status: ExitStatus
    processes: tuple[ProcessRecord, ...]
    files_written: tuple[str, ...]
    """Files of the project that the run created or changed, relative, sorted."""

    file_digests: Mapping[str, str] = field(default_factory=dict)
    """Of the bytes of each of them when the run had ended, by path; those beyond a gigabyte in all are left out."""

    notes: tuple[str, ...] = ()
    peak_memory_bytes: int | None = None
    """Greatest resident memory of any one process of the program; None where it was not measured."""

    peak_device_memory_bytes: int | None = None
    """Greatest memory of the whole program on all GPUs together; None without NVML or a GPU."""

    cpu_s: float | None = None
    """Processor time of the program and of the children that it waited for; None where it was not measured."""

    machine: str = ""
    """Kind of processor and GPUs that it ran on; empty where that is not known."""

    folder: str = ""
    """Absolute path of the run's folder; empty where it is not kept."""
