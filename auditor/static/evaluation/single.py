"""Where there is just one thing, which has no order: what the program asks about how many there are."""

from __future__ import annotations

import ast

from auditor.static.facts import Known, ModuleFacts
from auditor.static.syntax.bindings import FUNCTIONS
from auditor.static.syntax.nodes import walk


def is_single(module: ModuleFacts, use: ast.expr) -> bool:
    """`assert len(x) == 1`, `if len(x) != 1: raise`: one thing has no order, wherever else it is used."""
    test = _length_asked(module, use)
    holder = module.parent(test) if test is not None else None
    while isinstance(holder, ast.BoolOp):
        holder = module.parent(holder)
    if not isinstance(holder, ast.If) or test is None:
        return isinstance(holder, ast.Assert)
    if not _decides(module, test, holder.test, holds=isinstance(test.ops[0], ast.Eq)):
        return False
    others = holder.orelse if isinstance(test.ops[0], ast.Eq) else holder.body
    if not others or not isinstance(others[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
        return False
    named = ast.dump(use)
    return isinstance(others[-1], ast.Raise) or not any(
        ast.dump(part) == named for each in others for part in walk(each) if isinstance(part, type(use))
    )


def is_single_here(module: ModuleFacts, use: ast.expr) -> bool:
    """Whether a use stands where there is one thing: `next(iter(x)) if len(x) == 1 else …`."""
    named = ast.dump(use)
    part: ast.AST = use
    for holder in module.around(use):
        if isinstance(holder, FUNCTIONS):
            return False
        if isinstance(holder, ast.If | ast.IfExp) and part is not holder.test:
            body = holder.body if isinstance(holder.body, list) else [holder.body]
            for each in walk(holder.test):
                is_named = isinstance(each, type(use)) and ast.dump(each) == named
                test = _length_asked(module, each) if is_named and isinstance(each, ast.expr) else None
                if test is None or (part in body) is not isinstance(test.ops[0], ast.Eq):
                    continue
                if _decides(module, test, holder.test, holds=part in body):
                    return True
        part = holder
    return False


def _decides(module: ModuleFacts, part: ast.expr, test: ast.expr, *, holds: bool) -> bool:
    """Whether a part of a test holds wherever that does (`a and b`), or fails wherever it fails (`a or b`)."""
    above: ast.AST | None = part
    while above is not test:
        above = module.parent(above) if above is not None else None
        if not isinstance(above, ast.BoolOp) or not isinstance(above.op, ast.And if holds else ast.Or):
            return False
    return True


def _length_asked(module: ModuleFacts, use: ast.expr) -> ast.Compare | None:
    """`len(x) == 1`, `len(x) != 1` and `len(x) > 1` around `x`."""
    call = module.parent(use)
    if not isinstance(call, ast.Call) or module.resolve(call.func) != "len":
        return None
    test = module.parent(call)
    if not isinstance(test, ast.Compare) or len(test.comparators) != 1:
        return None
    is_first = test.left is call
    limit = module.constant(test.comparators[0] if is_first else test.left)
    asking = ast.Eq | ast.NotEq | ast.Gt if is_first else ast.Eq | ast.NotEq
    is_asked = isinstance(limit, Known) and limit.value == 1 and isinstance(test.ops[0], asking)
    return test if is_asked else None
