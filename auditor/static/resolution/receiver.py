"""Whose method a call through `super()` works on: the object stays the one that the calling method has."""

from __future__ import annotations

import ast

from auditor.model.lean import replace
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.bindings import every_argument


def on_own_object(method: FunctionRef, node: ast.Call, frame: Frame) -> FunctionRef:
    """`method`, called by `node`, with the class of the object at hand where it is called as `super().method()`.

    What the base class calls on `self` then is what that class has in its place: `Base.__init__` builds the model
    that the subclass describes.
    """
    if not method.bound or not _is_of_super(node.func) or frame.function is None:
        return method
    first = every_argument(frame.function.args)[:1]
    own = frame.arguments.get((frame.function, first[0].arg)) if first else None
    return replace(method, owner=own.of) if isinstance(own, Instance) and isinstance(own.of, ClassRef) else method


def _is_of_super(called: ast.expr) -> bool:
    made = called.value if isinstance(called, ast.Attribute) else None
    return isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "super"
