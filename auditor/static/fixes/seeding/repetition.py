"""Whether a place is executed again and again, where a constant seed would give the same numbers each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.facts import ModuleFacts
from auditor.static.resolution.callables import RUNNERS
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.scanning.program import programs
from auditor.static.syntax.bindings import Function

MAX_DEPTH = 6
"""Callers of callers that are looked at."""

REPEATED = frozenset(
    {
        "__call__", "__getitem__", "__getitems__", "__iter__", "__next__", "augment", "collate", "collate_fn",
        "forward", "get_batch", "predict_step", "reset", "sample", "step", "test_step", "train_epoch",
        "train_one_epoch", "training_step", "transform", "validation_step",
    }
)  # fmt: skip
"""Names of functions that a training calls for every item, batch, step or epoch."""

_HARMLESS = RUNNERS | {"isinstance", "callable", "print", "functools.wraps", "atexit.register", "atexit.unregister"}


def repeats(module: ModuleFacts, node: ast.AST) -> str | None:
    """Why a constant seed at `node` would be used more than once, as the end of a sentence; None where it is not."""
    return _repeats(module, node, frozenset())


def _repeats(module: ModuleFacts, node: ast.AST, seen: frozenset[Function]) -> str | None:
    if _is_in_loop(module, node):
        return "stands in a loop"
    function = module.enclosing_function(node)
    if function is None or function in seen or len(seen) > MAX_DEPTH:
        return None
    if isinstance(function, ast.Lambda):
        return "stands in a lambda, which may be called again and again"
    name = function.name
    if name in REPEATED or name.startswith("on_"):
        return f"stands in `{name}`, which is called again and again"
    if any(module.resolve(each) == "property" for each in function.decorator_list):
        return f"stands in the property `{name}`, which is read again and again"
    for caller, call in _uses(module, function):
        if call is None:
            return f"stands in `{name}`, which is handed on and may be called again and again"
        why = _repeats(caller, call, seen | {function})
        if why is not None:
            return f"stands in `{name}`, and a call of that {why}" if why.startswith("stands in a loop") else why
    return None


def _is_in_loop(module: ModuleFacts, node: ast.AST) -> bool:
    child, parent = node, module.parent(node)
    while parent is not None and not isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        if isinstance(parent, ast.For | ast.AsyncFor) and child is not parent.iter and child not in parent.orelse:
            return True
        if isinstance(parent, ast.While) and child not in parent.orelse:
            return True
        if isinstance(parent, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            first = parent.generators[0]
            if child is not first:
                return True
        if isinstance(parent, ast.comprehension):
            owner = module.parent(parent)
            generators = getattr(owner, "generators", [parent])
            if child is not parent.iter or generators[0] is not parent:
                return True
        child, parent = parent, module.parent(parent)
    return False


def _uses(
    module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[tuple[ModuleFacts, ast.Call | None]]:
    """Calls of a function; None in the place of one that is handed on, to be called by others."""
    owner = module.enclosing_class(function)
    constructor = owner is not None and function.name in ("__init__", "__post_init__", "__new__", "setup")
    name = owner.name if constructor and owner is not None else function.name
    found = {each.path: each for _, modules in programs(module, module.project, frozenset({name})) for each in modules}
    for _, caller in sorted({**found, module.path: module}.items()):
        for call in caller.calls:
            if call.method == name and _means(caller, call.node.func, function, owner, constructor=constructor):
                yield caller, call.node
        if not constructor and owner is None and _is_handed_on(caller, function):
            yield caller, None


def _means(
    module: ModuleFacts, called: ast.expr, function: Function, owner: ast.ClassDef | None, *, constructor: bool
) -> bool:
    value = module.names.value(called)
    if isinstance(value, ClassRef):
        return constructor and value.node is owner
    if isinstance(value, FunctionRef):
        return value.node is function
    return value is None and owner is not None and not constructor and isinstance(called, ast.Attribute)


def _is_handed_on(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Name) and node.id == function.name and isinstance(node.ctx, ast.Load)):
            continue
        value = module.names.value(node)
        parent = module.parent(node)
        if not (isinstance(value, FunctionRef) and value.node is function) or parent is None:
            continue
        if isinstance(parent, ast.keyword):
            parent = module.parent(parent)
        if isinstance(parent, ast.Call) and parent.func is not node and module.resolve(parent.func) not in _HARMLESS:
            return True
    return False
