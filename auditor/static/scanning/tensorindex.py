"""Is an index expression likely to be a tensor, rather than an integer, a slice or a name?"""

from __future__ import annotations

import ast

from auditor.static.facts import Known, ModuleFacts
from auditor.static.scanning.oneindex import is_shown_to_be_one

_INTEGER_CALLS = frozenset({"int", "len", "range", "round", "min", "max", "enumerate"})
_TENSOR_METHODS = frozenset(
    {"argmax", "argmin", "argsort", "flatten", "long", "nonzero", "reshape", "squeeze", "to", "unsqueeze", "view"}
)
_COUNTS = ("count", "len", "length", "num", "offset", "size", "start", "step")
"""Last words of names that hold one integer."""

_SCALAR_METHODS = frozenset({"item", "index", "count", "size"})


def is_tensor_index(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether an index is known, or from the way it comes likely, to be a tensor of integers.

    Boolean masks hit each cell at most once and do not count.
    """
    if isinstance(node, ast.Tuple):
        return any(is_tensor_index(module, each) for each in node.elts)
    if isinstance(
        node, ast.Slice | ast.Constant | ast.UnaryOp | ast.Compare | ast.BoolOp | ast.JoinedStr | ast.Starred
    ):
        return False
    if isinstance(module.constant(node), Known):
        return False
    if isinstance(node, ast.Name):
        return _is_tensor_name(module, node)
    if isinstance(node, ast.Call):
        return _is_tensor_call(module, node)
    if isinstance(node, ast.BinOp):
        return is_tensor_index(module, node.left) or is_tensor_index(module, node.right)
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Slice) and is_tensor_index(module, node.value)
    return False


def _is_tensor_name(module: ModuleFacts, node: ast.Name) -> bool:
    if "mask" in node.id.lower() or node.id.lower().rpartition("_")[2] in _COUNTS:
        return False
    origin = module.origin(node)
    if origin is not node:
        return is_tensor_index(module, origin)
    function = module.enclosing_function(node)
    if function is None or isinstance(function, ast.Lambda):
        return False
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    for argument in arguments:
        if argument.arg == node.id:
            may_be_tensor = _is_module_method(module, node) and not _is_number(argument.annotation)
            return may_be_tensor and not is_shown_to_be_one(module, node, function)
    return False


def _is_module_method(module: ModuleFacts, node: ast.Name) -> bool:
    """Whether it stands in a method of a torch module, where what is passed is mostly tensors."""
    holder = module.enclosing_class(node)
    return holder is not None and "torch.nn.Module" in module.base_classes(holder)


def _is_number(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id in ("int", "str", "bool", "slice")


def _is_tensor_call(module: ModuleFacts, node: ast.Call) -> bool:
    name = module.resolve(node.func)
    if name in _INTEGER_CALLS:
        return False
    if name is not None and name.startswith("torch."):
        last = name.rpartition(".")[2]
        return last not in _SCALAR_METHODS and not last.startswith("is_")
    if isinstance(node.func, ast.Attribute) and node.func.attr in _TENSOR_METHODS:
        return name is None
    return False
