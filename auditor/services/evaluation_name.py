"""Is there such a function as --evaluate names? Asked of the source, before a training of hours ends without it."""

from __future__ import annotations

import ast
from pathlib import Path

from auditor.errors import UsageError


def check_evaluation(evaluate: str | None, script: Path | None) -> None:
    """Raise `UsageError` where the script, or a module beside it, certainly has no function of that name.

    Says nothing of modules that lie elsewhere, nor of source that takes in names by `import *`.
    """
    if evaluate is None or script is None:
        return
    module, _, function = evaluate.partition(":")
    path = script if module in ("__main__", script.stem) else script.parent / f"{module}.py"
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    bound = _bound(tree)
    if "*" not in bound and "globals" not in bound and function.partition(".")[0] not in bound:
        raise UsageError(f"--evaluate {evaluate}: {path.name} has no {function.partition('.')[0]}")


def _bound(tree: ast.Module) -> set[str]:
    """Every name that the source binds anywhere; `*` and `globals` where it may bind others."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and (
            isinstance(node.ctx, ast.Store) or node.id in ("globals", "exec", "setattr")
        ):
            found.add(node.id if isinstance(node.ctx, ast.Store) else "globals")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
            found.add("globals")
    return found
