"""Properties that run where they are assigned: `run.seed = 3` with `@seed.setter`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.baseorder import above
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.resolution.frame import Frame


class Setters:
    """Those of the classes of which one program makes objects."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._of: dict[ast.ClassDef, dict[str, FunctionRef]] = {}
        self._names: set[str] = set()
        """The attributes that any of them is for."""

        self._calls: dict[ast.Attribute, ast.Call] = {}
        """Assignments as the calls that they are."""

    def made(self, cls: ClassRef) -> None:
        """An object of a class of the project is made."""
        if cls.node not in self._of:
            self._of[cls.node] = _setters(cls)
            self._names.update(self._of[cls.node])

    def assigned(self, target: ast.expr, value: ast.expr, frame: Frame) -> None:
        """Follow what an assignment to an attribute calls."""
        if not isinstance(target, ast.Attribute) or target.attr not in self._names:
            return
        made = frame.resolve(target.value)
        if not isinstance(made, Instance) or not isinstance(made.of, ClassRef):
            return
        setter = self._of.get(made.of.node, {}).get(target.attr)
        if setter is None:
            return
        call = self._calls.get(target)
        if call is None:
            method = ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
            call = ast.Call(func=ast.copy_location(method, target), args=[value], keywords=[])
            self._calls[target] = ast.copy_location(call, target)
        self._walk.calls.functions.enter(setter, call, frame, at=target)


def _setters(cls: ClassRef) -> dict[str, FunctionRef]:
    """By attribute; a class that has something else under the name hides those above it."""
    found: dict[str, FunctionRef] = {}
    hidden: set[str] = set()
    for each in (cls, *above(cls, bases)):
        if not isinstance(each, ClassRef):
            continue
        own = {
            child.name: FunctionRef(each.module, child, cls, True)
            for child in each.node.body
            if isinstance(child, ast.FunctionDef) and _is_setter(child)
        }
        found.update({name: ref for name, ref in own.items() if name not in hidden})
        hidden.update(each.module.index.scopes[each.node].bindings)
    return found


def _is_setter(node: ast.FunctionDef) -> bool:
    """`@seed.setter` above `def seed`."""
    return any(
        isinstance(each, ast.Attribute) and each.attr == "setter" and getattr(each.value, "id", "") == node.name
        for each in node.decorator_list
    )
