"""Values that can be read off the source: literals, names that lead to literals, simple arithmetic."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ClassRef, Instance, ModuleRef
from auditor.static.syntax.bindings import Binding, BindingKind, Scope, reaching
from auditor.static.syntax.elements import UNKNOWN, Known, Unknown, is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_DEPTH = 20
MAX_MAGNITUDE = 1 << 256
"""Larger numbers are not computed."""


_BINARY: Mapping[type[ast.operator], Callable[[int | float, int | float], int | float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
}


def constant(module: ModuleFacts, node: ast.expr | None, depth: int = 0) -> Known | Unknown:
    """The value of an expression; lists, tuples and sets come as tuples, dicts as dicts."""
    if node is None or depth > MAX_DEPTH:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        return Known(node.value)
    if isinstance(node, ast.Name | ast.Attribute):
        found = assigned(module, node)
        return constant(*found, depth + 1) if found else UNKNOWN
    if isinstance(node, ast.UnaryOp):
        return _unary(node, constant(module, node.operand, depth + 1))
    if isinstance(node, ast.BinOp):
        if not isinstance(node.op, ast.Pow) and type(node.op) not in _BINARY:
            return UNKNOWN
        left = constant(module, node.left, depth + 1)
        return _binary(node, left, constant(module, node.right, depth + 1)) if isinstance(left, Known) else UNKNOWN
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        values = []
        for item in node.elts:
            found_item = constant(module, item, depth + 1)
            if not isinstance(found_item, Known):
                return UNKNOWN
            values.append(found_item.value)
        return Known(tuple(values))
    if isinstance(node, ast.Dict):
        return _dictionary(module, node, depth)
    return UNKNOWN


def may_hold_for_none(module: ModuleFacts, node: object) -> bool:
    """Whether a condition is `sampler is None`, and None is one of the values that the name is given."""
    if not (
        isinstance(node, ast.Compare)
        and isinstance(node.left, ast.Name)
        and isinstance(node.ops[0], ast.Is | ast.Eq)
        and is_none(node.comparators[0])
    ):
        return False
    values = [binding.value for binding in module.lookup.in_force(node.left) if binding.kind is BindingKind.VALUE]
    return any(is_none(arm) for value in values for arm in _arms(value))


def _arms(value: ast.expr | None) -> tuple[ast.expr | None, ...]:
    return (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)


def assigned(module: ModuleFacts, node: ast.Name | ast.Attribute) -> tuple[ModuleFacts, ast.expr] | None:
    """The one expression that a name or an attribute of a module or class is bound to, and the module it stands in."""
    if isinstance(node, ast.Name):
        return _assigned_name(module, node)
    base = module.names.value(node.value)
    if isinstance(base, ModuleRef):
        owner = module.project.module(base.path)
        return _assigned_in(owner, owner.index.root, node.attr) if owner else None
    cls = base.of if isinstance(base, Instance) else base
    if isinstance(cls, ClassRef):
        if node.attr in cls.module.self_attributes(cls.node):
            return None
        return _assigned_in(cls.module, cls.module.index.scopes[cls.node], node.attr)
    return None


def _assigned_name(module: ModuleFacts, node: ast.Name) -> tuple[ModuleFacts, ast.expr] | None:
    return _only(module, module.lookup.in_force(node))


def _assigned_in(module: ModuleFacts, scope: Scope, name: str) -> tuple[ModuleFacts, ast.expr] | None:
    bindings = scope.bindings.get(name)
    return _only(module, reaching(bindings)) if bindings else None


def _only(module: ModuleFacts, bindings: Sequence[Binding]) -> tuple[ModuleFacts, ast.expr] | None:
    if len(bindings) != 1:
        return None
    binding = bindings[0]
    if binding.kind is BindingKind.VALUE and binding.value is not None:
        return module, binding.value
    if binding.kind is BindingKind.FROM_IMPORT and isinstance(binding.node, ast.ImportFrom) and binding.alias:
        origin = module.names.origin_of(binding.node)
        owner = module.project.module(origin.path) if isinstance(origin, ModuleRef) else None
        if owner is not None and owner is not module:
            return _assigned_in(owner, owner.index.root, binding.alias.name)
    return None


def _unary(node: ast.UnaryOp, operand: Known | Unknown) -> Known | Unknown:
    if isinstance(operand, Unknown):
        return UNKNOWN
    value = operand.value
    if isinstance(node.op, ast.Not):
        return Known(not value)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return Known(-value)
    return UNKNOWN


def _binary(node: ast.BinOp, left: Known | Unknown, right: Known | Unknown) -> Known | Unknown:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    one, other = left.value, right.value
    if isinstance(node.op, ast.Pow):
        small = isinstance(one, int) and isinstance(other, int) and abs(one) <= 64 and 0 <= other <= 64
        return Known(one**other) if small else UNKNOWN  # type: ignore[operator]
    compute = _BINARY.get(type(node.op))
    if compute is None or not isinstance(one, int | float) or not isinstance(other, int | float):
        return UNKNOWN
    if abs(one) > MAX_MAGNITUDE or abs(other) > MAX_MAGNITUDE:
        return UNKNOWN
    try:
        return Known(compute(one, other))
    except (ArithmeticError, ValueError):
        return UNKNOWN


def _dictionary(module: ModuleFacts, node: ast.Dict, depth: int) -> Known | Unknown:
    result: dict[object, object] = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        key, value = constant(module, key_node, depth + 1), constant(module, value_node, depth + 1)
        if isinstance(key, Unknown) or isinstance(value, Unknown):
            return UNKNOWN
        try:
            result[key.value] = value.value
        except TypeError:
            return UNKNOWN
    return Known(result)


def is_as_large(module: ModuleFacts, one: ast.expr, other: ast.expr) -> bool:
    """Whether a size is written like another, or known to be as large in each direction: `2` and `(1, 2, 2)`.

    Nothing is smaller than 1.
    """
    if module.text(one) == module.text(other):
        return True
    sizes, others = _sizes(module, one), _sizes(module, other)
    if others and all(size == 1 for size in others):
        return True
    if len(sizes) > 1 and len(others) > 1 and len(sizes) != len(others):
        return False
    return bool(sizes and others) and all(
        sizes[i % len(sizes)] >= others[i % len(others)] for i in range(max(len(sizes), len(others)))
    )


def _sizes(module: ModuleFacts, node: ast.expr) -> list[int]:
    """The numbers of a size, one for each direction; none where they are not known."""
    known = constant(module, node)
    value = known.value if isinstance(known, Known) else None
    sizes = value if isinstance(value, tuple | list) else [value]
    return [size for size in sizes if isinstance(size, int)] if all(isinstance(size, int) for size in sizes) else []
