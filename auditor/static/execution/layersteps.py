"""Methods of a layer that only its other methods call: how they are called tells whether an evaluation gets there.

`if self.training: x = self.noise(x)` draws in trainings alone. Whoever got the layer calls `forward`, and does not know
of `noise`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.calledbytext import called_by_text
from auditor.static.execution.protocols import extends_only
from auditor.static.syntax.nodeindex import nodes_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.resolution.values import ClassRef

NETWORKS = frozenset({"torch.jit.ScriptModule", "torch.nn.Module"})
"""Bases that call none of the methods that a class adds but those of every network."""


def is_layer(cls: ClassRef) -> bool:
    """Whether nothing outside knows more methods of a class than those of every network."""
    return extends_only(cls, NETWORKS)


def is_own_step(
    cls: ClassRef, method: ast.FunctionDef | ast.AsyncFunctionDef, project: Project, within: Iterable[str]
) -> bool:
    """Whether only the other methods of a layer call one of it, on the layer itself, in the files of a program."""
    module, name = cls.module, method.name
    if name.startswith("__"):
        return False
    uses = [node for node in walk(module.tree) if isinstance(node, ast.Attribute) and node.attr == name]
    inside = {part for other in _methods(cls.node) if other is not method for part in _called_on_itself(other)}
    if not uses or any(use not in inside for use in uses):
        return False
    if any(constant.value == name for constant in nodes_of(module, ast.Constant)):
        return False
    words = (f".{name}", f'"{name}"', f"'{name}'")
    others = [path for path in within if path != module.path]
    if any(project.texts.contain(path, words) for path in others):
        return False
    asking = [path for path in within if project.texts.contain(path, ("getattr(",))]
    return not any(_may_ask_for(project.module(path), name) for path in asking)


def _methods(cls: ast.ClassDef) -> Iterable[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (child for child in cls.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def _called_on_itself(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterable[ast.expr]:
    """The `self.step` of each `self.step(…)` in a method."""
    first = (*method.args.posonlyargs, *method.args.args)[:1]
    for node in walk(method):
        called = node.func if isinstance(node, ast.Call) else None
        holder = called.value if isinstance(called, ast.Attribute) else None
        if called is not None and isinstance(holder, ast.Name) and first and holder.id == first[0].arg:
            yield called


def _may_ask_for(module: ModuleFacts | None, name: str) -> bool:
    return module is None or any(look.fullmatch(name) for look in called_by_text(module))
