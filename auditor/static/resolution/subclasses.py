"""Classes that are found through the one that they extend: `{each.name: each for each in Base.__subclasses__()}`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ClassRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

SUBCLASSES = "__subclasses__"

_ITERATING = frozenset({"dict", "iter", "list", "next", "reversed", "set", "sorted", "tuple"})
"""Builtins that give what they are given, or one of it."""

_COLLECTING = (ast.Call, ast.DictComp, ast.ListComp, ast.SetComp)


def asks(module: ModuleFacts) -> bool:
    """Whether a file asks classes for their subclasses."""
    return module.project.texts.contain(module.path, (SUBCLASSES,))


def subclasses_of(base: ClassRef) -> str:
    """A name for what a class knows of its subclasses."""
    return f"{base.module.path}:{base.node.lineno}.{SUBCLASSES}"


def collected(module: ModuleFacts, node: ast.expr) -> list[ast.expr]:
    """What a collection, or something out of one, is made of."""
    if isinstance(node, ast.Subscript):
        return [node.value] if isinstance(module.origin(node.value), _COLLECTING) else []
    if isinstance(node, ast.DictComp):
        return [node.value]
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return [node.elt]
    if not isinstance(node, ast.Call):
        return []
    if isinstance(node.func, ast.Name) and node.func.id in _ITERATING:
        return node.args[:1]
    return [node.func.value] if isinstance(node.func, ast.Attribute) and node.func.attr == "get" else []
