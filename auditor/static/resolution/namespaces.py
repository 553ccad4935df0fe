"""Namespaces as dictionaries: `vars(models)`, `models.__dict__`, `globals()`, `sys.modules[__name__]`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ModuleRef, Value
from auditor.static.syntax.elements import Known

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_TEXT = 200
"""Characters of a name that is evaluated."""


def namespace(module: ModuleFacts, node: ast.expr) -> Value:
    """Whose names an expression holds as a dictionary; None where it is no namespace.

    `locals()` counts at the top level only.
    """
    if isinstance(node, ast.Attribute):
        return module.names.value(node.value) if node.attr == "__dict__" else None
    if (
        not isinstance(node, ast.Call)
        or not isinstance(node.func, ast.Name)
        or module.resolve(node.func) != node.func.id
    ):
        return None
    if node.func.id == "vars" and len(node.args) == 1:
        return module.names.value(node.args[0])
    is_own = node.func.id == "globals" or (node.func.id == "locals" and module.enclosing_function(node) is None)
    return ModuleRef(module.path) if is_own and not node.args else None


def namespace_part(module: ModuleFacts, node: ast.Subscript) -> Value:
    """What a subscript takes out of a namespace by a name that is written out; the module itself, of `sys.modules`."""
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        whole = namespace(module, node.value)
        return module.names.attribute(whole, node.slice.value) if whole is not None else None
    if isinstance(node.slice, ast.Name) and node.slice.id == "__name__" and module.resolve(node.value) == "sys.modules":
        return ModuleRef(module.path)
    return None


def evaluated(module: ModuleFacts, node: ast.expr) -> Value:
    """`eval("models.Net")`: what is called so at the top level of the file."""
    known = module.constant(node)
    text = known.value if isinstance(known, Known) and isinstance(known.value, str) else ""
    return named_in(module, text) if len(text) <= MAX_TEXT else None


def named_in(module: ModuleFacts, dotted: str) -> Value:
    """What a dotted name stands for at the top level of a file."""
    first, *others = dotted.split(".")
    if not all(part.isidentifier() for part in (first, *others)):
        return None
    value = module.names.export(first)
    for name in others:
        value = module.names.attribute(value, name)
    return value
