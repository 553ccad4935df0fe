"""Does a gradient flow through a place? What is true of backward passes only holds where one does."""

from __future__ import annotations

import ast
from enum import Enum

from auditor.static.facts import ModuleFacts

_OFF = frozenset({"torch.inference_mode", "torch.no_grad", "torch.autograd.no_grad", "torch.autograd.inference_mode"})


class Gradient(Enum):
    """What the source tells about gradients at a place."""

    NONE = "none"
    """Under `torch.no_grad()`, or of the position embeddings of a checkpoint."""

    LIKELY = "likely"
    """In a method of a torch module, outside of `torch.no_grad()`."""

    UNKNOWN = "unknown"


def gradient_at(module: ModuleFacts, node: ast.AST) -> Gradient:
    """Look at the enclosing `with` statements, decorators and class."""
    if _is_off(module, node):
        return Gradient.NONE
    holder = module.enclosing_class(node)
    if holder is not None and "torch.nn.Module" in module.base_classes(holder):
        return Gradient.LIKELY
    return Gradient.NONE if _resizes_positions(node) else Gradient.UNKNOWN


def _resizes_positions(node: ast.AST) -> bool:
    """`interpolate(pos_tokens, …)` outside of a module: a checkpoint is made to fit, before any training."""
    first = node.args[0] if isinstance(node, ast.Call) and node.args else None
    return isinstance(first, ast.Name) and first.id.lower().startswith(("pos_", "posemb", "position"))


def _is_off(module: ModuleFacts, node: ast.AST) -> bool:
    current: ast.AST | None = node
    while current is not None:
        managers: list[ast.expr] = []
        if isinstance(current, ast.With | ast.AsyncWith):
            managers = [item.context_expr for item in current.items]
        elif isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef):
            managers = list(current.decorator_list)
        for manager in managers:
            called = manager.func if isinstance(manager, ast.Call) else manager
            if module.resolve(called) in _OFF:
                return True
        current = module.parent(current)
    return False
