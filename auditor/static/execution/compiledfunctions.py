"""Functions that are compiled: a library's names stand for other generators in them, which Numba keeps by thread.

What seeds in one of them leaves the library's own generator as it was, and what draws there does not draw from it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.ruleset.library import Library
from auditor.static.syntax.bindings import FUNCTIONS

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_INTERPRETED = {"forceobj": True, "nopython": False}
"""Arguments of compilers, and their values that leave a function to the interpreter."""


class CompiledFunctions:
    """The compiled functions of one program; each is looked at once."""

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self._compilers = {name: frozenset(library.not_inside) for name, library in libraries.items()}
        self._compiled_by: dict[ast.AST, frozenset[str]] = {}

    def has_own(self, library: str, node: ast.AST, module: ModuleFacts) -> bool:
        """Whether a place stands in a function that has generators of its own in place of the library's."""
        compilers = self._compilers[library]
        if not compilers:
            return False
        functions = (holder for holder in module.around(node) if isinstance(holder, FUNCTIONS))
        return any(not compilers.isdisjoint(self._compilers_of(each, module)) for each in functions)

    def _compilers_of(self, function: ast.AST, module: ModuleFacts) -> frozenset[str]:
        if function not in self._compiled_by:
            decorators = getattr(function, "decorator_list", ())
            names = (_compiler(each, module) for each in decorators)
            self._compiled_by[function] = frozenset(name for name in names if name is not None)
        return self._compiled_by[function]


def _compiler(decorator: ast.expr, module: ModuleFacts) -> str | None:
    """What a decorator is called; None of one that is told to leave the function to the interpreter."""
    if not isinstance(decorator, ast.Call):
        return module.resolve(decorator)
    given = {word.arg: word.value for word in decorator.keywords if word.arg is not None}
    if any(getattr(given.get(name), "value", None) is value for name, value in _INTERPRETED.items()):
        return None
    return module.resolve(decorator.func)
