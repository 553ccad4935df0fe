"""Calls that are made for another call: in an argument of it, or in a function that only such arguments name.

`SyncVectorEnv([make(name) for name in names])`, where `make` returns a function that calls `gym.make(name)`.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodes import walk

MAX_AROUND = 3
"""Functions around a call that are looked at."""


def is_made_for(module: ModuleFacts, node: ast.expr, others: Container[ast.AST]) -> bool:
    """Whether a call is made for one of the others, and for nothing else."""
    if is_inside(module, node, others):
        return True
    if module.project.is_imported(module.path):
        return False
    for function in _around(module, node):
        reads = list(_reads(module, function))
        if reads and all(is_inside(module, read, others) for read in reads):
            return True
    return False


def is_inside(module: ModuleFacts, node: ast.expr, others: Container[ast.AST]) -> bool:
    """Whether an expression stands in an argument of one of the others."""
    for holder in module.around(node):
        if not isinstance(holder, ast.expr | ast.keyword):
            break
        if holder in others:
            return True
    return False


def _around(module: ModuleFacts, node: ast.AST) -> Iterator[ast.FunctionDef]:
    """The functions around a call, from the inside; a method may be called by whoever has the object."""
    function = module.enclosing_function(node)
    for _ in range(MAX_AROUND):
        if isinstance(function, ast.Lambda):
            function = module.enclosing_function(function)
            continue
        if not isinstance(function, ast.FunctionDef) or isinstance(module.parent(function), ast.ClassDef):
            return
        yield function
        function = module.enclosing_function(function)


def _reads(module: ModuleFacts, function: ast.FunctionDef) -> Iterator[ast.Name]:
    for node in walk(module.tree):
        if isinstance(node, ast.Name) and node.id == function.name and isinstance(node.ctx, ast.Load):
            yield node
