"""Whether an object is only looked at, as in `{type(LinearSVR()): "r2"}`: what it would draw later it never draws."""

from __future__ import annotations

import ast

from auditor.static.facts import ModuleFacts

_SHOWING = frozenset({"id", "print", "repr", "str"})
_TESTING = frozenset({"callable", "hasattr", "isinstance"})
_NAMES = frozenset({"__module__", "__name__", "__qualname__"})


def is_only_looked_at(module: ModuleFacts, made: ast.Call) -> bool:
    """Whether the object that a call makes is asked for its kind or shown, where it stands."""
    holder = module.parent(made)
    if isinstance(holder, ast.Attribute):
        return holder.attr == "__class__" and _is_kind_compared(module, holder)
    if not isinstance(holder, ast.Call) or made not in holder.args:
        return False
    name = module.resolve(holder.func)
    if name == "type" and len(holder.args) == 1:
        return _is_kind_compared(module, holder)
    return name in _SHOWING or (name in _TESTING and holder.args[0] is made)


def _is_kind_compared(module: ModuleFacts, kind: ast.expr) -> bool:
    """Whether a class is a key, compared, asked of an object, or named; put into a variable it may be called."""
    holder = module.parent(kind)
    if isinstance(holder, ast.Attribute):
        return holder.attr in _NAMES
    if isinstance(holder, ast.Tuple):
        kind, holder = holder, module.parent(holder)
    if isinstance(holder, ast.Dict):
        return kind in holder.keys
    if isinstance(holder, ast.Call):
        name = module.resolve(holder.func)
        return name in _SHOWING or (name in ("isinstance", "issubclass") and kind in holder.args[1:])
    return isinstance(holder, ast.Compare) or (isinstance(holder, ast.Subscript) and holder.slice is kind)
