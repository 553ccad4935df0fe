"""What a loop calls one after the other: `for hook in self.hooks: hook.start()`, also by names that calls give."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.conditioned import is_under_condition
from auditor.static.evaluation.flow import uses
from auditor.static.resolution.picked import looks_up
from auditor.static.resolution.targets import only_target
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

MAX_USES = 20
"""Uses of an object's name of which one may put it in a list."""


def are_called_in_turn(program: Walk, module: ModuleFacts, called: ast.expr) -> bool:
    """Whether a loop calls this of several objects, all of which one function puts in one list whatever happens.

    The same of functions and classes that one file registers where it defines them.
    """
    holder = _looped_over(module, called)
    if holder is None or not program.is_taken(holder):
        return holder is not None and _are_in_one_list(program, module, holder)
    if not _takes_each(module, holder, called):
        return False
    # Without the `cls` of `__init_subclass__`, which stands for each of them.
    made = program.possible(module, holder)
    made = [each for each in made if not isinstance(each, Instance) or each.made_by is not None]
    places = {_registered_in(each) for each in made} if len(made) > 1 else set()
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
    have = [isinstance(frame.module.names.attribute(each, name or ""), FunctionRef) for each in made]
    return any(have) and (all(have) or _are_in_one_list(program, frame.module, looked.args[0]))


def _are_in_one_list(program: Walk, module: ModuleFacts, holder: ast.expr) -> bool:
    """Whether a loop gives a name several objects, all of which one function puts in one list whatever happens."""
    if not _is_bound_by_loop(module, holder):
        return False
    made = program.possible(module, holder)
    lists = {_gathered(each) for each in made} if len(made) > 1 else set()
    return len(lists) == 1 and None not in lists


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
    return called if isinstance(called, ast.Name) and _is_bound_by_loop(module, called) else None


def _is_bound_by_loop(module: ModuleFacts, node: ast.expr) -> bool:
    bindings = module.lookup.bindings_of(node) if isinstance(node, ast.Name) else ()
    return len(bindings) == 1 and bindings[0].kind is BindingKind.ELEMENT


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


def _registered_in(value: Value) -> tuple[ModuleFacts, Function | None] | None:
    """Where a decorator, or what it extends, puts it into a table whatever happens: the function, or the file."""
    if not isinstance(value, FunctionRef | ClassRef) or isinstance(value.node, ast.Lambda):
        return None
    is_registered = value.node.decorator_list or (isinstance(value, ClassRef) and value.node.bases)
    is_sure = is_registered and not is_under_condition(value.module, value.node)
    return (value.module, value.module.enclosing_function(value.node)) if is_sure else None


def _gathered(value: Value) -> str | None:
    """The list in which an object is put whatever happens, as `fit hooks`; None where a condition stands around that.

    `[Log(), Seed()]` and `hooks.append(Seed())` of one function, also of objects that have names.
    """
    if not isinstance(value, Instance) or value.made_by is None or value.module is None:
        return None
    module, place = value.module, _place(value.module, value.made_by)
    if place is None or is_under_condition(module, value.made_by) or is_under_condition(module, place):
        return None
    around = module.parent(place)
    if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute):
        holder: ast.expr | None = around.func.value
    else:
        holder = only_target(module.parent(around)) if around is not None else None
    is_kept = isinstance(holder, ast.Attribute) or (
        isinstance(holder, ast.Name) and len(module.lookup.bindings_of(holder)) == 1
    )
    function = module.enclosing_function(place)
    named = ast.unparse(holder) if is_kept and holder is not None else f"{getattr(around, 'lineno', 0)}:{id(around)}"
    return f"{module.path} {getattr(function, 'lineno', 0)} {named}"


def _place(module: ModuleFacts, made: ast.expr) -> ast.expr | None:
    """What stands in a list, or is added to one: the object, or the one use of its name that does so."""
    target = only_target(module.parent(made))
    if isinstance(target, ast.Name):
        places = [each for each in islice(uses(module, target), MAX_USES) if _is_put(module, each)]
        return places[0] if len(places) == 1 else None
    return made if _is_put(module, made) else None


def _is_put(module: ModuleFacts, node: ast.expr) -> bool:
    around = module.parent(node)
    if isinstance(around, ast.Call):
        return node in around.args and isinstance(around.func, ast.Attribute)
    return isinstance(around, ast.List | ast.Tuple | ast.Set)
