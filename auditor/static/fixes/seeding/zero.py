"""Whether a helper seeds when it is given 0, the seed of patches: one that asks `if seed:` does nothing then."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.truth import COMPARE
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts


def seeds_with_zero(module: ModuleFacts, node: ast.FunctionDef, parameter: str, calls: Iterable[ast.Call]) -> bool:
    """Whether no condition about the parameter keeps 0 from these calls; False where that cannot be told."""
    return all(_is_reached(module, node, parameter, call) for call in calls)


def _is_reached(module: ModuleFacts, node: ast.FunctionDef, parameter: str, call: ast.Call) -> bool:
    part: ast.AST = call
    for holder in module.around(call):
        if holder is node:
            return True
        if isinstance(holder, ast.If) and part is not holder.test and _is_about(holder.test, parameter):
            is_body = any(part is each for each in holder.body)
            if _holds_for_zero(holder.test, parameter) is not is_body:
                return False
        part = holder
    return True


def _is_about(test: ast.expr, parameter: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == parameter for part in walk(test))


def _holds_for_zero(test: ast.expr, parameter: str) -> bool | None:
    """The outcome of `seed`, `seed is not None`, `seed >= 0`; None of anything else."""
    if isinstance(test, ast.Name):
        return False
    is_plain = isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Name)
    if not is_plain or not isinstance(test, ast.Compare) or getattr(test.left, "id", "") != parameter:
        return None
    try:
        return bool(COMPARE[type(test.ops[0])](0, ast.literal_eval(test.comparators[0])))
    except (TypeError, ValueError):
        return None
