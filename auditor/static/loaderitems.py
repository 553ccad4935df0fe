"""Whether the items of a data set are drawn at random, from a given library, as far as its class says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.members import bases
from auditor.static.nodes import walk
from auditor.static.values import ClassRef, External, FunctionRef, Instance

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_DEPTH = 3
"""Functions of the project that are looked into, one from the other."""


def may_draw(module: ModuleFacts, dataset: ast.expr, prefix: str) -> bool:
    """Whether asking `dataset` for items may call a function whose name begins so; True where nothing is known of it.

    Of a class of the project its methods count, those of its bases, and functions that these call. Something that is
    kept in an attribute and called (`self.transform(…)`) may be anything.
    """
    value = module.names.value(dataset)
    if not isinstance(value, Instance) or not isinstance(value.of, ClassRef):
        return True
    return any(_draws(each.module, each.node, prefix, MAX_DEPTH) for each in _with_bases(value.of))


def _with_bases(cls: ClassRef) -> Iterator[ClassRef]:
    pending, seen = [cls], {cls}
    while pending:
        current = pending.pop()
        yield current
        above = [base for base in bases(current) if isinstance(base, ClassRef) and base not in seen]
        seen.update(above)
        pending.extend(above)


def _draws(module: ModuleFacts, scope: ast.AST, prefix: str, depth: int) -> bool:
    for call in (node for node in walk(scope) if isinstance(node, ast.Call)):
        value = module.names.value(call.func)
        if isinstance(value, External):
            if value.name.startswith(prefix):
                return True
        elif isinstance(value, FunctionRef):
            if value.owner is None and depth and _draws(value.module, value.node, prefix, depth - 1):
                return True
        elif isinstance(value, Instance | ClassRef):
            made = value.of if isinstance(value, Instance) else value
            if isinstance(made, ClassRef) and depth and _draws(made.module, made.node, prefix, depth - 1):
                return True
        elif isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "self":
            return True
    return False
