"""What a module makes for others, and no other file of the program asks for: `train_transform = Compose([…])`."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.targets import only_target

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.ledger import DrawRecord
    from auditor.static.project import Project

MAX_FILES = 100
"""Files of a program in which a name is looked for."""

MAX_PLACES = 50
"""Places that are looked at; a file with more of them is made by a machine."""


def without_left_alone(project: Project, program: str, records: Sequence[DrawRecord]) -> Sequence[DrawRecord]:
    """Leave out what draws once it is used, at the top of an imported module, under a name that is nowhere else.

    Names count by their text, also in strings and comments. A module that is run has what it makes for itself.
    """
    open_ = [each for each in records if each.is_deferred and _is_at_top(each.draw.location, program)]
    if not open_ or len(open_) > MAX_PLACES:
        return records
    alone = {id(each) for each in open_ if _is_left_alone(project, program, each.draw.location)}
    return [each for each in records if id(each) not in alone]


def _is_at_top(place: Location, program: str) -> bool:
    return place.path != program and place.function is None


def _is_left_alone(project: Project, program: str, place: Location) -> bool:
    module = project.module(place.path)
    if module is None or module.is_notebook:
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
