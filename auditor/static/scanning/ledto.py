"""The programs that get to a place by the names on the way: the others only import the file that it stands in."""

from __future__ import annotations

import ast
from functools import partial
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.namedways import gets_to_node

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_KNOWN: WeakKeyDictionary[Project, Memory[tuple[str, str, int, int], bool]] = WeakKeyDictionary()
"""By program, file and place."""


def programs_led_to(
    programs: tuple[str, ...], module: ModuleFacts, node: ast.expr, project: Project
) -> tuple[str, ...]:
    """Those of some programs that can get to a place; all where none of the project's imports the file.

    Who uses a file that no program imports may get to all of it.
    """
    importing = project.programs.reaching(module.path)
    if not importing:
        return programs
    known = _KNOWN.setdefault(project, {})
    found: list[str] = []
    for program in programs:
        project.trace.note("reach", program)
        key = program, module.path, node.lineno, node.col_offset
        if program not in importing or project.trace.once(
            known, key, partial(gets_to_node, project, program, module.path, node)
        ):
            found.append(program)
    return tuple(found)
