"""Generators that a program makes and hands on: `noise(x, generator=torch.Generator())` is never given None."""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.static.entrypoints import names_main
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.values import External, FunctionRef, Value
from auditor.static.syntax.bindings import FUNCTIONS

Truth = Callable[[ast.expr, Frame], bool | None]
"""Whether a condition holds, where that is known."""


def makes_generator(node: ast.expr, frame: Frame) -> bool:
    """Whether an expression makes a generator, whatever options a run is given.

    A function of the project does so whose last statement makes one, and that returns nothing before.
    """
    if not isinstance(node, ast.Call):
        return False
    called = frame.resolve(node.func)
    if not isinstance(called, FunctionRef):
        return _is_maker(called, frame.module)
    body = called.node.body
    last = body[-1] if isinstance(body, list) else None
    made = last.value if isinstance(last, ast.Return) else None
    if not isinstance(made, ast.Call) or called.module.returns(called.node) != [made]:
        return False
    is_plain = isinstance(called.node, ast.FunctionDef) and not called.node.decorator_list
    return is_plain and _is_maker(called.module.names.value(made.func), called.module)


def always_holds(target: ast.expr, node: ast.stmt, frame: Frame, truth: Truth) -> bool:
    """Whether an assignment gives a name a generator wherever its function, or its program, gets there.

    Nothing else may be bound to the name: a loop comes back to what stands above.
    """
    if not isinstance(target, ast.Name) or not isinstance(node, ast.Assign):
        return False
    if (
        not makes_generator(_settled_arm(node.value, frame, truth), frame)
        or len(frame.module.lookup.bindings_of(target)) != 1
    ):
        return False
    for holder in frame.module.around(node):
        if isinstance(holder, FUNCTIONS):
            break
        is_open = isinstance(holder, ast.Module | ast.With) or (isinstance(holder, ast.If) and names_main(holder.test))
        if not is_open:
            return False
    return True


def _settled_arm(node: ast.expr, frame: Frame, truth: Truth) -> ast.expr:
    """What `default_rng(seed) if seed is not None else None` gives, where the call says the seed."""
    while isinstance(node, ast.IfExp) and frame.settles(node.test):
        holds = truth(node.test, frame)
        if holds is None:
            break
        node = node.body if holds else node.orelse
    return node


def _is_maker(called: Value, module: ModuleFacts) -> bool:
    return isinstance(called, External) and called.name in module.project.rng.generators
