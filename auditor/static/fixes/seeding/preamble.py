"""What a program says between its imports: constants, environment variables, import paths, which warnings to show."""

from __future__ import annotations

import ast
import builtins

from auditor.static.facts import ModuleFacts
from auditor.static.fixes.writing.modules import is_standard, root

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global, ast.Nonlocal)

_QUIET = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Delete, ast.Pass, *DEFINITIONS)

_SETTING = frozenset({"matplotlib.use", "matplotlib.pyplot.switch_backend"})
"""Calls of other packages that have to come before an import."""


_BUSY = frozenset({"multiprocessing", "concurrent", "threading", "runpy"})
"""Modules of the standard library whose calls run code of the program, or start processes that get no later seed."""

_BUILTIN = frozenset(dir(builtins)) - {"exec", "eval", "__import__"}


def is_setting(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Whether a statement calls nothing, or the standard library alone: no model is built there, no number drawn."""
    if not isinstance(statement, _QUIET):
        return False
    if isinstance(statement, DEFINITIONS):
        return True
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return all(_is_quiet(module.resolve(call.func)) for call in calls)


def _is_quiet(name: str | None) -> bool:
    if name is None or root(name) in _BUSY:
        return False
    return is_standard(name) or name in _SETTING or name in _BUILTIN
