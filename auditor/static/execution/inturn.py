"""What a loop calls one after the other: `for hook in self.hooks: hook.start()`, also by names that calls give."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.picked import looks_up
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.syntax.elements import is_none
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

_ASKING = frozenset({"getattr", "hasattr"})
_ASKED = 2
"""An object, and the name of an attribute."""

_CONDITIONS = (ast.If, ast.IfExp, ast.BoolOp, ast.ExceptHandler, ast.While, ast.match_case)


def are_called_in_turn(program: Walk, module: ModuleFacts, called: ast.expr) -> bool:
    """Whether a loop calls this of several objects, all of which one function makes whatever happens.

    The same of functions and classes that one file registers where it defines them.
    """
    holder = _looped_over(module, called)
    if holder is None:
        return False
    made = program.possible(module, holder)
    is_registered = program.is_taken(holder)
    if is_registered and not _takes_each(module, holder, called):
        return False
    if is_registered:  # without the `cls` of `__init_subclass__`, which stands for each of them
        made = [each for each in made if not isinstance(each, Instance) or each.made_by is not None]
    place = _registered_in if is_registered else _made_in
    places = {place(each) for each in made} if len(made) > 1 else set()
    return len(places) == 1 and None not in places


def named_here(values: Sequence[Value], called: ast.expr, frame: Frame) -> Sequence[Value]:
    """Of the methods that `getattr(hook, name)` may look up those that are called as `name` is here."""
    looked = frame.module.origin(called)
    name = _text(looked.args[1], frame) if isinstance(looked, ast.Call) and looks_up(looked) else None
    if name is None:
        return values
    return [each for each in values if not isinstance(each, FunctionRef) or getattr(each.node, "name", "") == name]


def asks_for_method(program: Walk, test: ast.expr, frame: Frame) -> bool:
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
    made = program.possible(frame.module, looked.args[0]) if name is not None else ()
    return any(isinstance(frame.module.names.attribute(each, name or ""), FunctionRef) for each in made)


def _text(name: ast.expr, frame: Frame) -> str | None:
    seen = frame.find(name.id) if isinstance(name, ast.Name) else None
    value = name.value if isinstance(name, ast.Constant) else seen.constant if seen is not None else None
    return value if isinstance(value, str) else None


def _looped_over(module: ModuleFacts, called: ast.expr) -> ast.Name | None:
    """`hook` in `hook()`, `hook.start()`, `getattr(hook, name)()` and `hook().start()`, where a loop binds it."""
    called = module.origin(called)
    if isinstance(called, ast.Call) and looks_up(called):
        called = called.args[0]
    elif isinstance(called, ast.Attribute):
        called = called.value
    made = module.origin(called)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Name):
        called = made.func
    bindings = module.lookup.bindings_of(called) if isinstance(called, ast.Name) else ()
    if len(bindings) != 1 or bindings[0].kind is not BindingKind.ELEMENT:
        return None
    return called if isinstance(called, ast.Name) else None


def _takes_each(module: ModuleFacts, item: ast.Name, called: ast.expr) -> bool:
    """Whether a loop goes over all of a table, and asks no item whether it is the one that is wanted."""
    over = module.lookup.bindings_of(item)[0].value
    if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr in ("items", "values"):
        over = over.func.value
    if not isinstance(over, ast.Name | ast.Attribute):
        return False
    for holder in module.around(called):
        if isinstance(holder, ast.For | ast.AsyncFor | ast.comprehension):
            return True
        test = holder.test if isinstance(holder, ast.If | ast.IfExp | ast.While) else None
        if test is not None and any(isinstance(part, ast.Name) and part.id == item.id for part in walk(test)):
            return False
    return True


def _made_in(value: Value) -> tuple[ModuleFacts, Function | None] | None:
    """The function, or the file, that makes an object whatever happens; None where a condition stands around it."""
    if not isinstance(value, Instance) or value.made_by is None or value.module is None:
        return None
    return _without_condition(value.module, value.made_by)


def _registered_in(value: Value) -> tuple[ModuleFacts, Function | None] | None:
    """The same of a function or class that a decorator, or what it extends, puts into a table."""
    if not isinstance(value, FunctionRef | ClassRef) or isinstance(value.node, ast.Lambda):
        return None
    is_registered = value.node.decorator_list or (isinstance(value, ClassRef) and value.node.bases)
    return _without_condition(value.module, value.node) if is_registered else None


def _without_condition(module: ModuleFacts, node: ast.AST) -> tuple[ModuleFacts, Function | None] | None:
    function = module.enclosing_function(node)
    for holder in module.around(node):
        if holder is function:
            break
        if isinstance(holder, _CONDITIONS):
            return None
    return module, function
