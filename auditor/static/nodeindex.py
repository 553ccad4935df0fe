"""The nodes of a file by their type, collected in the one walk over it however many rules ask."""

from __future__ import annotations

import ast

from auditor.model.annotations import TypeVar, cast
from auditor.static.facts import ModuleFacts

Node = TypeVar("Node", bound=ast.AST)


def nodes_of(module: ModuleFacts, kind: type[Node]) -> list[Node]:
    """Every constant, expression statement, set, set comprehension or subscript of a file; in no particular order."""
    return cast("list[Node]", module.index.nodes[kind])
