"""The nodes of a file by their type, collected in the one walk over it however many rules ask."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from auditor.model.annotations import TypeVar, cast
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodes import walk

Node = TypeVar("Node", bound=ast.AST)


def nodes_of(module: ModuleFacts, kind: type[Node]) -> list[Node]:
    """Every constant, expression statement, set, set comprehension or subscript of a file; in no particular order."""
    return cast("list[Node]", module.index.nodes[kind])


_NAMES: WeakKeyDictionary[ModuleFacts, Mapping[str, list[ast.Name]]] = WeakKeyDictionary()


_ATTRIBUTES: WeakKeyDictionary[ModuleFacts, Mapping[str, list[ast.Attribute]]] = WeakKeyDictionary()


def attributes_of(module: ModuleFacts) -> Mapping[str, list[ast.Attribute]]:
    """The places that name each attribute, read or not, of whatever object."""
    found = _ATTRIBUTES.get(module)
    if found is None:
        named: dict[str, list[ast.Attribute]] = {}
        for node in walk(module.tree):
            if isinstance(node, ast.Attribute):
                named.setdefault(node.attr, []).append(node)
        found = _ATTRIBUTES[module] = named
    return found


def names_of(module: ModuleFacts) -> Mapping[str, list[ast.Name]]:
    """The places where each name is written, read or not; in no particular order."""
    if module not in _NAMES:
        found: dict[str, list[ast.Name]] = {}
        for node in module.index.scopes:
            if isinstance(node, ast.Name):
                found.setdefault(node.id, []).append(node)
        _NAMES[module] = found
    return _NAMES[module]
