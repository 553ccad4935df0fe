"""From the place that a finding names back to the syntax that stands there."""

from __future__ import annotations

import ast
from typing import TypeVar

from auditor.model.location import Location
from auditor.static.facts import Call, ModuleFacts
from auditor.static.syntax.nodes import walk

Node = TypeVar("Node", bound=ast.AST)


def node_at(module: ModuleFacts, location: Location, kind: type[Node]) -> Node | None:
    """The outermost node of a type that lies exactly at a location; None where there is none."""
    line = module.text_line(location)
    for node in walk(module.tree):
        if isinstance(node, kind) and getattr(node, "lineno", None) == line and is_at(module, node, location):
            return node
    return None


def call_at(module: ModuleFacts, location: Location) -> Call | None:
    """The call that lies exactly at a location; None where there is none."""
    line = module.text_line(location)
    for call in module.calls:
        if call.node.lineno == line and is_at(module, call.node, location):
            return call
    return None


def is_at(module: ModuleFacts, node: ast.AST, location: Location) -> bool:
    """Whether a node begins and ends where a location does; the end counts where it is known."""
    found = module.location(node)
    if (found.cell, found.line, found.column) != (location.cell, location.line, location.column):
        return False
    if location.end_line is None:
        return True
    return (found.end_line, found.end_column) == (location.end_line, location.end_column)


def written(module: ModuleFacts, node: ast.AST) -> str:
    """The source of a node as text of a change: literal braces doubled."""
    return module.text(node).replace("{", "{{").replace("}", "}}")
