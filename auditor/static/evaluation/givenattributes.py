"""Attributes that objects get from dictionaries, and from functions that they are handed to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import WHOLE
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.mappings import MAX_PASSED, made, parameter_of
from auditor.static.resolution.seedvalue import GIVEN, Entries, Seen, holding
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.frame import Frame

MAX_USES = 100
"""Uses of one parameter that are looked at; where there are more, any attribute may be one that is given."""

SETTING = frozenset({"__dict__", "setattr", "vars"})
"""Words of which one stands in files that give objects attributes by names that are not written."""

Filled = dict[tuple[ast.AST, str], frozenset[str]]
"""The attributes that functions give what they get under a name, `WHOLE` for any; each is asked once for a program."""


def given_attributes(evaluator: Evaluator, node: ast.Call, frame: Frame) -> tuple[ast.Name, Seen] | None:
    """An object and what it gets as attributes: `self.__dict__.update(values)`, `vars(args).update(seed=3)`."""
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr == "update":
        holder = attributes_of(called.value)
        return (holder, made(evaluator, node, frame)) if isinstance(holder, ast.Name) else None
    if not _is_setting_any(node) or not isinstance(node.args[0], ast.Name):
        return None
    values = _set_in_loop(node, frame.module)
    names = list(_names_set(frame.module, node, node.args[1])) if values is None else [WHOLE]
    if WHOLE not in names:
        return node.args[0], holding(GIVEN, entries=Entries(dict.fromkeys(names, GIVEN)))
    return node.args[0], evaluator.value(values, frame) if values is not None else GIVEN


def attributes_of(node: ast.expr) -> ast.expr | None:
    """`args` of `args.__dict__` and `vars(args)`."""
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return node.value
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "vars":
        return next(iter(node.args), None)
    return None


def _is_setting_any(node: ast.Call) -> bool:
    """`setattr(options, name, value)`, where the name is not written."""
    is_setting = isinstance(node.func, ast.Name) and node.func.id == "setattr" and len(node.args) == 3
    return is_setting and not isinstance(node.args[1], ast.Constant)


def _set_in_loop(node: ast.Call, module: ModuleFacts) -> ast.expr | None:
    """A dictionary: `for key, value in values.items(): setattr(self, key, value)`."""
    _, key, value = node.args
    loop: ast.AST | None = module.parent(node)
    while isinstance(loop, ast.Expr | ast.If):
        loop = module.parent(loop)
    if not (isinstance(loop, ast.For) and isinstance(loop.target, ast.Tuple)):
        return None
    items = loop.iter.func if isinstance(loop.iter, ast.Call) else None
    named = [getattr(each, "id", "") for each in loop.target.elts] == [
        getattr(key, "id", None),
        getattr(value, "id", None),
    ]
    return items.value if named and isinstance(items, ast.Attribute) and items.attr == "items" else None


def given_by_function(function: FunctionRef, name: str, known: Filled, depth: int = 0) -> frozenset[str]:
    """The attributes that a function, or what it hands its parameter on to, gives that object: `options.seed = 3`.

    What is None, or differs from run to run, gives nothing.
    """
    key = function.node, name
    if key not in known:
        known[key] = frozenset()  # what leads back to itself says nothing
        uses = [part for part in walk(function.node) if isinstance(part, ast.Name) and part.id == name]
        if len(uses) > MAX_USES:
            known[key] = frozenset({WHOLE})
        else:
            known[key] = frozenset(each for use in uses for each in _given_at(function.module, use, known, depth))
    return known[key]


def _given_at(module: ModuleFacts, use: ast.Name, known: Filled, depth: int) -> Iterator[str]:
    parent = module.parent(use)
    if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Store):
        statement = module.parent(parent)
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if value is None or module.seed_value(value) not in (SeedValue.NONE, SeedValue.ENTROPY):
            yield parent.attr
        return
    call = module.parent(parent) if isinstance(parent, ast.Attribute | ast.keyword) else parent
    if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and attributes_of(parent) is use):
        above = module.parent(parent)
        if attributes_of(parent) is use and isinstance(above, ast.Attribute) and above.attr == "update":
            yield WHOLE
        return
    if not isinstance(call, ast.Call) or call.func is use:
        return
    if getattr(call.func, "id", "") == "setattr" and call.args[:1] == [use] and len(call.args) == 3:
        yield from _names_set(module, call, call.args[1])
        return
    called = module.names.value(call.func) if depth < MAX_PASSED else None
    handed = parameter_of(called, call, use) if isinstance(called, FunctionRef) else None
    if isinstance(called, FunctionRef) and handed is not None and not isinstance(called.node, ast.Lambda):
        yield from given_by_function(called, handed, known, depth + 1)


def _names_set(module: ModuleFacts, call: ast.Call, attribute: ast.expr) -> Iterator[str]:
    """The names that `setattr(options, name, value)` may write: `WHOLE` unless all of them stand in the text."""
    if isinstance(attribute, ast.Constant):
        yield str(attribute.value)
        return
    loop = module.parent(module.statement(call))
    listed = loop.iter if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) else None
    is_each = isinstance(loop, ast.For) and getattr(loop.target, "id", "") == getattr(attribute, "id", None)
    names = listed.elts if isinstance(listed, ast.Tuple | ast.List) and is_each else []
    if names and all(isinstance(each, ast.Constant) for each in names):
        yield from (str(each.value) for each in names if isinstance(each, ast.Constant))
    else:
        yield WHOLE
