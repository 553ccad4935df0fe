"""What a loop calls one after the other: `for hook in self.hooks: hook.start()`, also by names that calls give."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.picked import looks_up
from auditor.static.resolution.values import FunctionRef, Instance, Value
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.syntax.elements import is_none

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

_ASKING = frozenset({"getattr", "hasattr"})
_ASKED = 2
"""An object, and the name of an attribute."""

_CONDITIONS = (ast.If, ast.IfExp, ast.BoolOp, ast.ExceptHandler, ast.While, ast.match_case)


def are_called_in_turn(walk: Walk, module: ModuleFacts, called: ast.expr) -> bool:
    """Whether a loop calls this of several objects, all of which one function makes whatever happens."""
    holder = _looped_over(module, called)
    if holder is None:
        return False
    made = walk.possible(module, holder)
    places = {_made_in(each) for each in made} if len(made) > 1 else set()
    return len(places) == 1 and None not in places


def named_here(values: Sequence[Value], called: ast.expr, frame: Frame) -> Sequence[Value]:
    """Of the methods that `getattr(hook, name)` may look up those that are called as `name` is here."""
    looked = frame.module.origin(called)
    name = _text(looked.args[1], frame) if isinstance(looked, ast.Call) and looks_up(looked) else None
    if name is None:
        return values
    return [each for each in values if not isinstance(each, FunctionRef) or getattr(each.node, "name", "") == name]


def asks_for_method(walk: Walk, test: ast.expr, frame: Frame) -> bool:
    """Whether a condition asks for a method that an object has: `if method is not None` behind a `getattr`.

    `if callable(method)`, `if hasattr(hook, "start")` too.
    """
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot) and is_none(test.comparators[0]):
        test = test.left
    if isinstance(test, ast.Call) and getattr(test.func, "id", "") == "callable" and test.args:
        test = test.args[0]
    looked = frame.module.origin(test)
    if not isinstance(looked, ast.Call) or getattr(looked.func, "id", "") not in _ASKING or len(looked.args) < _ASKED:
        return False
    name = _text(looked.args[1], frame)
    made = walk.possible(frame.module, looked.args[0]) if name is not None else ()
    return any(isinstance(frame.module.names.attribute(each, name or ""), FunctionRef) for each in made)


def _text(name: ast.expr, frame: Frame) -> str | None:
    seen = frame.find(name.id) if isinstance(name, ast.Name) else None
    value = name.value if isinstance(name, ast.Constant) else seen.constant if seen is not None else None
    return value if isinstance(value, str) else None


def _looped_over(module: ModuleFacts, called: ast.expr) -> ast.Name | None:
    """`hook` in `hook.start()` and `getattr(hook, name)()`, where a loop binds it."""
    called = module.origin(called)
    if isinstance(called, ast.Call) and looks_up(called):
        called = called.args[0]
    elif isinstance(called, ast.Attribute):
        called = called.value
    bindings = module.lookup.bindings_of(called) if isinstance(called, ast.Name) else ()
    if len(bindings) != 1 or bindings[0].kind is not BindingKind.ELEMENT:
        return None
    return called if isinstance(called, ast.Name) else None


def _made_in(value: Value) -> tuple[ModuleFacts, Function | None] | None:
    """The function, or the file, that makes an object whatever happens; None where a condition stands around it."""
    if not isinstance(value, Instance) or value.made_by is None or value.module is None:
        return None
    function = value.module.enclosing_function(value.made_by)
    for holder in value.module.around(value.made_by):
        if holder is function:
            break
        if isinstance(holder, _CONDITIONS):
            return None
    return value.module, function
