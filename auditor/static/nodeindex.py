"""The nodes of a file by their type, collected in one walk however many rules ask."""

from __future__ import annotations

import ast
from weakref import WeakKeyDictionary

from auditor.model.annotations import TypeVar, cast
from auditor.static.facts import ModuleFacts

Node = TypeVar("Node", bound=ast.AST)

_KINDS = (ast.Constant, ast.Expr, ast.Set, ast.SetComp, ast.Subscript)
_KEPT: WeakKeyDictionary[ModuleFacts, dict[type[ast.AST], list[ast.AST]]] = WeakKeyDictionary()


def nodes_of(module: ModuleFacts, kind: type[Node]) -> list[Node]:
    """Every constant, expression statement, set, set comprehension or subscript of a file; in no particular order."""
    found = _KEPT.get(module)
    if found is None:
        found = _KEPT[module] = {each: [] for each in _KINDS}
        for node in ast.walk(module.tree):
            if type(node) in found:
                found[type(node)].append(node)
    return cast("list[Node]", found[kind])
