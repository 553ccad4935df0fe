"""Where a name that is used gets its meaning, and which of the places that give it one are in force there."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import Binding, Reach, Scope
from auditor.static.syntax.laterglobals import LaterGlobals

if TYPE_CHECKING:
    from auditor.static.syntax.scopes import ScopeIndex


class Lookup:
    """The names of one file; nothing is resolved."""

    def __init__(self, index: ScopeIndex) -> None:
        self._index = index
        self._in_force: dict[ast.Name, Sequence[Binding]] = {}
        self._reaches: dict[tuple[Scope, str], Reach] = {}
        self._globals = LaterGlobals(index)

    def bindings_of(self, node: ast.Name) -> Sequence[Binding]:
        """All places that give a name its meaning, in the scope that binds it; none for builtins and star imports."""
        found = self._bound_in(node)
        return found[1] if found else ()

    def in_force(self, node: ast.Name) -> Sequence[Binding]:
        """Of `bindings_of` those that can be in force where the name is used, the last one first."""
        found = self._in_force.get(node)
        if found is None:
            scope, found = self._bound_in(node) or (None, ())
            if scope is not None and len(found) > 1:
                is_own = scope is self._index.scopes.get(node)
                use = (node.lineno, node.col_offset) if is_own else None
                found = (self._before_calls(scope, node, found) or self._reach(scope, node.id, found)).at(use)
            self._in_force[node] = found
        return found

    def _before_calls(self, scope: Scope, node: ast.Name, bindings: Sequence[Binding]) -> Reach | None:
        if scope is not self._index.root or scope is not self._index.scopes.get(node):
            return None
        reach = self._globals.reach(node.id, bindings, (node.lineno, node.col_offset))
        return None if reach is None or self._globals.is_in_loop(node) else reach

    def _reach(self, scope: Scope, name: str, bindings: Sequence[Binding]) -> Reach:
        key = scope, name
        reach = self._reaches.get(key)
        if reach is None:
            reach = self._reaches[key] = Reach(bindings)
        return reach

    def _bound_in(self, node: ast.Name) -> tuple[Scope, list[Binding]] | None:
        scope: Scope | None = self._index.scopes.get(node)
        innermost = True
        while scope is not None:
            elsewhere = scope.elsewhere.get(node.id)
            if elsewhere == "global":
                scope = scope.module()
            elif elsewhere == "nonlocal":
                scope = scope.parent
                continue
            visible = scope.kind != "class" or innermost
            if visible and node.id in scope.bindings:
                return scope, scope.bindings[node.id]
            innermost = innermost and scope.kind == "comprehension"
            scope = scope.parent
        return None
