"""What a module makes for others, and no other file of the program asks for: `train_transform = Compose([…])`."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import islice

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ModuleRef
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.static.execution.ledger import DrawRecord
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project

MAX_FILES = 100
"""Files of a program in which a name is looked for."""

MAX_PLACES = 50
"""Places that are looked at; a file with more of them is made by a machine."""

_LOOKING_UP = ("__dict__", "getattr(", "globals(", "vars(")
_REGISTERING = (
    *("__init_subclass__", "__subclasses__", "metaclass", "getmembers(", "dir(", "eval(", "locate(", "importlib"),
    *("import_module", "import_string", "instantiate(", "sys.modules"),
)
"""What may stand where classes are got at by those that they extend, or by a text that says their names."""

_NAMED = 2
"""Arguments of a call that names what it looks up."""


def without_left_alone(project: Project, program: str, records: Sequence[DrawRecord]) -> Sequence[DrawRecord]:
    """Leave out what draws once it is used, at the top of an imported module, under a name that is nowhere else.

    Names count by their text, also in strings and comments. A module that is run has what it makes for itself.
    """
    open_ = [each for each in records if each.is_deferred and _is_at_top(each.draw.location, program)]
    if not open_ or len(open_) > MAX_PLACES:
        return records
    looked_up: dict[str, bool] = {}
    alone = {id(each) for each in open_ if _is_left_alone(project, program, each.draw.location, looked_up)}
    return [each for each in records if id(each) not in alone]


def _is_at_top(place: Location, program: str) -> bool:
    return place.path != program and place.function is None


def _is_left_alone(project: Project, program: str, place: Location, looked_up: dict[str, bool]) -> bool:
    """`looked_up`: modules whose names other files may get at by a text, as far as that was asked."""
    module = project.module(place.path)
    if module is None or module.is_notebook:
        return False
    made = next((each for each in module.tree.body if each.lineno <= place.line <= (each.end_lineno or 0)), None)
    name = _name_of(made)
    if name is None:
        return False
    files = [path for path in project.programs.followed(program) if path != place.path]
    if len(files) > MAX_FILES or any(project.texts.contain(path, (name,)) for path in files):
        return False
    if isinstance(made, ast.ClassDef) and any(
        project.texts.contain(each, _REGISTERING) for each in (*files, place.path)
    ):
        return False
    try:
        raw = project.source(place.path).code()
    except ProjectError:
        return False
    if len(re.findall(rb"\b%b\b" % re.escape(name.encode()), raw)) != 1:
        return False
    if place.path not in looked_up:
        looked_up[place.path] = any(looks_up_in(project, path, place.path) for path in (*files, place.path))
    return not looked_up[place.path]


def _name_of(made: ast.stmt | None) -> str | None:
    """The name by which others get at what a statement makes: that of a class, of what stands in its body."""
    if isinstance(made, ast.ClassDef):
        return None if made.decorator_list or made.keywords else made.name
    target = only_target(made) if isinstance(made, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else None


def looks_up_in(project: Project, path: str, made: str) -> bool:
    """Whether a file may get at a name of the module `made` by a text: `getattr(transforms, f"{kind}_transform")`."""
    module = project.module(path) if project.texts.contain(path, _LOOKING_UP) else None
    if module is None:
        return False
    if path == made and module.call_index.written("globals"):
        return True
    calls = (each.node for name in ("getattr", "vars") for each in module.call_index.written(name))
    asked = [call.args[0] for call in calls if call.args and _is_open(call)]
    if project.texts.contain(path, ("__dict__",)):
        asked += [
            each.value for each in walk(module.tree) if isinstance(each, ast.Attribute) and each.attr == "__dict__"
        ]
    return any(_may_be(module, each, made) for each in islice(asked, MAX_PLACES))


def _is_open(call: ast.Call) -> bool:
    """Whether a text does not stand in the call itself."""
    return len(call.args) < _NAMED or not isinstance(call.args[1], ast.Constant)


def _may_be(module: ModuleFacts, node: ast.expr, made: str) -> bool:
    """Whether an expression is the module, or one that is imported by a text."""
    value = module.names.value(node)
    if value is not None:
        return value == ModuleRef(made)
    origin = module.origin(node)
    called = module.resolve(origin.func) if isinstance(origin, ast.Call) else None
    is_looked_up = isinstance(origin, ast.Subscript) and module.resolve(origin.value) == "sys.modules"
    return is_looked_up or called in ("importlib.import_module", "__import__")
