"""Places that a constant of the file rules out: `USE_COMPILE = False`, `if USE_COMPILE: …`."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.modes import is_given_any
from auditor.static.facts import Known, ModuleFacts, Unknown
from auditor.static.files.storednames import is_stored
from auditor.static.syntax.elements import UNKNOWN
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.project import Project

MAX_AROUND = 30
"""Statements and expressions around a place that are looked at."""

MAX_PROGRAMS = 50
"""Programs that reach a file; where more do, one of them is taken for one that puts something else into its names."""

_BY_ANY_NAME = ("exec(", "globals()", "locals()")
"""What gives the names of its own file other values, as a configuration says."""


def is_ruled_out(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a condition around a place never holds, being False by a name that nothing gives another value."""
    part = node
    for holder in islice(module.around(node), MAX_AROUND):
        if isinstance(holder, ast.If) and isinstance(holder.test, ast.Name) and part in holder.body:
            value = lasting_constant(module, holder.test)
            if isinstance(value, Known) and value.value is False:
                return True
        part = holder
    return False


def lasting_constant(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    """The constant that an expression is in all programs: names at the top of a file may be given others elsewhere."""
    seen = module.constant(node)
    names = [each for each in walk(node) if isinstance(each, ast.Name) and each.id in module.index.root.bindings]
    if not isinstance(seen, Known) or not names:
        return seen
    project = module.project
    programs = project.programs.reaching(module.path)
    if len(programs) > MAX_PROGRAMS or project.texts.contain(module.path, _BY_ANY_NAME):
        return UNKNOWN
    paths = sorted({path for program in programs for path in project.programs.followed(program)})
    if is_given_any(module.path, paths, project):
        return UNKNOWN
    others = [path for path in paths if path != module.path]
    return UNKNOWN if any(_stores(path, each.id, project) for path in others for each in names) else seen


def _stores(path: str, name: str, project: Project) -> bool:
    return project.texts.hold(path, frozenset({name})) and is_stored(path, name, project)
