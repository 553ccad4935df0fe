"""Fields that are None by default and get a value where objects are made: `Config(seed=3)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.composedfields import is_composed
from auditor.static.evaluation.fields import parameters_of
from auditor.static.resolution.callers import calls_named
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.subclasscalls import classes_extending
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_KNOWN: WeakKeyDictionary[Project, Memory[tuple[str, int, str], bool]] = WeakKeyDictionary()
"""By the file and the line of the class, and the field."""

MAX_BELOW = 20
"""Classes that extend one and are looked at."""

MAX_CALLS = 50
"""Calls of one class that are looked at; of more it is taken for granted that they give it."""


def is_field_given(used: ast.expr, module: ModuleFacts) -> bool:
    """Whether `config.seed` is a field of a class of the project to which all but tests, or files, give a value."""
    made = module.names.value(used.value) if isinstance(used, ast.Attribute) else None
    if not isinstance(used, ast.Attribute) or not isinstance(made, Instance) or not isinstance(made.of, ClassRef):
        return False
    if is_composed(used, Frame(module, module.enclosing_function(used))):
        return True
    cls, name = made.of, used.attr
    known = _KNOWN.setdefault(module.project, {})
    return module.project.trace.once(known, (cls.module.path, cls.node.lineno, name), lambda: _is_given(cls, name))


def calls_leaving_out(used: ast.expr, module: ModuleFacts) -> list[tuple[ModuleFacts, ast.Call]]:
    """The calls that give a field nothing, where `config.seed` is one and other calls give it something."""
    made = module.names.value(used.value) if isinstance(used, ast.Attribute) else None
    if not isinstance(used, ast.Attribute) or not isinstance(made, Instance) or not isinstance(made.of, ClassRef):
        return []
    fields = parameters_of(made.of)
    calls = list(islice(_calls(made.of), MAX_CALLS + 1)) if used.attr in fields else []
    if len(calls) > MAX_CALLS:
        return []
    position = fields.index(used.attr) if calls else 0
    left = [(caller, call) for caller, call in calls if not _gives(caller, call, used.attr, position)]
    return left if len(left) < len(calls) else []


def _is_given(cls: ClassRef, name: str) -> bool:
    fields = parameters_of(cls)
    if name not in fields:
        return False
    position = fields.index(name)
    calls = list(islice(_calls(cls), MAX_CALLS + 1))
    if len(calls) > MAX_CALLS:
        return True
    return bool(calls) and all(_gives(caller, call, name, position) for caller, call in calls)


def _calls(cls: ClassRef) -> Iterator[tuple[ModuleFacts, ast.Call]]:
    """The calls that make objects of a class, or of one in its file that extends it, but for those in tests."""
    for each in (cls, *_below(cls)):
        for caller, call in calls_named(cls.module, each.node.name):
            callee = caller.names.value(call.func)
            if isinstance(callee, ClassRef) and callee.node is each.node and not caller.is_test:
                yield caller, call


def _below(cls: ClassRef) -> list[ClassRef]:
    return [ClassRef(cls.module, node) for node in classes_extending(cls.module, cls.node.name)[:MAX_BELOW]]


def _gives(caller: ModuleFacts, call: ast.Call, name: str, position: int) -> bool:
    given = call_of(call, None)
    passed = given.argument(name, position)
    if passed is None:
        return given.opaque
    return caller.seed_value(passed) is not SeedValue.NONE
