"""What a set holds, and so whether its order can change from run to run."""

from __future__ import annotations

import ast
from enum import Enum

from auditor.static.facts import Known, ModuleFacts

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


def elements(module: ModuleFacts, node: ast.expr) -> Elements:
    """What a set in braces, a comprehension or a call of `set` holds."""
    if isinstance(node, ast.Set):
        return _all(module, node.elts)
    if isinstance(node, ast.SetComp):
        return _element(module, node.elt)
    if isinstance(node, ast.Call):
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
