"""Files that one run left behind and the next one read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.run import RunRecord

if TYPE_CHECKING:
    from auditor.runs.tracefile import RunTraces

_BYTECODE = ("__pycache__/", ".pyc")


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One file, at the candidate's first read."""

    path: str
    process: str
    event: int
    """Events that the candidate's process had written before."""

    site: Location | None


def leaks(reference: RunRecord, candidate: RunTraces) -> list[Leak]:
    """Files of the project that the reference wrote and the candidate read without having written them itself.

    Sorted by path. A run that saves a file and loads it again has no leak: its own write comes first.
    """
    return _read_of(frozenset(path for path in reference.files_written if not _is_bytecode(path)), candidate)


def leaks_outside(reference: RunTraces, candidate: RunTraces) -> list[Leak]:
    """The same for files anywhere else, a cache in the home folder for example, as far as the reference's trace tells.

    Caches of libraries are among them, which are the same whoever writes them: no fault as long as the runs agree.
    """
    written = {access.path for trace in reference.processes.values() for access in trace.files if access.mode == "w"}
    return _read_of(frozenset(path for path in written if os.path.isabs(path)), candidate)


def _is_bytecode(path: str) -> bool:
    return any(part in path for part in _BYTECODE)


def _read_of(left: frozenset[str], candidate: RunTraces) -> list[Leak]:
    own = {access.path for trace in candidate.processes.values() for access in trace.files if access.mode == "w"}
    found: dict[str, Leak] = {}
    for name, trace in candidate.processes.items():
        written: set[str] = set()
        for access in trace.files:
            if access.mode == "w":
                written.add(access.path)
            elif access.path in left and access.path not in found and access.path not in written:
                if access.path in own and "." in name:
                    continue  # some process of the candidate writes it, perhaps before this one reads it
                found[access.path] = Leak(path=access.path, process=name, event=access.event, site=access.site)
    return [found[path] for path in sorted(found)]
