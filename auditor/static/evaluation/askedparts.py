"""What the parts of a condition ask, as they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import is_never_none
from auditor.static.syntax.elements import is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_UNIT_DRAWS = frozenset({"numpy.random.rand", "numpy.random.random", "random.random", "torch.rand"})
"""What gives numbers from 0 up."""


def lookups(node: ast.expr) -> Iterator[ast.expr]:
    """The parts of a condition that are asked for their value."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from lookups(value)
    elif isinstance(node, ast.Compare):
        for value in (node.left, *node.comparators):
            yield from lookups(value)
    elif isinstance(node, ast.UnaryOp):
        yield from lookups(node.operand)
    elif not isinstance(node, ast.Constant):
        yield node


def looked_up(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """A dictionary and a key: `config["seed"]`, `config.get("seed")`."""
    if isinstance(node, ast.Subscript):
        return node.value, node.slice
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "get":
        return None
    return (node.func.value, node.args[0]) if node.args else None


def bound_of_draw(test: ast.expr, module: ModuleFacts) -> ast.expr | None:
    """`p` of `random.random() < p`."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Lt) or len(test.ops) > 1:
        return None
    is_drawn = isinstance(test.left, ast.Call) and module.resolve(test.left.func) in _UNIT_DRAWS
    return test.comparators[0] if is_drawn else None


def clause_text(module: ModuleFacts, handler: ast.ExceptHandler) -> str:
    """`except OSError`."""
    return f"except {module.text(handler.type)}" if handler.type is not None else "except"


def case_text(module: ModuleFacts, case: ast.match_case) -> str:
    """`case "train" if debug`, in one line."""
    guard = f" if {module.text(case.guard)}" if case.guard is not None else ""
    return " ".join(f"case {ast.unparse(case.pattern)}{guard}".split())


def takes_all(case: ast.match_case) -> bool:
    """`case _:` or `case other:`, which is taken where no other is."""
    return case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None


def asks_for_none(module: ModuleFacts, test: ast.expr) -> bool:
    """`if args.seed is None:` of an option that never is."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Is) or len(test.ops) > 1:
        return False
    return is_none(test.comparators[0]) and is_never_none(module, test.left)
