"""Stored weights: what replaces those that a model was initialised with, and what a model in evaluation leaves out."""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.static.elements import Call
from auditor.static.evaluate import dotted_text

LOADING = frozenset({"load_state_dict", "load_weights", "restore"})
_PARTLY = frozenset({"strict", "by_name", "skip_mismatch"})
"""Options with which only some of the weights may be replaced."""

PARAMETERS = frozenset({"weight", "bias"})
"""What layers call their parameters."""

_STRICT = 1
"""Position of `strict` in `load_state_dict`."""


def is_loading(method: str) -> bool:
    """Whether a method of this name loads weights: `load_state_dict`, or a project's own `load_darknet_weights`."""
    return method in LOADING or (method.startswith("load_") and method.endswith("_weights"))


def loads_weights(node: ast.Call) -> bool:
    """Whether a call replaces all weights of a model, as far as its name and its options say."""
    if not isinstance(node.func, ast.Attribute) or not is_loading(node.func.attr):
        return False
    if node.func.attr == "load_state_dict" and len(node.args) > _STRICT:
        return False
    return not any(word.arg in _PARTLY and not _is_all(word) for word in node.keywords)


def _is_all(word: ast.keyword) -> bool:
    """`strict=True`, `by_name=False`: the value with which nothing is left out."""
    return isinstance(word.value, ast.Constant) and word.value.value is (word.arg == "strict")


def drawn_by(name: str | None, call: Call, equals: Callable[[object, object], bool]) -> str | None:
    """The name under which a draw is noted, where it is that of a part of a model.

    `F.dropout(x, p, self.training)` is off where nothing is trained, as the layer is; `m.weight.data.normal_()` gives
    initial weights.
    """
    if name is None:
        receiver = dotted_text(call.receiver) if call.receiver is not None else None
        of_weights = not PARAMETERS.isdisjoint((receiver or "").split("."))
        return f"torch.nn.init.{call.method}" if of_weights else None
    prefix, _, last = name.rpartition(".")
    if prefix != "torch.nn.functional" or "dropout" not in last:
        return name
    mode = call.argument("training", 2)
    return f"torch.nn.{last}" if mode is not None and not equals(mode, True) else name
