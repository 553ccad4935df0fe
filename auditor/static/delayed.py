"""What is made by a call and runs when it is used: generators, coroutines, `map`.

`batches = stream(items)` executes nothing of `stream`; the first use of `batches` does.
"""

from __future__ import annotations

import ast

from auditor.static.bindings import FUNCTIONS, Function
from auditor.static.frame import Frame
from auditor.static.values import External, FunctionRef

_LAZY = frozenset({"filter", "itertools.starmap", "map"})
"""What of the standard library calls a function when its result is used."""


def delayed_name(node: ast.stmt, frame: Frame) -> str | None:
    """The name that a statement gives to something that runs when it is used; None where all of it runs now."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return None
    if isinstance(node.value, ast.GeneratorExp):
        return node.targets[0].id
    if not isinstance(node.value, ast.Call):
        return None
    made = frame.resolve(node.value.func)
    runs_later = (
        made.name in _LAZY if isinstance(made, External) else isinstance(made, FunctionRef) and _is_delayed(made.node)
    )
    return node.targets[0].id if runs_later else None


def _is_delayed(function: Function) -> bool:
    """Whether a call of the function only makes what runs later; decorators may change that (`contextmanager`)."""
    if isinstance(function, ast.Lambda) or function.decorator_list:
        return False
    return isinstance(function, ast.AsyncFunctionDef) or any(_yields(statement) for statement in function.body)


def _yields(node: ast.AST) -> bool:
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return False
    return any(_yields(child) for child in ast.iter_child_nodes(node))
