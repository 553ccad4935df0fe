"""Where a name certainly gets another value: what follows reads that one."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator

from auditor.static.evaluation.flow import reads_of
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.bindings import FUNCTIONS

_STRAIGHT = (
    ast.AsyncFor,
    ast.AsyncFunctionDef,
    ast.AsyncWith,
    ast.For,
    ast.FunctionDef,
    ast.If,
    ast.Module,
    ast.While,
    ast.With,
)
"""Whose body is executed from its first statement to the last, unless something leaves it."""

_LOOPS = (ast.AsyncFor, ast.For, ast.While)

MAX_BOUND = 10
"""Values of one name from which on it is not told which one a place reads."""


def bound_anew(module: ModuleFacts, target: ast.expr) -> ast.Assign | None:
    """The next statement that certainly gives a name another value, of the same block or behind a loop around it.

    What leaves a turn of a loop, or the loop, comes to what stands behind that all the same.
    """
    if not isinstance(target, ast.Name):
        return None
    statements = _with_loops(module, module.statement(target))
    return next((found for each in statements if (found := _bound_behind(module, target, each)) is not None), None)


def _with_loops(module: ModuleFacts, statement: ast.stmt) -> Iterator[ast.stmt]:
    """A statement, and the loops around it in its function, the innermost first."""
    yield statement
    for holder in module.around(statement):
        if isinstance(holder, (*FUNCTIONS, ast.ClassDef)):
            return
        if isinstance(holder, _LOOPS):
            yield holder


def _bound_behind(module: ModuleFacts, target: ast.Name, statement: ast.stmt) -> ast.Assign | None:
    block, end = module.parent(statement), statement.end_lineno or statement.lineno
    if not isinstance(block, _STRAIGHT):
        return None
    if isinstance(block, ast.AsyncFor | ast.For | ast.If | ast.While) and block.orelse:
        return None
    reads = reads_of(module, module.enclosing_function(target) or module.tree)
    names = reads.bound.get(target.id, ())
    found: ast.Assign | None = None
    for name in names if len(names) <= MAX_BOUND else ():
        other = _assigning(module, name)
        if other is not None and module.parent(other) is block and other.lineno > end:
            found = other if found is None or other.lineno < found.lineno else found
    if found is None:
        return None
    at = bisect_right(reads.leaves, end)
    return None if at < len(reads.leaves) and reads.leaves[at] < found.lineno else found


def _assigning(module: ModuleFacts, name: ast.Name) -> ast.Assign | None:
    """The assignment that gives the name its value, alone or as one of several: `images, labels = …`."""
    holder = module.parent(name)
    while isinstance(holder, ast.Tuple | ast.List | ast.Starred):
        holder = module.parent(holder)
    return holder if isinstance(holder, ast.Assign) else None
