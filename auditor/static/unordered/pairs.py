"""Sets of two of which one is taken out: which one is left does not depend on their order."""

from __future__ import annotations

import ast
from collections.abc import Collection
from weakref import WeakKeyDictionary

from auditor.static.evaluation.modes import leaves
from auditor.static.facts import ModuleFacts
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

_PAIR = 2
MAX_COMPARED = 50
"""Questions that one function asks about the number of the same thing."""

_COMPARED: WeakKeyDictionary[ModuleFacts, dict[Function, dict[str, list[ast.Compare]]]] = WeakKeyDictionary()
"""Where functions ask whether there are two, and of what, as it is dumped."""


def is_other_of_two(module: ModuleFacts, call: ast.Call) -> bool:
    """`(set(pair) - {one}).pop()`, `list(pair - {one})[0]` where there are two of `pair`: one is left."""
    popped = call.func.value if isinstance(call.func, ast.Attribute) else call.args[0] if len(call.args) == 1 else None
    whole = popped.left if isinstance(popped, ast.BinOp) and isinstance(popped.op, ast.Sub) else None
    pair = whole.args[0] if isinstance(whole, ast.Call) and len(whole.args) == 1 else None
    if isinstance(whole, ast.Name) and isinstance(popped, ast.BinOp) and len(getattr(popped.right, "elts", ())) == 1:
        pair = whole
    function = module.enclosing_function(call)
    if pair is None or function is None:
        return False
    known = _COMPARED.setdefault(module, {})
    if function not in known:
        known[function] = _compared(function)
    compared = known[function].get(ast.dump(pair), ())
    around = {call, *module.around(call)} if compared else set()
    return any(_holds_at(module, compare, call, around) for compare in compared)


def _compared(function: Function) -> dict[str, list[ast.Compare]]:
    """`len(pair) == 2` and `len(pair) != 2` in a function."""
    found: dict[str, list[ast.Compare]] = {}
    for each in walk(function):
        if not isinstance(each, ast.Compare) or not isinstance(each.left, ast.Call):
            continue
        if len(each.ops) == 1 and getattr(each.comparators[0], "value", None) == _PAIR:
            for part in each.left.args:
                same = found.setdefault(ast.dump(part), [])
                same += [each] if len(same) < MAX_COMPARED else []
    return found


def _holds_at(module: ModuleFacts, compare: ast.Compare, call: ast.Call, around: Collection[ast.AST]) -> bool:
    """Whether there are two at a call, with what is around it: under the condition, behind an `assert` or a way out."""
    is_two = isinstance(compare.ops[0], ast.Eq)
    if not is_two and not isinstance(compare.ops[0], ast.NotEq):
        return False
    test: ast.AST = compare
    holder = module.parent(compare)
    while isinstance(holder, ast.BoolOp) and isinstance(holder.op, ast.And if is_two else ast.Or):
        test, holder = holder, module.parent(holder)
    if isinstance(holder, ast.If | ast.While | ast.IfExp) and holder.test is test and holder in around:
        arms = holder.body if is_two else holder.orelse
        return any(arm in around for arm in (arms if isinstance(arms, list) else [arms]))
    if isinstance(holder, ast.comprehension):
        return is_two and module.parent(holder) in around
    is_behind = isinstance(holder, ast.stmt) and module.parent(holder) in around and holder.lineno < call.lineno
    return is_behind and (isinstance(holder, ast.Assert) if is_two else isinstance(holder, ast.If) and leaves(holder))
