"""Networks that a program fills by hand with what was stored: `state[key] = stored[other]`, `layer.weight.data = …`."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.bindings import BindingKind, Function
from auditor.static.nodes import walk
from auditor.static.targets import only_target
from auditor.static.values import FunctionRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STEPS = 3
"""Names from a value back to what reads a file."""

FEW = 3
"""Parameters that are filled one by one before it is the network that is; a single one may be an embedding."""

_VALUES = (BindingKind.VALUE, BindingKind.ELEMENT, BindingKind.CONTEXT)
_FILLED = frozenset({"data", "weight", "bias"})

_MANY: WeakKeyDictionary[ModuleFacts, dict[Function | None, bool]] = WeakKeyDictionary()
"""Functions that fill several parameters one by one."""


def fills_network(module: ModuleFacts, statement: ast.AST) -> bool:
    """Whether an assignment puts something into a network's state, or stored numbers into one of many parameters."""
    target = only_target(statement)
    if isinstance(target, ast.Subscript):
        return _is_state(module, target.value)
    return _is_parameter(target) and _fills_parameter(module, statement) and _is_of_many(module, statement)


def copies_into_network(module: ModuleFacts, call: ast.Call) -> bool:
    """`parameter.data.copy_(stored[name])`, of many parameters; `net.state_dict()[name].copy_(…)`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "copy_" or len(call.args) != 1:
        return False
    filled = call.func.value
    if isinstance(filled, ast.Subscript):
        return _is_state(module, filled.value)
    return _is_parameter(filled) and _is_stored(module, call.args[0]) and _is_of_many(module, call)


def hands_over_state(module: ModuleFacts, call: ast.Call, function: FunctionRef) -> bool:
    """`convert(stored, net.state_dict())`, where the function puts something into what it gets."""
    names = [each.arg for each in (*function.node.args.posonlyargs, *function.node.args.args)][int(function.bound) :]
    given = [(name, value) for name, value in zip(names, call.args, strict=False)]
    given += [(word.arg, word.value) for word in call.keywords if word.arg is not None]
    states = {name for name, value in given if _is_state(module, value)}
    return bool(states) and any(
        isinstance(target, ast.Subscript) and getattr(target.value, "id", None) in states
        for _, target, _, holder in function.module.index.assignments
        if holder is function.node
    )


def _is_state(module: ModuleFacts, node: ast.expr) -> bool:
    """`net.state_dict()`, or a name for that."""
    origin = module.origin(node) if isinstance(node, ast.Name) else node
    return isinstance(origin, ast.Call) and getattr(origin.func, "attr", "") == "state_dict"


def _is_parameter(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _FILLED


def _is_of_many(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a parameter is filled in a loop, or beside others in the same function."""
    function = module.enclosing_function(node)
    for around in module.around(node):
        if around is function:
            break
        if isinstance(around, ast.For):
            return True
    known = _MANY.setdefault(module, {})
    if function not in known:
        held = (
            each for each, target, _, holder in module.index.assignments if holder is function and _is_parameter(target)
        )
        known[function] = sum(_fills_parameter(module, each) for each in held) >= FEW
    return known[function]


def _fills_parameter(module: ModuleFacts, statement: ast.AST) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(value, ast.expr) and _is_stored(module, value)


def _is_stored(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether something of a value was read from a file: `torch.from_numpy(stored["kernel"]).t()`."""
    pending, seen = [node], {node}
    for _ in range(MAX_STEPS):
        names = []
        for part in (part for each in pending for part in walk(each)):
            if isinstance(part, ast.Call) and "load" in getattr(part.func, "attr", getattr(part.func, "id", "")):
                return True
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                names.append(part)
        bindings = (binding for name in names for binding in module.names.in_force(name)[:MAX_STEPS])
        values = (binding.value for binding in bindings if binding.kind in _VALUES)
        pending = [value for value in dict.fromkeys(values) if value is not None and value not in seen]
        seen.update(pending)
    return False
