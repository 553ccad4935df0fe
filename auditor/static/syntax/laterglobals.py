"""Names of a file that its functions bind with `global`: nothing of that holds before something names the function."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import FUNCTIONS, Binding, Function, Position

if TYPE_CHECKING:
    from auditor.static.syntax.scopes import ScopeIndex

_WORD = re.compile(r"\w+")
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class LaterGlobals:
    """The `global` names of one file, as its top level sees them."""

    def __init__(self, index: ScopeIndex) -> None:
        self._index = index
        self._named: dict[Function, Position | None] = {}
        """Where a function is first named outside of itself; None: nowhere."""

        self._used: dict[str, list[Position]] | None = None

    def left(self, bindings: Sequence[Binding], use: ast.Name) -> Sequence[Binding]:
        """The bindings without those by functions that nothing can have called when the top level comes to `use`.

        `import model` is in force at `model = model.Net()`, though `load()`, which is called below, binds the name.
        """
        if all(self._by(binding) is None for binding in bindings) or self._is_in_loop(use):
            return bindings
        left = [each for each in bindings if (by := self._by(each)) is None or self._may_be_called(by, use)]
        return left if len(left) < len(bindings) and left else bindings

    def _by(self, binding: Binding) -> Function | None:
        """The outermost function that holds what binds; of definitions and the like what is around them."""
        found: Function | None = None
        parent = self._index.parents.get(binding.node)
        while parent is not None:
            if isinstance(parent, FUNCTIONS):
                found = parent
            parent = self._index.parents.get(parent)
        return found

    def _may_be_called(self, function: Function, use: ast.Name) -> bool:
        if isinstance(function, ast.Lambda) or function.decorator_list:
            return True
        if not isinstance(self._index.parents.get(function), ast.Module):
            return True
        if function not in self._named:
            self._named[function] = self._first_named(function)
        first = self._named[function]
        return first is not None and first <= (use.lineno, use.col_offset)

    def _first_named(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Position | None:
        last = function.end_lineno or function.lineno
        named = (place for place in self._places(function.name) if not function.lineno <= place[0] <= last)
        return next(named, None)

    def _places(self, name: str) -> Sequence[Position]:
        """Where a name is used, or stands in quotes: `globals()["load"]()`, `exec("load()")`; the first one first."""
        if self._used is None:
            self._used = {}
            for node in self._index.scopes:
                if isinstance(node, ast.Name):
                    self._used.setdefault(node.id, []).append((node.lineno, node.col_offset))
            for node in self._index.nodes[ast.Constant]:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    for word in set(_WORD.findall(node.value)):
                        self._used.setdefault(word, []).append((node.lineno, node.col_offset))
            for places in self._used.values():
                places.sort()
        return self._used.get(name, ())

    def _is_in_loop(self, node: ast.AST) -> bool:
        parent = self._index.parents.get(node)
        while parent is not None and not isinstance(parent, _LOOPS):
            parent = self._index.parents.get(parent)
        return parent is not None
