"""What a module makes for others, and no other file of the program asks for: `train_transform = Compose([…])`."""

from __future__ import annotations

import ast
import re

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.targets import only_target

if TYPE_CHECKING:
    from auditor.static.ledger import DrawRecord
    from auditor.static.project import Project

MAX_FILES = 100
"""Files of a program in which a name is looked for."""


def is_left_alone(project: Project, program: str, record: DrawRecord) -> bool:
    """Whether what draws once it is used stands at the top of an imported module, under a name that is nowhere else.

    Names count by their text, also in strings and comments. A module that is run has what it makes for itself.
    """
    place = record.draw.location
    module = project.module(place.path) if record.is_deferred and place.path != program else None
    if module is None or module.is_notebook or place.function is not None:
        return False
    made = next((each for each in module.tree.body if each.lineno <= place.line <= (each.end_lineno or 0)), None)
    target = only_target(made) if isinstance(made, ast.Assign) else None
    if not isinstance(target, ast.Name):
        return False
    files = [path for path in project.programs.followed(program) if path != place.path]
    if len(files) > MAX_FILES or any(project.texts.contain(path, (target.id,)) for path in files):
        return False
    try:
        raw = project.source(place.path).raw()
    except ProjectError:
        return False
    return len(re.findall(rb"\b%b\b" % re.escape(target.id.encode()), raw)) == 1
