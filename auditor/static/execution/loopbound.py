"""Parameters that a loop of their function gives other values: `for …: if count > 0: …`, `count += 1`.

What a call gives them holds for the first turn alone, and a loop is followed once.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def bound_in_loops(module: ModuleFacts, function: Function, names: Collection[str]) -> set[str]:
    """Those of the parameters that a loop binds again."""
    scope = module.index.scopes.get(function)
    if scope is None:
        return set()
    again = {name: scope.bindings.get(name, ())[1:] for name in names}
    return {name for name, found in again.items() if any(_is_in_loop(module, each.node, function) for each in found)}


def _is_in_loop(module: ModuleFacts, node: ast.AST, function: Function) -> bool:
    for holder in (node, *module.around(node)):
        if holder is function:
            return False
        if isinstance(holder, _LOOPS):
            return True
    return False
