"""Texts that a loop adds to one text: `corpus += file.read()` where `corpus = ""` stands before it."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import is_shown, uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.ordering import COUNTING, NEUTRAL
from auditor.static.syntax.bindings import BindingKind


def adds_text(module: ModuleFacts, statement: ast.AugAssign) -> bool:
    """Whether what is added is text, to one that is used as it is: not only shown, counted or asked for its letters."""
    if not isinstance(statement.op, ast.Add) or isinstance(statement.value, ast.Constant | ast.JoinedStr):
        return False
    target = statement.target
    if not isinstance(target, ast.Name) or not _begins_as_text(module, target):
        return False
    if is_shown(module, statement.value):
        return False
    places = list(uses(module, target))
    return not places or not all(_is_unordered(module, place) for place in places)


def _begins_as_text(module: ModuleFacts, target: ast.Name) -> bool:
    """Whether every value that the name is given is a text written out; what is added to a text is text."""
    given = [each for each in module.lookup.bindings_of(target) if not isinstance(each.node, ast.AugAssign)]
    return bool(given) and all(
        each.kind is BindingKind.VALUE and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
        for each in given
    )


def _is_unordered(module: ModuleFacts, place: ast.expr) -> bool:
    call = module.parent(place)
    return isinstance(call, ast.Call) and place in call.args and module.resolve(call.func) in NEUTRAL | COUNTING
