"""Loops over what lists and dictionaries are written with: functions one after the other."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.constants import MAX_DEPTH, assigned
from auditor.static.resolution.mappings import is_filled_later

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

PAIR = 2
"""What a loop over keys and values binds."""


def loops_over_rows(node: ast.AST) -> bool:
    """Whether a loop takes something apart whose elements may be written: `for name, f in TABLE.items()`."""
    if not isinstance(node, ast.For | ast.AsyncFor | ast.comprehension) or isinstance(node.target, ast.Name):
        return False
    if isinstance(node.iter, ast.Call):
        return isinstance(node.iter.func, ast.Attribute) and node.iter.func.attr == "items" and not node.iter.args
    return isinstance(node.iter, ast.Name | ast.Attribute | ast.Tuple | ast.List)


def listed(module: ModuleFacts, target: ast.expr, iterable: ast.expr) -> tuple[str | None, list[ast.expr]]:
    """The name that a loop binds to one after the other of what a list or a dictionary is written with, and these.

    `for f in FUNCTIONS`, `for f in TABLE.values()`, `for name, f in TABLE.items()`, `for f, name in ROWS`.
    """
    called = iterable.func if isinstance(iterable, ast.Call) else None
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    if isinstance(called, ast.Attribute):
        written = origin_as_written(module, called.value)
        wanted = "values" if len(parts) == 1 else "items"
        is_read = called.attr == wanted and isinstance(parts[-1], ast.Name) and len(parts) <= PAIR
        return getattr(parts[-1], "id", None), written.values if is_read and isinstance(written, ast.Dict) else []
    written = origin_as_written(module, iterable)
    elements = written.elts if isinstance(written, ast.Tuple | ast.List) else []
    if isinstance(target, ast.Name):
        return target.id, elements
    rows = [row.elts for row in elements if isinstance(row, ast.Tuple | ast.List) and len(row.elts) == len(parts)]
    if not rows or len(rows) < len(elements):
        return None, []
    place = next((number for number, item in enumerate(rows[0]) if not isinstance(item, ast.Constant)), 0)
    return getattr(parts[place], "id", None), [row[place] for row in rows]


def origin_as_written(module: ModuleFacts, node: ast.expr) -> ast.expr:
    """What names lead to, like `ModuleFacts.origin`; no further than a name of what the file fills later."""
    for _ in range(MAX_DEPTH):
        found = assigned(module, node) if isinstance(node, ast.Name) and not is_filled_later(module, node.id) else None
        if found is None or found[0] is not module:
            break
        node = found[1]
    return node
