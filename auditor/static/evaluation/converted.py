"""Networks that a program fills by hand with what was stored: `state[key] = stored[other]`, `layer.weight.data = …`."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.pattern import lazy_pattern
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STEPS = 3
"""Names from a value back to what reads a file."""

FEW = 3
"""Parameters that are filled one by one before it is the network that is; a single one may be an embedding."""

_VALUES = (BindingKind.VALUE, BindingKind.ELEMENT, BindingKind.CONTEXT)
_FILLED = frozenset({"data", "weight", "bias"})
_GIVING_PARAMETERS = frozenset({"getattr", "named_parameters", "parameters", "state_dict"})
_EMBEDDING = "emb"
_LOADING = lazy_pattern(r"(?<!up)load(?!er)")
"""In the names of what reads files, and makes no batches."""

_FILLING = ("copy_", "fill_", "zero_")
_ABOUT = frozenset({"device", "dtype", "ndim", "numel", "shape", "size"})
"""What is asked about a parameter, and is no part of its numbers."""

MAX_FILLED = 50
"""Places that fill one layer, or read its name until then, which are looked at."""

Place = tuple[str, ast.AST | None]
"""The name of a layer, and the block in which it is used."""

Filled = tuple[ast.expr | ast.stmt, str]
"""What fills a parameter, and what that is called."""

_LAYERS: WeakKeyDictionary[ModuleFacts, Mapping[Place, list[Filled]]] = WeakKeyDictionary()
_USES: WeakKeyDictionary[ModuleFacts, dict[str, list[ast.Name]]] = WeakKeyDictionary()
"""The places where a name is written, in the order of the text."""

_PUT: WeakKeyDictionary[ModuleFacts, Mapping[Function | None, set[str]]] = WeakKeyDictionary()
"""By function: names into which it puts something under a key."""

_MANY: WeakKeyDictionary[ModuleFacts, Counter[Function | None]] = WeakKeyDictionary()
"""How many parameters functions fill one by one."""


def fills_network(module: ModuleFacts, statement: ast.AST) -> bool:
    """Whether an assignment puts something into a network's state, or stored numbers into one of many parameters."""
    target = only_target(statement)
    if isinstance(target, ast.Subscript):
        return _is_state(module, target.value)
    if not _is_parameter(module, target) or not _fills_parameter(module, statement):
        return False
    return _is_of_many(module, statement)


def copies_into_network(module: ModuleFacts, call: ast.Call) -> bool:
    """`parameter.data.copy_(stored[name])`, of many parameters; `net.state_dict()[name].copy_(…)`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "copy_" or len(call.args) != 1:
        return False
    filled = call.func.value
    if isinstance(filled, ast.Subscript):
        return _is_state(module, filled.value)
    return _is_parameter(module, filled) and _is_stored(module, call.args[0]) and _is_of_many(module, call)


def takes_weights(module: ModuleFacts, node: ast.Call) -> bool:
    """Whether a constructor gives each parameter a stored value: `for n, p in self.named_parameters(): p.data = w[n]`.

    Elsewhere that is how averages of weights are put in place while a network is trained.
    """
    loop = module.parent(node)
    if getattr(node.func, "attr", "") != "named_parameters" or not isinstance(loop, ast.For) or loop.iter is not node:
        return False
    names = [each.id for each in getattr(loop.target, "elts", ()) if isinstance(each, ast.Name)]
    function = module.enclosing_function(node)
    if len(names) != 2 or not isinstance(function, ast.FunctionDef) or function.name != "__init__":
        return False
    if loop not in function.body or any(map(_keeps_new, function.body[function.body.index(loop) + 1 :])):
        return False
    name, parameter = names
    return any(
        isinstance(each, ast.Assign)
        and dotted_text(each.targets[0]) == f"{parameter}.data"
        and any(isinstance(part, ast.Subscript) and getattr(part.slice, "id", "") == name for part in walk(each.value))
        for each in loop.body
    )


def _keeps_new(statement: ast.stmt) -> bool:
    """`self.head = nn.Linear(3, 2)`."""
    is_kept = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute)
    return is_kept and isinstance(getattr(statement, "value", None), ast.Call)


def hands_over_state(module: ModuleFacts, call: ast.Call, function: FunctionRef) -> bool:
    """`convert(stored, net.state_dict())`, where the function puts something into what it gets."""
    put = _put_in(function.module).get(function.node)
    if put is None:
        return False
    names = [each.arg for each in (*function.node.args.posonlyargs, *function.node.args.args)][int(function.bound) :]
    given = [(name, value) for name, value in zip(names, call.args, strict=False)]
    given += [(word.arg, word.value) for word in call.keywords if word.arg is not None]
    return any(name in put and _is_state(module, value) for name, value in given)


def _put_in(module: ModuleFacts) -> Mapping[Function | None, set[str]]:
    if module not in _PUT:
        found: dict[Function | None, set[str]] = {}
        for _, target, _, holder in module.index.assignments:
            if isinstance(target, ast.Subscript):
                found.setdefault(holder, set()).add(getattr(target.value, "id", ""))
        _PUT[module] = found
    return _PUT[module]


def makes_filled_layer(module: ModuleFacts, statement: ast.AST) -> bool:
    """`fused = nn.Conv2d(3, 3, 1)`, then `fused.weight.copy_(…)` and `fused.bias.copy_(…)` in the same block."""
    target = only_target(statement)
    made = getattr(statement, "value", None)
    while isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and isinstance(made.func.value, ast.Call):
        made = made.func.value
    if not isinstance(target, ast.Name) or not isinstance(made, ast.Call):
        return False
    filled = _filled_in(module).get((target.id, module.parent(statement)), ())
    bias = next((word.value for word in made.keywords if word.arg == "bias"), None)
    left = {"weight"} if getattr(bias, "value", None) is False else {"weight", "bias"}
    first = bisect_right(filled, made.lineno, key=_line_of)
    for node, parameter in filled[first : first + MAX_FILLED]:
        left.discard(parameter)
        if isinstance(node, ast.AugAssign) or _reads_own(module, node, target.id):
            return False
        if not left:
            return not _is_used_before(module, target, node)
    return False


def _line_of(filled: Filled) -> int:
    return filled[0].lineno


def _place_of(name: ast.Name) -> int:
    return name.lineno


def _filled_in(module: ModuleFacts) -> Mapping[Place, list[Filled]]:
    """What fills parameters in a file, with what these are called, by the name of the layer and the block."""
    if module in _LAYERS:
        return _LAYERS[module]
    found: dict[Place, list[Filled]] = {}
    calls = (each for method in _FILLING for each in module.call_index.written(method))
    filled: list[tuple[ast.expr | ast.stmt, ast.expr | None]] = [(each.node, each.receiver) for each in calls]
    filled += [(node, target) for node, target, _, _ in module.index.assignments]
    for node, parameter in filled:
        if isinstance(parameter, ast.Attribute) and parameter.attr == "data":
            parameter = parameter.value
        if isinstance(parameter, ast.Attribute) and isinstance(parameter.value, ast.Name):
            block = module.parent(module.statement(node))
            while isinstance(block, ast.With):
                block = module.parent(block)
            found.setdefault((parameter.value.id, block), []).append((node, parameter.attr))
    for (name, block), places in list(found.items()):
        if isinstance(block, ast.If) and block.orelse:
            found.setdefault((name, module.parent(block)), []).extend(_in_both_arms(module, name, block, places))
    for places in found.values():
        places.sort(key=_line_of)
    _LAYERS[module] = found
    return found


def _in_both_arms(module: ModuleFacts, name: str, block: ast.If, places: list[Filled]) -> Iterator[Filled]:
    """The parameters that either arm fills, each with what does so in the second."""
    second = block.orelse[0].lineno
    first = {parameter: node for node, parameter in places if node.lineno < second}
    for node, parameter in places:
        other = first.get(parameter) if node.lineno >= second else None
        if other is not None and not isinstance(other, ast.AugAssign) and not _reads_own(module, other, name):
            yield node, parameter


def _reads_own(module: ModuleFacts, node: ast.AST, name: str) -> bool:
    """`layer.weight.copy_(layer.weight.clamp(-1, 1))`; its shape, or `zeros_like(layer.weight)`, holds no weights."""
    given = node.args if isinstance(node, ast.Call) else [getattr(node, "value", None)]
    for part in (part for each in given if each is not None for part in walk(each)):
        if isinstance(part, ast.Name) and part.id == name:
            whole: ast.AST = part
            above = module.parent(whole)
            while isinstance(above, ast.Attribute) and above.attr not in _ABOUT:
                whole, above = above, module.parent(above)
            is_alike = isinstance(above, ast.Call) and getattr(above.func, "attr", "").endswith("_like")
            if not isinstance(above, ast.Attribute) and not (is_alike and whole in above.args):  # type: ignore[union-attr]
                return True
    return False


def _is_used_before(module: ModuleFacts, target: ast.Name, filled: ast.expr | ast.stmt) -> bool:
    """Whether a layer is called or handed on, or its name given to another, before its last parameter is filled."""
    if module not in _USES:
        _USES[module] = {}
    uses = _USES[module].get(target.id)
    if uses is None:
        uses = _USES[module][target.id] = sorted(names_of(module).get(target.id, ()), key=_place_of)
    first, behind = (bisect_left(uses, line, key=_place_of) for line in (target.lineno + 1, filled.lineno))
    return behind - first > MAX_FILLED or any(
        not isinstance(each.ctx, ast.Load) or not isinstance(module.parent(each), ast.Attribute)
        for each in uses[first:behind]
    )


def _is_state(module: ModuleFacts, node: ast.expr) -> bool:
    """`net.state_dict()`, or a name for that."""
    origin = module.origin(node) if isinstance(node, ast.Name) else node
    return isinstance(origin, ast.Call) and getattr(origin.func, "attr", "") == "state_dict"


def _is_parameter(module: ModuleFacts, node: ast.AST | None) -> bool:
    """`layer.weight`, `layer.weight.data`, and `.data` of what a loop takes from a network; no embedding by itself."""
    if not isinstance(node, ast.Attribute) or node.attr not in _FILLED:
        return False
    holder = node.value
    if _EMBEDDING in module.text(node).lower():
        return False
    if node.attr != "data" or not isinstance(holder, ast.Name):
        return True
    values = [binding.value for binding in module.lookup.bindings_of(holder)[:MAX_STEPS] if binding.value is not None]
    loops = [around.iter for around in module.around(node) if isinstance(around, ast.For)]
    values += loops[:MAX_STEPS]
    return any(
        getattr(part, "attr", getattr(part, "id", "")) in _GIVING_PARAMETERS for value in values for part in walk(value)
    )


def _is_of_many(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a parameter is filled in a loop, or beside others in the same function."""
    function = module.enclosing_function(node)
    for around in module.around(node):
        if around is function:
            break
        if isinstance(around, ast.For):
            return True
    if module not in _MANY:
        held = ((each, holder) for each, target, _, holder in module.index.assignments if _is_parameter(module, target))
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
            called = getattr(part.func, "attr", getattr(part.func, "id", "")) if isinstance(part, ast.Call) else ""
            if _LOADING.search(called):
                return True
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                names.append(part)
        bindings = (binding for name in names for binding in module.lookup.in_force(name)[:MAX_STEPS])
        values = (binding.value for binding in bindings if binding.kind in _VALUES)
        pending = [value for value in dict.fromkeys(values) if value is not None and value not in seen]
        seen.update(pending)
    return False
