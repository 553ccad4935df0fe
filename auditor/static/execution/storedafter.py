"""Attributes that an object gets before anything else is done with it: `model = Forest()`, `model.random_state = 0`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import External
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STORES = 100
"""Attributes stored in one object that are looked at."""

_PLAIN = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Import, ast.ImportFrom)
"""Statements that always lead to the next one, unless what they call fails."""

_OPAQUE = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
"""What lets others run in between, or binds names."""


def stored_after(module: ModuleFacts, made: ast.Call, attributes: Collection[str]) -> list[ast.expr]:
    """What one of some attributes of the object that a call makes gets, whatever way leads there, and gets anew.

    Nothing where the object is named, or may be got at by a function of the project, in between.
    """
    name, found = _stored_first(module, made, attributes)
    return [found, *_anew(module, name, found)] if found is not None else []


def _stored_first(module: ModuleFacts, made: ast.Call, attributes: Collection[str]) -> tuple[str, ast.expr | None]:
    """The name of the object with its attribute, and what that gets before anything else is done."""
    statement = module.parent(made)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is not made:
        return "", None
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    name = dotted_text(targets[0]) if len(targets) == 1 else None
    if name is None or isinstance(targets[0], ast.Subscript):
        return "", None
    for following in _following(module, statement):
        found = _stores(following, name)
        if found is not None and found[0] in attributes:
            return f"{name}.{found[0]}", found[1]
        if not isinstance(following, _PLAIN) or not _leaves_alone(module, following, name, is_store=found is not None):
            return "", None
    return "", None


def _anew(module: ModuleFacts, name: str, first: ast.expr) -> Iterator[ast.expr]:
    """What the same function stores further down: `if args.free: model.random_state = None`."""
    function = module.enclosing_function(first)
    holder, _, attribute = name.rpartition(".")
    for stored, node in islice(module.receivers.stored_below(holder), MAX_STORES):
        statement = module.parent(node)
        is_further = stored == attribute and node.lineno > first.lineno
        if is_further and isinstance(statement, ast.Assign) and module.enclosing_function(node) is function:
            yield statement.value


def _following(module: ModuleFacts, statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements behind one in its block."""
    for _, block in ast.iter_fields(module.parent(statement) or statement):
        if isinstance(block, list) and statement in block:
            yield from block[block.index(statement) + 1 :]


def _stores(statement: ast.stmt, name: str) -> tuple[str, ast.expr] | None:
    """The attribute of what goes by a name that a statement stores, with what it stores."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    if not isinstance(target, ast.Attribute) or dotted_text(target.value) != name:
        return None
    return target.attr, statement.value


def _leaves_alone(module: ModuleFacts, statement: ast.stmt, name: str, *, is_store: bool) -> bool:
    """Whether a statement neither names the object nor calls anything that might."""
    root = name.partition(".")[0]
    mentions = sum(isinstance(node, ast.Name) and node.id == root for node in walk(statement))
    if mentions != int(is_store) or any(isinstance(node, _OPAQUE) for node in walk(statement)):
        return False
    calls = (node for node in walk(statement) if isinstance(node, ast.Call))
    return all(isinstance(module.names.value(call.func), External) for call in calls)
