"""Attributes that a method gives an object under the name of its keyword: `model.set_params(random_state=3)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import lineage
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.elements import is_none

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_SETTING = "set_"


def is_given_by_name(caller: ModuleFacts, holder: ast.ClassDef, name: str) -> bool:
    """Whether a file calls a method of such an object with such a keyword, and that collects keywords or is not known.

    What such a method does with its keywords cannot be told from the call, but that is what they are for.
    """
    for call in _calls_with(caller, name):
        if not isinstance(call.func, ast.Attribute):
            continue
        made = caller.names.value(call.func.value)
        if made is None and call.func.attr.startswith(_SETTING):
            return True  # of whatever object, as a function has no more than a parameter of it
        if not isinstance(made, Instance) or not isinstance(made.of, ClassRef):
            continue
        if all(each.node is not holder for each in lineage(made.of)):
            continue
        method = caller.names.value(call.func)
        if not isinstance(method, FunctionRef) or method.node.args.kwarg is not None:
            return True
    return False


def _calls_with(caller: ModuleFacts, name: str) -> Iterator[ast.Call]:
    """The calls of a file that give a keyword of that name something."""
    for call, _, _ in caller.index.calls:
        if any(word.arg == name and not is_none(word.value) for word in call.keywords):
            yield call
