"""What an attribute of an object is after the call that makes it: `Config(3).seed`, of a parameter that it keeps."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.fields import lineage, recorded
from auditor.static.evaluation.modes import sets_own
from auditor.static.evaluation.unchanged import is_handed_on_as_it_is
from auditor.static.resolution.callers import passed_to
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.elements import call_of
from auditor.static.text.dotted import last_name

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts

_STANDING_BETWEEN = frozenset({"__getattribute__", "__new__", "__setattr__"})
"""Methods that may keep or give something else than the constructor says."""

_PLAIN = frozenset({"attrs", "dataclass", "define", "final", "frozen", "mutable", "s", "total_ordering"})
"""Decorators that leave what a call of the class gives its fields as it is."""


def kept_field(evaluator: Evaluator, cls: ClassRef, call: ast.Call, name: str, module: ModuleFacts) -> Seen:
    """What a call gives the attribute, by the fields of the class or by its constructor, and nothing changes there."""
    frame = Frame(module, module.enclosing_function(call))
    above = lineage(cls)
    if any(sets_own(each.module.path, each.module.project) for each in above):
        return GIVEN
    if not all(map(_is_plain, above)):
        return GIVEN
    constructor = cls.module.names.attribute(Instance(cls), "__init__")
    if not isinstance(constructor, FunctionRef):
        return recorded(evaluator, Instance(cls, call, module), frame).get(name, GIVEN)
    stored = [value for each in above for value in each.module.self_attributes(each.node).get(name, [])]
    kept = stored[0].id if len(stored) == 1 and isinstance(stored[0], ast.Name) else None
    function = constructor.node
    if kept is None or constructor.module.enclosing_function(stored[0]) is not function or call_of(call, None).opaque:
        return GIVEN
    if isinstance(function, ast.AsyncFunctionDef) or not is_handed_on_as_it_is(function, kept, constructor.module):
        return GIVEN
    passed = passed_to(call, function, kept, 1)
    if passed is not None:
        return evaluator.value(passed, frame)
    default = default_of(function, kept)
    return evaluator.value(default, Frame(constructor.module)) if default is not None else GIVEN


def _is_plain(cls: ClassRef) -> bool:
    """Whether nothing stands between a call of the class and its constructor, or what that keeps and what is read."""
    if any(word.arg == "metaclass" and last_name(word.value) != "ABCMeta" for word in cls.node.keywords):
        return False
    called = (each.func if isinstance(each, ast.Call) else each for each in cls.node.decorator_list)
    if not all(last_name(each) in _PLAIN for each in called):
        return False
    return not any(isinstance(each, ast.FunctionDef) and each.name in _STANDING_BETWEEN for each in cls.node.body)
