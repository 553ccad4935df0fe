"""One element that is picked out of something unordered by its place."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import finds_by_value
from auditor.static.facts import Known, ModuleFacts
from auditor.static.syntax.nodes import walk
from auditor.static.unordered.orderless import is_settled
from auditor.static.unordered.ordertrail import Kind, Trail

_EQUALITY = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
_SHOWING = frozenset({"enumerate", "tqdm", "track", "trange"})
"""Last parts of the names of functions that a loop goes through."""


def may_pick(module: ModuleFacts, item: ast.Subscript, trail: Trail) -> bool:
    """Whether `names[index]` or `names[:3]` takes something by its place, of which it counts what it is."""
    if not isinstance(item.ctx, ast.Load) or is_settled(module, item, trail) or finds_by_value(module, item):
        return False
    has_places = not trail.keyed and (trail.kind is not Kind.SET or trail.as_list)
    return has_places and not _asks_for_last_turn(module, item)


def is_first(module: ModuleFacts, item: ast.Subscript, trail: Trail) -> bool:
    """`glob("*.json")[0]`, also by one name: who writes it mostly knows that there is one.

    Of a list that was made on the way, and of what a function gives back, the first one tells how the others are
    ordered.
    """
    index = module.constant(item.slice)
    is_zero = isinstance(index, Known) and index.value == 0 and not isinstance(index.value, bool)
    return is_zero and trail.kind is Kind.LISTING and trail.depth <= 1


def _asks_for_last_turn(module: ModuleFacts, item: ast.Subscript) -> bool:
    """`if len(batch) == 32 or name == names[-1]:` in a loop over these names, where what is done names none of them.

    Whichever comes last, what is left over is worked off then.
    """
    compare = module.parent(item)
    index = module.constant(item.slice)
    if not (isinstance(index, Known) and index.value == -1) or not isinstance(compare, ast.Compare):
        return False
    sides = [compare.left, *compare.comparators]
    names = [each.id for each in sides if isinstance(each, ast.Name)]
    if len(sides) != 2 or len(names) != 1 or not isinstance(compare.ops[0], _EQUALITY):
        return False
    test: ast.AST = compare
    holder = module.parent(compare)
    while isinstance(holder, ast.BoolOp):
        test, holder = holder, module.parent(holder)
    if not isinstance(holder, ast.If) or holder.test is not test:
        return False
    loop = next((each for each in module.around(holder) if isinstance(each, ast.For)), None)
    if loop is None or not _goes_over(loop, item.value, names[0]):
        return False
    given = {part.id for part in walk(loop.target) if isinstance(part, ast.Name)}
    done = (part for statement in (*holder.body, *holder.orelse) for part in walk(statement))
    return not any(isinstance(part, ast.Name) and part.id in given for part in done)


def _goes_over(loop: ast.For, listed: ast.expr, name: str) -> bool:
    """`for name in names:`, `for i, name in enumerate(tqdm(names)):`."""
    over: ast.expr = loop.iter
    while isinstance(over, ast.Call) and over.args and _called(over.func) in _SHOWING:
        over = over.args[0]
    if ast.dump(over) != ast.dump(listed):
        return False
    target = loop.target.elts[-1] if isinstance(loop.target, ast.Tuple) else loop.target
    return isinstance(target, ast.Name) and target.id == name


def _called(func: ast.expr) -> str:
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
