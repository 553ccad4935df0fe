"""Indices that are one number, as what is done before shows: `int(pointer[label])`, `queue[start : start + 3]`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import COMPREHENSIONS, Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_OF_ONE = frozenset({"float", "int", "range"})
"""Builtins that fail where they are given several numbers."""

_ARITHMETIC = (ast.BinOp, ast.UnaryOp)
_LEFT_OUT = (ast.BoolOp, ast.IfExp, ast.Lambda, *COMPREHENSIONS)
"""Expressions of which a part need not be worked out."""


def is_shown_to_be_one(module: ModuleFacts, node: ast.Name, function: Function) -> bool:
    """Whether the function has failed before it comes to a name, if that holds several indices."""
    if len(module.lookup.bindings_of(node)) != 1:
        return False
    used = module.statement(node)
    for part in walk(function):
        if isinstance(part, ast.Name) and part.id == node.id and part is not node and _asks_for_one(module, part):
            shown = module.statement(part)
            if shown is used or _stands_before(module, shown, used):
                return True
    return False


def _asks_for_one(module: ModuleFacts, part: ast.expr) -> bool:
    """`int(label)`, `int(table[label])`, `rows[label:]`, `range(label + 1)`, wherever that is worked out at all."""
    around = module.parent(part)
    if isinstance(around, ast.Subscript) and around.slice is part:
        part, around = around, module.parent(around)
    else:
        while isinstance(around, _ARITHMETIC) and not isinstance(getattr(around, "op", None), ast.MatMult):
            part, around = around, module.parent(around)
    if isinstance(around, ast.Call):
        asks = part in around.args and module.resolve(around.func) in _OF_ONE
    else:
        asks = isinstance(around, ast.Slice) and not isinstance(part, ast.Subscript)
    while asks and around is not None and not isinstance(around, ast.stmt):
        asks = not isinstance(around, _LEFT_OUT)
        around = module.parent(around)
    return asks


def _stands_before(module: ModuleFacts, shown: ast.stmt, used: ast.stmt) -> bool:
    """Whether one statement is done on every way to the other: it stands above it in a block around it."""
    block = module.parent(shown)
    inner: ast.AST = used
    for holder in module.around(used):
        if holder is block:
            break
        inner = holder
    else:
        return False
    blocks = (getattr(block, name, None) for name in ("body", "orelse", "finalbody"))
    held = next((each for each in blocks if isinstance(each, list) and shown in each), [])
    return inner in held and held.index(shown) < held.index(inner)
