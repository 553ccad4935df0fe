"""Texts that a loop adds to one text: `corpus += file.read()` where `corpus = ""` stands before it."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import is_shown, is_tested, uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.ordering import COUNTING, NEUTRAL
from auditor.static.syntax.bindings import BindingKind

_SAYING = frozenset({"description", "epilog", "help", "usage"})
"""Arguments of parsers that are texts for people."""

_LEAVING = frozenset({"exit", "quit", "sys.exit"})
"""Calls that end a program, and show the text that they are given."""


def adds_text(module: ModuleFacts, statement: ast.AugAssign) -> bool:
    """Whether what is added is text, to one that is used as it is: not only shown, counted or asked for its letters."""
    if not isinstance(statement.op, ast.Add) or isinstance(statement.value, ast.Constant | ast.JoinedStr):
        return False
    target = statement.target
    if not isinstance(target, ast.Name) or not _begins_as_text(module, target):
        return False
    if is_shown(module, statement.value) or _is_of_one(module, statement):
        return False
    places = list(uses(module, target))
    return not all(_is_unordered(module, place) for place in places)


def _is_of_one(module: ModuleFacts, statement: ast.stmt) -> bool:
    """Below `if name == "notes.txt":` one turn of the loop adds something."""
    part: ast.stmt = statement
    above = module.parent(statement)
    while isinstance(above, ast.If):
        if part in above.body and any(map(_is_equal_to_constant, _conjuncts(above.test))):
            return True
        part, above = above, module.parent(above)
    return False


def _conjuncts(test: ast.expr) -> list[ast.expr]:
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def _is_equal_to_constant(test: ast.expr) -> bool:
    """`name == "notes.txt"`, `"notes.txt" == name`."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = {type(test.left), type(test.comparators[0])}
    return sides == {ast.Name, ast.Constant}


def _begins_as_text(module: ModuleFacts, target: ast.Name) -> bool:
    """Whether every value that the name is given is a text written out; what is added to a text is text."""
    given = [each for each in module.lookup.bindings_of(target) if not isinstance(each.node, ast.AugAssign)]
    return bool(given) and all(
        each.kind is BindingKind.VALUE and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
        for each in given
    )


def _is_unordered(module: ModuleFacts, place: ast.expr) -> bool:
    call = module.parent(place)
    if isinstance(call, ast.Call) and place in call.args and module.resolve(call.func) in NEUTRAL | COUNTING:
        return True
    return is_tested(module, place) or _is_for_people(module, place)


def _is_for_people(module: ModuleFacts, place: ast.expr) -> bool:
    """`sys.exit("choose one of " + names)`, `add_argument("--kind", help="one of " + names)`."""
    holder: ast.AST | None = module.parent(place)
    while isinstance(holder, ast.BinOp):
        holder = module.parent(holder)
    if isinstance(holder, ast.keyword):
        return holder.arg in _SAYING
    return isinstance(holder, ast.Call) and module.resolve(holder.func) in _LEAVING
