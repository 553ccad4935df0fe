"""Networks that a program fills by hand with what was stored: `state[key] = stored[other]`, `layer.weight.data = …`."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
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

_FILLING = ("copy_", "fill_", "zero_")

Place = tuple[str, ast.AST | None]
"""The name of a layer, and the block in which it is used."""

_LAYERS: WeakKeyDictionary[ModuleFacts, Mapping[Place, set[str]]] = WeakKeyDictionary()
_PUT: WeakKeyDictionary[ModuleFacts, frozenset[tuple[Function | None, str]]] = WeakKeyDictionary()
"""Names into which functions put something under a key."""

_MANY: WeakKeyDictionary[ModuleFacts, Counter[Function | None]] = WeakKeyDictionary()
"""How many parameters functions fill one by one."""


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
    return bool(states) and any((function.node, name) in _put_in(function.module) for name in states)


def _put_in(module: ModuleFacts) -> frozenset[tuple[Function | None, str]]:
    if module not in _PUT:
        targets = ((target, holder) for _, target, _, holder in module.index.assignments)
        _PUT[module] = frozenset(
            (holder, getattr(target.value, "id", "")) for target, holder in targets if isinstance(target, ast.Subscript)
        )
    return _PUT[module]


def makes_filled_layer(module: ModuleFacts, statement: ast.AST) -> bool:
    """`fused = nn.Conv2d(3, 3, 1)`, then `fused.weight.copy_(…)` and `fused.bias.copy_(…)` in the same block."""
    target = only_target(statement)
    made = getattr(statement, "value", None)
    while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and isinstance(made.func.value, ast.Call):
        made = made.func.value
    if not isinstance(target, ast.Name) or not isinstance(made, ast.Call):
        return False
    filled = _filled_in(module).get((target.id, module.parent(statement)))
    if not filled:
        return False
    bias = next((word.value for word in made.keywords if word.arg == "bias"), None)
    return filled >= ({"weight"} if getattr(bias, "value", None) is False else {"weight", "bias"})


def _filled_in(module: ModuleFacts) -> Mapping[Place, set[str]]:
    """The parameters that a file fills, by the name of the layer and the block."""
    if module in _LAYERS:
        return _LAYERS[module]
    found: dict[Place, set[str]] = {}
    calls = (each for method in _FILLING for each in module.call_index.written(method))
    filled: list[tuple[ast.AST, ast.expr | None]] = [(each.node, each.receiver) for each in calls]
    filled += [(node, target) for node, target, _, _ in module.index.assignments]
    for node, parameter in filled:
        if isinstance(parameter, ast.Attribute) and parameter.attr == "data":
            parameter = parameter.value
        if isinstance(parameter, ast.Attribute) and isinstance(parameter.value, ast.Name):
            block = module.parent(module.statement(node))
            while isinstance(block, ast.With):
                block = module.parent(block)
            found.setdefault((parameter.value.id, block), set()).add(parameter.attr)
    _LAYERS[module] = found
    return found


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
    if module not in _MANY:
        held = ((each, holder) for each, target, _, holder in module.index.assignments if _is_parameter(target))
        _MANY[module] = Counter(holder for each, holder in held if _fills_parameter(module, each))
    return _MANY[module][function] >= FEW


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
