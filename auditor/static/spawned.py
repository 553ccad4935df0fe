"""What holds in a process that is spawned: it imports the program without its main guard, and inherits nothing."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import is_main_guard

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.ledger import Ledger
    from auditor.static.project import Project


def seeded_by_imports(ledger: Ledger, project: Project) -> frozenset[str]:
    """The libraries that a seed at the top level of a module has seeded so far."""
    return frozenset(
        library for library, place, _ in ledger.seeds if place.function is None and not _is_guarded(place, project)
    )


def _is_guarded(place: Location, project: Project) -> bool:
    module = project.module(place.path)
    if module is None or module.is_notebook:
        return False
    guards = (statement for statement in module.tree.body if is_main_guard(statement))
    return any(guard.lineno <= place.line <= (guard.end_lineno or guard.lineno) for guard in guards)
