"""Names that nothing reads: of a loader that only stands beside the one that is used, no batch is ever drawn."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import uses
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodes import walk

_ALL_NAMES = frozenset({"eval", "exec", "locals", "vars"})
"""What reads names that are not written."""


def is_never_read(module: ModuleFacts, made: ast.Call) -> bool:
    """Whether a function gives what a call makes to a name of its own, and reads that nowhere."""
    statement, function = module.parent(made), module.enclosing_function(made)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or not isinstance(statement, ast.Assign):
        return False
    names = [target for target in statement.targets if isinstance(target, ast.Name)]
    if statement.value is not made or len(names) < len(statement.targets):
        return False
    if any(next(uses(module, name), None) is not None for name in names):
        return False
    return not lets_read_unwritten(function, {name.id for name in names})


def lets_read_unwritten(function: ast.AST, names: set[str]) -> bool:
    """Whether a function may let names be read where they are not written, or outside of it."""
    return any(_lets_read(part, names) for part in walk(function))


def _lets_read(node: ast.AST, names: set[str]) -> bool:
    """`global loader`, and `locals()`; not `model.eval()`."""
    if isinstance(node, ast.Global | ast.Nonlocal):
        return not names.isdisjoint(node.names)
    return isinstance(node, ast.Name) and node.id in _ALL_NAMES
