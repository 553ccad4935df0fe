"""Whether an expression is a plain number, where its value is not in the source: `1.0 - smoothing`."""

from __future__ import annotations

import ast

from auditor.static.facts import Known, ModuleFacts

_MAX_DEPTH = 6
_NUMBERS = frozenset({"abs", "float", "int", "len", "math.sqrt", "round"})


def is_number(module: ModuleFacts, node: ast.expr, depth: int = 0) -> bool:
    """Follow arithmetic, names, attributes of `self` and parameters with a number as default; False where unsure."""
    if depth > _MAX_DEPTH:
        return False
    value = module.constant(node)
    if isinstance(value, Known):
        return isinstance(value.value, int | float)
    if isinstance(node, ast.BinOp):
        return all(is_number(module, side, depth + 1) for side in (node.left, node.right))
    if isinstance(node, ast.UnaryOp):
        return is_number(module, node.operand, depth + 1)
    if isinstance(node, ast.Call):
        return module.resolve(node.func) in _NUMBERS
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    if isinstance(node, ast.Attribute):
        return _is_number_of_self(module, node, depth)
    if isinstance(node, ast.Name):
        origin = module.origin(node)
        return is_number(module, origin, depth + 1) if origin is not node else _is_numeric_parameter(module, node)
    return False


def _is_number_of_self(module: ModuleFacts, node: ast.Attribute, depth: int) -> bool:
    """`self.smoothing`, which only ever gets numbers."""
    holder = module.enclosing_class(node)
    if holder is None or not (isinstance(node.value, ast.Name) and node.value.id == "self"):
        return False
    given = module.self_attributes(holder).get(node.attr, [])
    return bool(given) and all(is_number(module, value, depth + 1) for value in given)


def _is_numeric_parameter(module: ModuleFacts, node: ast.Name) -> bool:
    function = module.enclosing_function(node)
    if function is None:
        return False
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = dict(zip([each.arg for each in reversed(positional)], reversed(given.defaults), strict=False))
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    defaults.update({each.arg: default for each, default in pairs if default is not None})
    annotations = {each.arg: each.annotation for each in (*positional, *given.kwonlyargs)}
    annotation = annotations.get(node.id)
    if isinstance(annotation, ast.Name) and annotation.id in ("float", "int"):
        return True
    default = defaults.get(node.id)
    value = module.constant(default) if default is not None else None
    return isinstance(value, Known) and isinstance(value.value, int | float) and not isinstance(value.value, bool)
