"""Whether a helper seeds when it is given 0, the seed of patches: one that asks `if seed:` does nothing then."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.truth import COMPARE
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_JUMPS = (ast.Return, ast.Raise)


def seeds_with_zero(module: ModuleFacts, node: ast.FunctionDef, parameter: str, calls: Iterable[ast.Call]) -> bool:
    """Whether no condition about the parameter keeps 0 from these calls; False where that cannot be told."""
    if any(_takes_another(module, node, part, parameter) for part in walk(node)):
        return False
    return all(_is_reached(module, node, parameter, call) for call in calls)


def _takes_another(module: ModuleFacts, node: ast.FunctionDef, part: ast.AST, parameter: str) -> bool:
    """`seed = seed or time()`, `manual_seed(seed or 3)`, `if not seed: seed = time()`, `assert seed`."""
    if isinstance(part, ast.Assert):
        return _is_about(part.test, parameter) and _holds_for_zero(part.test, parameter) is not True
    if isinstance(part, ast.BoolOp | ast.IfExp):
        statement = module.statement(part)
        return not isinstance(statement, ast.If | ast.Assert) and _is_about(part, parameter)
    if not isinstance(part, ast.Name) or part.id != parameter or not isinstance(part.ctx, ast.Store):
        return False
    asked = [each for each in module.around(part) if isinstance(each, ast.If) and _is_about(each.test, parameter)]
    return bool(asked) and _may_run_with_zero(module, node, parameter, part)


def _may_run_with_zero(module: ModuleFacts, node: ast.FunctionDef, parameter: str, inner: ast.AST) -> bool:
    """Whether the conditions around may hold for 0."""
    for holder in module.around(inner):
        if holder is node:
            break
        if isinstance(holder, ast.If) and _is_about(holder.test, parameter):
            holds = _holds_for_zero(holder.test, parameter)
            if holds is not None and holds is not any(inner is each for each in holder.body):
                return False
        inner = holder
    return True


def _is_reached(module: ModuleFacts, node: ast.FunctionDef, parameter: str, call: ast.Call) -> bool:
    part: ast.AST = call
    for holder in module.around(call):
        if any(_ends(each, parameter) for each in _in_front(holder, part)):
            return False
        if holder is node:
            return True
        if isinstance(holder, ast.If) and part is not holder.test and _is_about(holder.test, parameter):
            is_body = any(part is each for each in holder.body)
            if _holds_for_zero(holder.test, parameter) is not is_body:
                return False
        part = holder
    return True


def _in_front(holder: ast.AST, part: ast.AST) -> Iterator[ast.stmt]:
    """The statements that come before `part` in the block that holds it."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(holder, name, None)
        if isinstance(block, list) and part in block:
            yield from block[: block.index(part)]


def _ends(statement: ast.stmt, parameter: str) -> bool:
    """Whether the function may end there for 0: `if not seed: return`."""
    if not isinstance(statement, ast.If) or not _is_about(statement.test, parameter):
        return False
    holds = _holds_for_zero(statement.test, parameter)
    arms = [(True, statement.body), (False, statement.orelse)]
    return any(
        isinstance(part, _JUMPS)
        for wanted, arm in arms
        if holds is not (not wanted)
        for each in arm
        for part in walk(each)
    )


def _is_about(test: ast.expr, parameter: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == parameter for part in walk(test))


def _holds_for_zero(test: ast.expr, parameter: str) -> bool | None:
    """The outcome of `seed`, `not seed`, `seed is not None`, `seed >= 0`; None of anything else."""
    if isinstance(test, ast.Name):
        return False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _holds_for_zero(test.operand, parameter)
        return None if inner is None else not inner
    is_plain = isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Name)
    if not is_plain or not isinstance(test, ast.Compare) or getattr(test.left, "id", "") != parameter:
        return None
    try:
        return bool(COMPARE[type(test.ops[0])](0, ast.literal_eval(test.comparators[0])))
    except (TypeError, ValueError):
        return None
