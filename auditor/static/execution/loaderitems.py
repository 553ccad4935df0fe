"""Whether the items of a data set are drawn at random, from a given library, as far as its class says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.execution.datasetparts import table_values, undivided
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_BINDINGS = 12
"""Assignments to the name of a data set that are looked at."""

MAX_WRITTEN = 40
"""Expressions that one data set is traced back to."""

MAX_DEPTH = 3
"""Functions of the project that are looked into, one from the other."""


def may_draw(module: ModuleFacts, dataset: ast.expr, prefix: str) -> bool:
    """Whether asking `dataset` for items may call a function whose name begins so; not where nothing is known of it.

    Of a class of the project its methods count, those of its bases, and functions that these call; of constructors,
    which run before there are workers, only what they make. Something that is
    kept in an attribute and called (`self.transform(…)`) may be anything. Of several data sets, one is enough.
    """
    return any(_gives_drawn(cls, prefix) for cls in _classes(module, dataset))


def _classes(module: ModuleFacts, dataset: ast.expr) -> Iterator[ClassRef]:
    """The classes of the project that a data set may be of, as far as the text says; of a part or a union, of what."""
    pending = [(module, dataset)]
    seen = {dataset}
    for owner, node in pending:
        value = owner.names.value(node)
        if isinstance(value, Instance) and isinstance(value.of, ClassRef):
            yield value.of
            continue
        further = [*_written(owner, node), *undivided(owner, node)]
        pending += [each for each in further if each[1] not in seen][: MAX_WRITTEN - len(pending)]
        seen.update(each for _, each in further)


def _written(module: ModuleFacts, node: ast.expr) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """What a name is bound to, what a table holds that is looked into, and what a function of the project returns."""
    if isinstance(node, ast.Name):
        bindings = module.lookup.bindings_of(node)[:MAX_BINDINGS]
        yield from (
            (module, each.value) for each in bindings if each.kind is BindingKind.VALUE and each.value is not None
        )
    elif isinstance(node, ast.Subscript):
        yield from ((module, each) for each in table_values(module, node))
    elif isinstance(node, ast.Call):
        called = module.names.value(node.func)
        if isinstance(called, FunctionRef):
            yield from ((called.module, each) for each in called.module.returns(called.node))


def _gives_drawn(cls: ClassRef, prefix: str) -> bool:
    scopes: list[tuple[ModuleFacts, ast.AST]] = [(each.module, each.node) for each in _with_bases(cls)]
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
        holder = module.enclosing_function(call) if isinstance(scope, ast.ClassDef) else None
        is_made = holder is not None and getattr(holder, "name", "") == "__init__" and module.parent(holder) is scope
        if is_made:
            if isinstance(value, ClassRef):
                yield value
        elif isinstance(value, External | ClassRef) or (isinstance(value, FunctionRef) and value.owner is None):
            yield value
        elif isinstance(value, Instance):
            if isinstance(value.of, ClassRef):
                yield value.of
        elif not isinstance(value, FunctionRef) and getattr(getattr(call.func, "value", None), "id", "") == "self":
            yield None
