"""What a constructor makes of the constants that it is given.

`self.train = split == "train"`, `self.noise = 0.1 if augment else None`, `if train: self.crop = Crop()`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.truth import COMPARE

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.syntax.bindings import Function

MAX_AROUND = 5
"""Conditions around an assignment that are looked at."""

ANYTHING = ast.Dict(keys=[None], values=[ast.Constant(None)])
"""Stands for whatever may be given, where it is asked which attributes depend on that at all."""

Switch = ast.Constant | ast.Dict
"""A constant, or a dictionary of constants under constant keys."""

Leaf = Callable[[ast.expr], Switch | None]
"""What a name, an attribute or an item is."""


def derived(node: ast.expr, leaf: Leaf) -> Switch | None:
    """The constant that an expression gives; None where it is not known."""
    if isinstance(node, ast.Constant):
        return node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = derived(node.operand, leaf)
        return ast.Constant(not inner.value) if isinstance(inner, ast.Constant) else _anything(inner)
    if isinstance(node, ast.BoolOp):
        return _combined(node, leaf)
    if isinstance(node, ast.IfExp):
        test = derived(node.test, leaf)
        if isinstance(test, ast.Constant):
            return derived(node.body if test.value else node.orelse, leaf)
        return _anything(test)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(node, leaf)
    return leaf(node)


def chosen(module: ModuleFacts, function: Function, values: Sequence[ast.expr], leaf: Leaf) -> Switch | None:
    """Of several values that a constructor may give an attribute the one that conditions leave: a constant, or None."""
    left: list[ast.expr] = []
    for value in values:
        happens = _happens(module, function, value, leaf)
        if happens is ANYTHING:
            return ANYTHING
        if not isinstance(happens, ast.Constant):
            return None
        if happens.value:
            left.append(value)
    return derived(left[0], leaf) if len(left) == 1 else None


def _happens(module: ModuleFacts, function: Function, value: ast.expr, leaf: Leaf) -> Switch | None:
    """Whether the statement that gives a value is executed, as a constant."""
    part: ast.AST = module.statement(value)
    for _ in range(MAX_AROUND):
        holder = module.parent(part)
        if holder is function:
            return ast.Constant(True)
        if not isinstance(holder, ast.If):
            return None
        test = derived(holder.test, leaf)
        if not isinstance(test, ast.Constant):
            return _anything(test)
        if bool(test.value) is not (part in holder.body):
            return ast.Constant(False)
        part = holder
    return None


def _combined(node: ast.BoolOp, leaf: Leaf) -> Switch | None:
    ends_with = isinstance(node.op, ast.Or)
    part: Switch | None = None
    for value in node.values:
        part = derived(value, leaf)
        if not isinstance(part, ast.Constant):
            return _anything(part)
        if bool(part.value) is ends_with:
            return part
    return part


def _compared(node: ast.Compare, leaf: Leaf) -> Switch | None:
    one, compare, right = derived(node.left, leaf), COMPARE[type(node.ops[0])], node.comparators[0]
    if isinstance(right, ast.Tuple | ast.List | ast.Set):
        if not all(isinstance(each, ast.Constant) for each in right.elts):
            return None
        other: object = [each.value for each in right.elts if isinstance(each, ast.Constant)]
    else:
        switch = derived(right, leaf)
        if not isinstance(switch, ast.Constant):
            return _anything(switch)
        other = switch.value
    if not isinstance(one, ast.Constant):
        return _anything(one)
    try:
        return ast.Constant(bool(compare(one.value, other)))
    except TypeError:
        return None


def _anything(switch: Switch | None) -> Switch | None:
    return switch if switch is ANYTHING else None
