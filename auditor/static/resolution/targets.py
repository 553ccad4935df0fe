"""What the targets of an assignment are: a single one, parts that are taken apart, names of modules."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ModuleRef

if TYPE_CHECKING:
    from auditor.static.resolution.frame import Frame


def only_target(statement: ast.AST | None) -> ast.expr | None:
    """`x` of `x = …`; None for several targets and for anything but an assignment."""
    return statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None


def module_of(target: ast.expr, frame: Frame) -> str | None:
    """The module whose own name a function or another module binds: `global SEED`, `settings.SEED = 3`."""
    if isinstance(target, ast.Attribute):
        holder = frame.resolve(target.value)
        return holder.path if isinstance(holder, ModuleRef) else None
    if isinstance(target, ast.Name) and frame.function is not None:
        scope = frame.module.index.scopes[frame.function]
        return frame.module.path if scope.elsewhere.get(target.id) == "global" else None
    return None
