"""Places, commands and runs in words."""

from __future__ import annotations

import os
from pathlib import PurePath

from auditor.model.annotations import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.divergence import Divergence
    from auditor.model.location import Location
    from auditor.model.run import RunRecord


def position(location: Location) -> str:
    """`41:12`; `cell 3, 2:5` in a notebook."""
    inside = f"{location.line}:{location.column}"
    return f"cell {location.cell}, {inside}" if location.cell is not None else inside


def place(location: Location) -> str:
    """`src/data.py:41`, as editors and terminals link it."""
    if location.cell is not None:
        return f"{location.path} cell {location.cell}, line {location.line}"
    return f"{location.path}:{location.line}"


def typed(path: str, ways: tuple[str, str] | None) -> str:
    """A path of the project as a shell takes it; `ways`: as in `RenderOptions`."""
    if ways is not None:
        root, here = ways
        path = os.path.relpath(os.path.join(root, path), here)
    if path.startswith("-"):  # else it would be an option
        path = f"./{path}"
    if all(letter.isalnum() or letter in "/._-+" for letter in path):
        return path
    from shlex import quote  # hardly ever needed, and not free

    return quote(path)


def command_line(run: RunRecord) -> str:
    """The command as a person would type it; the interpreter by its name alone."""
    import shlex

    first, *rest = run.argv or ("",)
    return shlex.join([PurePath(first).name, *rest])


def process_line(runs: Sequence[RunRecord], divergence: Divergence) -> str:
    """In which process two runs part; empty where there is only one."""
    if len({process.name for run in runs for process in run.processes}) < 2:
        return ""
    words = process_words(runs, divergence.process)
    candidate = divergence.candidate
    if candidate is not None and candidate.process != divergence.process:
        words += f"; in the candidate process {candidate.process} did that task"
    return words


def process_words(runs: Sequence[RunRecord], name: str) -> str:
    """`rank 1, process 1-0.x2`; `process 0-0.2` where no launcher numbers them."""
    ranks = {process.name: process.rank for run in reversed(runs) for process in run.processes}
    rank = ranks.get(name)
    return f"process {name}" if rank is None else f"rank {rank}, process {name}"


def ending(run: RunRecord) -> str:
    """How a run ended, where that is not simply at its end."""
    from auditor.model.run import Ending  # findings have places, but no runs

    code = run.status.code
    words = {
        Ending.FINISHED: "",
        Ending.STOPPED: "stopped by us",
        Ending.FAILED: f"failed with exit code {code}" if code >= 0 else f"killed by signal {-code}",
        Ending.TIMED_OUT: "stopped at the time limit",
        Ending.INTERRUPTED: "interrupted",
        Ending.LOST: "lost",
    }
    return words[run.status.ending]
