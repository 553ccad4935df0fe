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
    scopes: list[tuple[ModuleFacts, ast.AST]] = [(each.module, each.node) for each in _with_bases(value.of)]
    seen = {scope for _, scope in scopes}
    for _ in range(MAX_DEPTH + 1):
        below: list[tuple[ModuleFacts, ast.AST]] = []
        for owner, scope in scopes:
            for called in _called(owner, scope):
                if called is None or (isinstance(called, External) and called.name.startswith(prefix)):
                    return True
                if isinstance(called, FunctionRef | ClassRef) and called.node not in seen:
                    seen.add(called.node)
                    below.append((called.module, called.node))
        scopes = below
    return False


def _with_bases(cls: ClassRef) -> Iterator[ClassRef]:
    pending, seen = [cls], {cls}
    while pending:
        current = pending.pop()
        yield current
        above = [base for base in bases(current) if isinstance(base, ClassRef) and base not in seen]
        seen.update(above)
        pending.extend(above)


def _called(module: ModuleFacts, scope: ast.AST) -> Iterator[External | FunctionRef | ClassRef | None]:
    """What is called in a function or class; None for something that may be anything."""
    for call in (node for node in walk(scope) if isinstance(node, ast.Call)):
        value = module.names.value(call.func)
        if isinstance(value, External | ClassRef) or (isinstance(value, FunctionRef) and value.owner is None):
            yield value
        elif isinstance(value, Instance):
            if isinstance(value.of, ClassRef):
                yield value.of
        elif not isinstance(value, FunctionRef) and getattr(getattr(call.func, "value", None), "id", "") == "self":
            yield None
