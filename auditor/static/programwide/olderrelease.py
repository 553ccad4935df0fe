"""Which release of a library a program is written for, by what it calls: an older one is seeded in another way."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.static.project import Project
from auditor.static.resolution.library_verdict import LibraryVerdict


def seeded_by(verdict: LibraryVerdict, project: Project) -> str | None:
    """The statement that seeds the release that a program is written for; None where it is the library's usual one."""
    if not verdict.library.older:
        return None
    return verdict.library.seeded_by([*(draw.callee for draw in verdict.draws), *called(verdict, project)])


def called(verdict: LibraryVerdict, project: Project) -> Iterable[str]:
    """What is called in the program's own file, and in those where it draws."""
    paths = dict.fromkeys((verdict.entry_point, *(draw.location.path for draw in verdict.draws)))
    modules = [module for path in paths if (module := project.module(path)) is not None]
    return frozenset(call.callee for module in modules for call in module.calls if call.callee is not None)
