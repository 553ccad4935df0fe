"""What an attribute of an object is after the call that makes it: `Config(3).seed`, of a parameter that it keeps."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.fields import lineage, recorded
from auditor.static.evaluation.modes import sets_own
from auditor.static.evaluation.unset import is_handed_on_as_it_is
from auditor.static.resolution.callers import passed_to
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.seedvalue import GIVEN, Seen
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.elements import call_of

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts


def kept_field(evaluator: Evaluator, cls: ClassRef, call: ast.Call, name: str, module: ModuleFacts) -> Seen:
    """What a call gives the attribute, by the fields of the class or by its constructor, and nothing changes there."""
    frame = Frame(module, module.enclosing_function(call))
    above = lineage(cls)
    if any(sets_own(each.module.path, each.module.project) for each in above):
        return GIVEN
    constructor = cls.module.names.attribute(Instance(cls), "__init__")
    if not isinstance(constructor, FunctionRef):
        return recorded(evaluator, Instance(cls, call, module), frame).get(name, GIVEN)
    stored = [value for each in above for value in each.module.self_attributes(each.node).get(name, [])]
    kept = stored[0].id if len(stored) == 1 and isinstance(stored[0], ast.Name) else None
    function = constructor.node
    if kept is None or constructor.module.enclosing_function(stored[0]) is not function or call_of(call, None).opaque:
        return GIVEN
    if isinstance(function, ast.AsyncFunctionDef) or not is_handed_on_as_it_is(function, kept):
        return GIVEN
    passed = passed_to(call, function, kept, 1)
    if passed is not None:
        return evaluator.value(passed, frame)
    default = default_of(function, kept)
    return evaluator.value(default, Frame(constructor.module)) if default is not None else GIVEN
