"""Where a program can be told something once, before it does anything: behind its imports, at the top level.

There it also holds in processes that are spawned, which import the file again.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from auditor.static.facts import ModuleFacts


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Start:
    """A statement at the top level, and on which side of it there is room."""

    statement: ast.stmt
    where: Literal["before", "after"]


def program_start(module: ModuleFacts, package: str, seeds: frozenset[str] = frozenset()) -> Start | None:
    """Behind the first call of one of `seeds`, else behind the imports; None for a file without statements.

    `package`: what has to be imported there already, if the file imports it at its top level.
    """
    body = module.tree.body
    first = _behind_imports(module, package)
    for index, node in enumerate(body):
        if index >= first and _is_call_to(module, node, seeds):
            return Start(node, "after")
        if index >= first and not _is_setting(node):
            break
    if first < len(body) and (not first or not isinstance(body[first], _DEFINITIONS)):
        return Start(body[first], "before")
    if first:
        return Start(body[first - 1], "after")
    return None


def _behind_imports(module: ModuleFacts, package: str) -> int:
    """The number of statements before the place: up to where `package` is imported, and the imports that follow."""
    body = module.tree.body
    count = 0
    for index, node in enumerate(body):
        if _imports(module, node, package):
            count = index + 1
            break
    if not count:
        while count < len(body) and _is_docstring(body[count], count):
            count += 1
    while count < len(body) and _is_import(body[count]):
        count += 1
    return count


def _imports(module: ModuleFacts, node: ast.stmt, package: str) -> bool:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return False
    return any(
        found.node is node and (found.target == package or found.target.startswith(f"{package}."))
        for found in module.imports
    )


def _is_docstring(node: ast.stmt, index: int) -> bool:
    return index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_import(node: ast.stmt) -> bool:
    """An import, or a `try` or an `if` that only chooses between imports."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Try):
        return all(isinstance(each, ast.Import | ast.ImportFrom) for each in node.body)
    return isinstance(node, ast.If) and all(isinstance(each, ast.Import | ast.ImportFrom) for each in node.body)


def _is_setting(node: ast.stmt) -> bool:
    """A plain constant, or a call on its own: what stands between the imports and the work."""
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Constant | ast.Attribute | ast.Name)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _is_call_to(module: ModuleFacts, node: ast.stmt, names: frozenset[str]) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    return module.resolve(node.value.func) in names
