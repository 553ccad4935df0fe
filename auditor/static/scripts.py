"""Which files are run rather than imported: mostly their bytes and who imports them tell, a few have to be parsed."""

from __future__ import annotations

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import COMPOUND, NEVER, is_program

if TYPE_CHECKING:
    from auditor.static.project import Project


def is_script(project: Project, path: str) -> bool:
    """Whether a file is a program; parsed where its bytes do not tell."""
    known = is_script_by_its_bytes(project, path)
    if known is not None:
        return known
    imported, in_package = project.is_imported(path), project.is_in_package(path)
    if in_package and not _is_guarded(project, path) and not _has_compound(project, path):
        return False  # in a package only compound statements count
    module = project.module(path)
    return module is not None and is_program(module, imported=imported, in_package=in_package)


def is_script_by_its_bytes(project: Project, path: str) -> bool | None:
    """Whether a file is a program; None where that takes a closer look."""
    if project.is_test(path) or path.rpartition("/")[2] in NEVER:
        return False
    project.trace.note("content", path)
    imported = project.is_imported(path)
    if project.sketch(path).has_guard and path.endswith(".py") and not imported:
        return True
    if not project.matters(path):
        return False
    # Without a guard it is one only for what its top level does.
    return False if imported and not _is_guarded(project, path) else None


def _is_guarded(project: Project, path: str) -> bool:
    is_main = path.rpartition("/")[2] == "__main__.py"
    return is_main or not path.endswith(".py") or project.sketch(path).names_main


def _has_compound(project: Project, path: str) -> bool:
    """Whether a compound statement may stand at the top level."""
    try:
        return COMPOUND.search(project.source(path).raw()) is not None
    except ProjectError:
        return False
    finally:
        project.unread(path)
