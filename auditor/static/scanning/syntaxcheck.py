"""Files in which no rule can hold, looked at for syntax errors alone: small projects are told of all of them.

What cannot be read at all is told of every project.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from auditor.errors import ProjectError
from auditor.static.project import Project
from auditor.static.scanning.workers import spread

MAX_CHECKED_BYTES = 2_000_000
"""They are parsed as long as there are no more bytes of them."""

MIN_SHARED_BYTES = 500_000
"""Source from which on more than one process is worth its start."""


def check_syntax(
    project: Project, known: Collection[str], checked: Mapping[str, str | None], processes: int
) -> dict[str, str | None]:
    """What is wrong with each file that no rule needed (None: nothing), by path; told as a problem of the project too.

    `known`: files that were parsed; `checked`: what is wrong with files that were looked at like this before.
    """
    budget = MAX_CHECKED_BYTES
    unread = frozenset(project.unreadable())  # which takes nothing to tell
    chosen = sorted(unread.difference(known))
    for path in sorted(project.files):
        if path in known or path in unread:
            continue
        budget -= project.source(path).stored_bytes
        if budget < 0:
            break
        chosen.append(path)
    found = dict(checked)
    for _, complaints in spread(
        lambda paths: {path: _complaint(project, path) for path in paths},
        _shares([path for path in chosen if path not in checked], project, processes),
        processes,
    ):
        found.update(complaints)
    told = {path: found[path] for path in chosen}
    project.problems.update({path: text for path, text in told.items() if text is not None})
    return told


def _shares(paths: Sequence[str], project: Project, processes: int) -> list[Sequence[str]]:
    """One for each process, where that is worth it."""
    size = sum(project.source(path).stored_bytes for path in paths)
    count = processes if size >= MIN_SHARED_BYTES else 1
    return [share for share in (paths[number::count] for number in range(count)) if share]


def _complaint(project: Project, path: str) -> str | None:
    source = project.source(path)
    try:
        source.check(source.text())
    except ProjectError as error:
        return str(error)
    finally:
        source.forget()
    return None
