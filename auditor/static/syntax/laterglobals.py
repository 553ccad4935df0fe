"""Names of a file that its functions bind with `global`: nothing of that holds before something names the function."""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_right
from collections.abc import Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import FUNCTIONS, Binding, Function, Position, Reach

if TYPE_CHECKING:
    from auditor.static.syntax.scopes import ScopeIndex

_WORD = re.compile(r"\w+")
_START, _NOWHERE = (0, 0), (sys.maxsize, 0)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


class LaterGlobals:
    """The `global` names of one file, as its top level sees them."""

    def __init__(self, index: ScopeIndex) -> None:
        self._index = index
        self._named: dict[Function, Position] = {}
        """Where a function is first named outside of itself."""

        self._starts: dict[str, list[Position]] = {}
        """By a name from where on each function may have been called that binds it."""

        self._left: dict[tuple[str, int], Reach | None] = {}
        """By a name, and how many of these functions may have been called."""

        self._used: dict[str, list[Position]] | None = None

    def reach(self, name: str, bindings: Sequence[Binding], use: Position) -> Reach | None:
        """The bindings of a name without those by functions that nothing can have called when the top level comes to
        `use`, a place outside of loops; None where that is all of them, or none.

        `import model` is in force at `model = model.Net()`, though `load()`, which is called below, binds the name.
        """
        starts = self._starts.get(name)
        if starts is None:
            functions = {self._by(each) for each in bindings}
            starts = self._starts[name] = sorted(self._callable_from(each) for each in functions if each)
        count = bisect_right(starts, use)
        if count == len(starts):
            return None
        key = name, count
        if key not in self._left:
            left = [each for each in bindings if (by := self._by(each)) is None or self._callable_from(by) <= use]
            self._left[key] = Reach(left) if left else None
        return self._left[key]

    def _by(self, binding: Binding) -> Function | None:
        """The outermost function that holds what binds; of definitions and the like what is around them."""
        found: Function | None = None
        parent = self._index.parents.get(binding.node)
        while parent is not None:
            if isinstance(parent, FUNCTIONS):
                found = parent
            parent = self._index.parents.get(parent)
        return found

    def _callable_from(self, function: Function) -> Position:
        """From where on something may have called a function: anywhere one that is decorated, or part of something."""
        if isinstance(function, ast.Lambda) or function.decorator_list:
            return _START
        if not isinstance(self._index.parents.get(function), ast.Module):
            return _START
        if function not in self._named:
            self._named[function] = self._first_named(function)
        return self._named[function]

    def _first_named(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Position:
        last = function.end_lineno or function.lineno
        named = (place for place in self._places(function.name) if not function.lineno <= place[0] <= last)
        return next(named, _NOWHERE)

    def _places(self, name: str) -> Sequence[Position]:
        """Where a name is used, or stands in quotes: `globals()["load"]()`, `exec("load()")`; the first one first."""
        if self._used is None:
            self._used = {}
            for node in self._index.scopes:
                if isinstance(node, ast.Name):
                    self._used.setdefault(node.id, []).append((node.lineno, node.col_offset))
            for node in self._index.nodes[ast.Constant]:
                is_remark = isinstance(self._index.parents.get(node), ast.Expr)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_remark:
                    for word in set(_WORD.findall(node.value)):
                        self._used.setdefault(word, []).append((node.lineno, node.col_offset))
            for places in self._used.values():
                places.sort()
        return self._used.get(name, ())

    def is_in_loop(self, node: ast.AST) -> bool:
        parent = self._index.parents.get(node)
        while parent is not None and not isinstance(parent, _LOOPS):
            parent = self._index.parents.get(parent)
        return parent is not None
