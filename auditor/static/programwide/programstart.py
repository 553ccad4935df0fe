"""Where a program can be told something once, before it does anything: behind its imports, at the top level.

There it also holds in processes that are spawned, which import the file again.
"""

from __future__ import annotations

import ast
from typing import Literal, TypeGuard

from auditor.model.lean import dataclass
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodes import walk


@dataclass(frozen=True, slots=True)
class Start:
    """A statement at the top level, and on which side of it there is room."""

    statement: ast.stmt
    where: Literal["before", "after"]


def program_start(
    module: ModuleFacts, package: str, seeds: frozenset[str] = frozenset(), *, in_guard: bool = False
) -> Start | None:
    """Behind the first call of one of `seeds`, else behind the imports; None where there is no such place.

    `package`: what has to be imported there already, if the file imports it at its top level. `in_guard`: the file is
    imported by others too, who must not be told: then under `if __name__ == "__main__":`, where there is that.
    """
    body = module.tree.body
    guard = next((node for node in body if _is_guard(node)), None) if in_guard else None
    if guard is not None:
        return Start(guard.body[0], "before")
    first = _behind_imports(module, package)
    if module.is_notebook and not any(_imports(module, node, package) for node in body):
        return None
    for index, node in enumerate(body):
        if index >= first and _is_call_to(module, node, seeds):
            return Start(node, "after")
        if index >= first and not _is_setting(node):
            break
    if first:
        return Start(body[first - 1], "after")
    return Start(body[0], "before") if body else None


def does_something(module: ModuleFacts) -> bool:
    """Whether the top level calls anything, besides making definitions and constants."""
    statements = (node for node in module.tree.body if isinstance(node, ast.Expr | ast.Assign | ast.For | ast.With))
    return any(isinstance(each, ast.Call) for node in statements for each in walk(node))


def _is_guard(node: ast.stmt) -> TypeGuard[ast.If]:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)


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
    return any(found.node is node for found in module.imports_below((package,)))


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
