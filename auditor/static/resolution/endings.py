"""Functions of the project that only say something and end the program: `usage()`, `fatal("no seed")`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.callables import EXITS
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import FUNCTIONS
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STEPS = 3
"""Functions that end the program by calling another one which does."""


def always_ends(ref: FunctionRef, steps: int = MAX_STEPS) -> bool:
    """Whether whoever calls a function does not come back: it has no other way out than its last statement.

    Not of methods, which a class below may write anew, nor of what a decorator wraps.
    """
    node = ref.node
    if not isinstance(node, ast.FunctionDef) or node.decorator_list or ref.owner is not None:
        return False
    if not _ends(ref.module, node.body[-1], steps):
        return False
    return not any(isinstance(part, ast.Return | ast.Yield | ast.YieldFrom) for part in walk(node))


def ends_program(module: ModuleFacts, call: ast.Call, ref: FunctionRef) -> bool:
    """Whether this call of a function ends the program."""
    return always_ends(ref) and not _is_caught(module, call)


def _is_caught(module: ModuleFacts, node: ast.AST) -> bool:
    """Whether a `try` around a call catches what ends the program."""
    inner = node
    for holder in module.around(node):
        if isinstance(holder, FUNCTIONS):
            return False
        if isinstance(holder, ast.Try) and inner in holder.body and any(map(_catches_exit, holder.handlers)):
            return True
        inner = holder
    return False


def _catches_exit(handler: ast.ExceptHandler) -> bool:
    caught = walk(handler.type) if handler.type is not None else ()
    return handler.type is None or any(getattr(part, "id", "") in ("BaseException", "SystemExit") for part in caught)


def calls_ending(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Whether a statement calls such a function."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    called = module.names.value(call.func) if isinstance(call, ast.Call) else None
    return isinstance(called, FunctionRef) and always_ends(called)


def _ends(module: ModuleFacts, last: ast.stmt, steps: int) -> bool:
    if isinstance(last, ast.Raise) and last.exc is not None:
        raised = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
        return module.resolve(raised) == "SystemExit"
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return False
    if module.resolve(last.value.func) in EXITS:
        return True
    called = module.names.value(last.value.func) if steps else None
    return isinstance(called, FunctionRef) and always_ends(called, steps - 1)
