"""Whether a condition stands around something, so that a run may pass it by."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import is_main_guard

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_CONDITIONS = (ast.If, ast.IfExp, ast.BoolOp, ast.ExceptHandler, ast.While, ast.match_case)


def is_under_condition(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether one does in the same function; `if __name__ == "__main__":` is none."""
    function = module.enclosing_function(node)
    for holder in module.around(node):
        if holder is function:
            break
        if isinstance(holder, _CONDITIONS) and not (isinstance(holder, ast.stmt) and is_main_guard(holder)):
            return True
    return False
