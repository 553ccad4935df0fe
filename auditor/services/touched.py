"""What traced runs have read: source, data, folders; and whether they trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from auditor.model.lean import dataclass
from auditor.model.run import RunRecord
from auditor.probe import wire
from auditor.runs.tracefile import open_run

_FILES = "files"
"""What the probe calls its own trouble with telling which files are read."""


@dataclass(frozen=True, kw_only=True)
class Touched:
    """Of all runs together; paths are relative to the project where they are inside, else absolute."""

    loaded: frozenset[str] | None
    """Files of the project that were loaded or read; None where a process does not tell."""

    read: frozenset[str]
    """Data files; also those inside the project that were opened to be written, since `r+` reads too."""

    wrote: frozenset[str]
    """Files that were opened to be written, as far as Python did it."""

    listed: frozenset[str]
    """Folders."""

    trained: bool
    """An optimizer took a step, or a gradient was computed."""

    unseen: tuple[str, ...]
    """What the traces do not tell."""


def touched(runs: Sequence[RunRecord]) -> Touched:
    """Look through the traces of runs that are kept."""
    traces = [trace for run in runs for trace in open_run(Path(run.folder)).processes.values()]
    opened = {mode: {a.path for trace in traces for a in trace.files if a.mode == mode} for mode in ("r", "w")}
    problems = {problem.what for trace in traces for problem in trace.problems if problem.where == _FILES}
    return Touched(
        loaded=executed_files(runs),
        read=frozenset(opened["r"] | {path for path in opened["w"] if not path.startswith("/")}),
        wrote=frozenset(opened["w"]),
        listed=frozenset(listing.path for trace in traces for listing in trace.listings),
        trained=any(bool(np.any(trace.events["phase"] == wire.BACKWARD)) for trace in traces)
        or any(process.steps for run in runs for process in run.processes),
        unseen=tuple(sorted(problems)),
    )


def executed_files(records: Sequence[RunRecord]) -> frozenset[str] | None:
    """Files of the project that runs loaded or read; None where a process's trace does not tell what it loaded."""
    found: set[str] = set()
    for record in records:
        for trace in open_run(Path(record.folder)).processes.values():
            if trace.sources is None:
                if "." not in trace.name:
                    return None
                continue
            found.update(trace.sources)
            found.update(access.path for access in trace.files)
    return frozenset(found)
