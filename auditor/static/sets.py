"""Which expressions are sets, and whether the order of their elements can change from run to run."""

from __future__ import annotations

import ast
from enum import Enum

from auditor.static.facts import Known, ModuleFacts

_OPERATIONS = ast.Sub | ast.BitAnd | ast.BitOr | ast.BitXor
_METHODS = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})
_INTEGERS = frozenset({"int", "len", "range", "ord", "round"})
_TEXT_METHODS = frozenset(
    {"split", "splitlines", "lower", "upper", "strip", "replace", "format", "join", "lstrip", "rstrip", "title"}
)


class Elements(Enum):
    """What the elements are, as far as the order is concerned."""

    STABLE = "stable"
    """Numbers: equal histories give equal orders."""

    TEXT = "text"
    """Strings: the order follows the hash salt of the process."""

    UNKNOWN = "unknown"


def is_set(module: ModuleFacts, node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is known to be a set."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        if module.resolve(node.func) in ("set", "frozenset"):
            return True
        return isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and is_set(module, node.func.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATIONS):
        return is_set(module, node.left, depth) or is_set(module, node.right, depth)
    if isinstance(node, ast.Name) and depth < 5:
        origin = module.origin(node)
        return origin is not node and is_set(module, origin, depth + 1)
    return False


def elements(module: ModuleFacts, node: ast.expr) -> Elements:
    """What a set holds."""
    if isinstance(node, ast.Set):
        return _all(module, node.elts)
    if isinstance(node, ast.SetComp):
        return _element(module, node.elt)
    if isinstance(node, ast.BinOp):
        return _stronger(elements(module, node.left), elements(module, node.right))
    if isinstance(node, ast.Name):
        origin = module.origin(node)
        return elements(module, origin) if origin is not node else Elements.UNKNOWN
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return elements(module, node.func.value)
        return _iterated(module, node.args[0]) if node.args else Elements.UNKNOWN
    return Elements.UNKNOWN


def _iterated(module: ModuleFacts, node: ast.expr) -> Elements:
    """What comes out of the iterable that a set is made of."""
    node = module.origin(node)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return _all(module, node.elts)
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return _element(module, node.elt)
    if isinstance(node, ast.Constant):
        return Elements.TEXT if isinstance(node.value, str) else Elements.UNKNOWN
    if isinstance(node, ast.Call):
        name = module.resolve(node.func)
        if name == "range":
            return Elements.STABLE
        if name == "map" and node.args:
            return Elements.STABLE if module.resolve(node.args[0]) in _INTEGERS else Elements.UNKNOWN
        if name in ("os.listdir", "glob.glob"):
            return Elements.TEXT
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("split", "splitlines"):
            return Elements.TEXT
    return Elements.UNKNOWN


def _all(module: ModuleFacts, nodes: list[ast.expr]) -> Elements:
    found = {_element(module, node) for node in nodes}
    if Elements.TEXT in found:
        return Elements.TEXT
    return Elements.STABLE if found == {Elements.STABLE} else Elements.UNKNOWN


def _element(module: ModuleFacts, node: ast.expr) -> Elements:
    value = module.constant(node)
    if isinstance(value, Known):
        if isinstance(value.value, str | bytes):
            return Elements.TEXT
        return Elements.STABLE if isinstance(value.value, bool | int | float) else Elements.UNKNOWN
    if isinstance(node, ast.JoinedStr):
        return Elements.TEXT
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.FloorDiv):
        return Elements.UNKNOWN
    if isinstance(node, ast.Call):
        if module.resolve(node.func) in _INTEGERS:
            return Elements.STABLE
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_METHODS:
            return Elements.TEXT
    return Elements.UNKNOWN


def _stronger(left: Elements, right: Elements) -> Elements:
    if Elements.TEXT in (left, right):
        return Elements.TEXT
    return Elements.STABLE if left is right is Elements.STABLE else Elements.UNKNOWN
