"""Stored weights: what replaces those that a model was initialised with, and what a model in evaluation leaves out."""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.elements import Call
from auditor.static.evaluate import dotted_text
from auditor.static.flow import uses

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

LOADING = frozenset({"load_state_dict", "load_weights", "restore"})
PARAMETERS = frozenset({"weight", "bias"})
"""What layers call their parameters."""


def is_loading(method: str) -> bool:
    """Whether a method of this name loads weights: `load_state_dict`, or a project's own `load_darknet_weights`."""
    return method in LOADING or (method.startswith("load_") and method.endswith("_weights"))


def loads_weights(node: ast.Call) -> bool:
    """Whether a call gives a model stored weights, perhaps not all: nobody evaluates random ones on purpose.

    `state_dict[name].copy_(stored)` is what `load_state_dict` does, one by one.
    """
    if not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr == "copy_":
        whole = node.func.value
        return isinstance(whole, ast.Subscript) and "state" in (dotted_text(whole.value) or "")
    return is_loading(node.func.attr)


def drawn_by(name: str | None, call: Call, module: ModuleFacts, equals: Callable[[object, object], bool]) -> str | None:
    """The name under which a draw is noted, where it is that of a part of a model.

    `self.register_buffer("codes", torch.randn(9, 9))` is stored with the weights.
    `F.dropout(x, p, self.training)` is off where nothing is trained, as the layer is; `m.weight.data.normal_()` gives
    initial weights.
    """
    if name is None:
        receiver = dotted_text(call.receiver) if call.receiver is not None else None
        of_weights = not PARAMETERS.isdisjoint((receiver or "").split("."))
        return f"torch.nn.init.{call.method}" if of_weights else None
    prefix, _, last = name.rpartition(".")
    if prefix == "torch" and _is_stored(module, call.node):
        return f"torch.nn.init.{last}"
    if prefix != "torch.nn.functional" or "dropout" not in last:
        return name
    mode = call.argument("training", 2)
    return f"torch.nn.{last}" if mode is not None and not equals(mode, True) else name


def _is_stored(module: ModuleFacts, node: ast.Call) -> bool:
    """Whether a constructor puts what is made into a parameter or a buffer, directly or by a name for it."""
    function = module.enclosing_function(node)
    if getattr(function, "name", "") != "__init__":
        return False
    if _is_registered(module, node):
        return True
    statement = module.statement(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(
        _is_registered(module, use)
        for target in targets
        if isinstance(target, ast.Name)
        for use in uses(module, target)
    )


def _is_registered(module: ModuleFacts, node: ast.AST) -> bool:
    current = module.parent(node)
    while isinstance(current, ast.expr):
        if isinstance(current, ast.Call):
            method = getattr(current.func, "attr", getattr(current.func, "id", ""))
            if method in ("register_buffer", "register_parameter", "Parameter"):
                return True
        current = module.parent(current)
    return False
