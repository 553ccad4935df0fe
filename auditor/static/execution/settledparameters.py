"""Parameters of which a call settles the value, and those of which it does not: `for …: if count > 0: …`, `count += 1`.

What a call gives such a one holds for the first turn alone, and a loop is followed once.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import FUNCTIONS, Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def is_called_as_it_is(function: Function) -> bool:
    """Whether no decorator stands between a call and the function: options may come from there."""
    return isinstance(function, ast.Lambda) or not function.decorator_list


def is_settled_by_default(default: ast.expr | None) -> bool:
    """`shuffle=False`, `size=None`, `part=1.0`: a call that leaves it out takes one arm of `if size is None`."""
    if isinstance(default, ast.UnaryOp) and isinstance(default.op, ast.USub):
        default = default.operand
    return isinstance(default, ast.Constant) and (default.value is None or isinstance(default.value, int | float | str))


def bound_again(module: ModuleFacts, function: Function, names: Collection[str]) -> set[str]:
    """Those of the parameters that a loop gives another value, or a function inside (`nonlocal`)."""
    scope = module.index.scopes.get(function)
    if scope is None:
        return set()
    again = {name: scope.bindings.get(name, ())[1:] for name in names}
    return {
        name for name, found in again.items() if any(_may_be_done_again(module, each.node, function) for each in found)
    }


def _may_be_done_again(module: ModuleFacts, node: ast.AST, function: Function) -> bool:
    for holder in (node, *module.around(node)):
        if holder is function:
            return False
        if isinstance(holder, (*_LOOPS, *FUNCTIONS)):
            return True
    return False
