"""What annotations say that a list, a set or another collection holds: `set[int]`, `Optional[List[str]]`."""

from __future__ import annotations

import ast

from auditor.static.facts import ModuleFacts
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.bindings import BindingKind
from auditor.static.text.dotted import dotted_text

NUMBERS = frozenset({"bool", "float", "int"})
TEXTS = frozenset({"bytes", "str"})

_COLLECTIONS = frozenset(
    {"abstractset", "collection", "frozenset", "iterable", "iterator", "list", "mutableset", "sequence", "set", "tuple"}
)
"""In small letters: what holds several of something."""

_SETS = frozenset({"abstractset", "frozenset", "mutableset", "set"})
_TABLES = frozenset({"defaultdict", "dict", "list", "mapping", "mutablemapping", "ordereddict", "sequence", "tuple"})


def holds_only(module: ModuleFacts, node: ast.expr, kinds: frozenset[str]) -> bool:
    """Whether an annotation says that a collection holds nothing but these.

    That of a parameter, where nothing else is called so, of what a function of the project gives back, or of a name
    or an attribute that gets this very expression.
    """
    if isinstance(node, ast.Name):
        bindings = module.lookup.bindings_of(node)
        given = bindings[0].node if len(bindings) == 1 and bindings[0].kind is BindingKind.PARAMETER else None
        return isinstance(given, ast.arg) and _says(given.annotation, kinds)
    holder = module.parent(node)
    if isinstance(holder, ast.AnnAssign) and holder.value is node and _says(holder.annotation, kinds):
        return True
    callee = module.names.value(node.func) if isinstance(node, ast.Call) else None
    return isinstance(callee, FunctionRef) and _says(getattr(callee.node, "returns", None), kinds)


def table_holds_only(module: ModuleFacts, made: ast.expr, kinds: frozenset[str]) -> bool:
    """Whether an annotation says that the sets in a dictionary or a list hold nothing but these: `dict[int, set[str]]`.

    `made`: what makes it, or the name or attribute by which it is asked. Also of a set itself: `set[str]`.
    """
    holder = module.parent(made)
    if isinstance(holder, ast.AnnAssign) and holder.value is made:
        return _says_inside(holder.annotation, kinds)
    if not isinstance(made, ast.Name):
        return False
    bindings = module.lookup.bindings_of(made)
    given = bindings[0].node if len(bindings) == 1 else None
    return isinstance(given, ast.AnnAssign | ast.arg) and _says_inside(given.annotation, kinds)


def _says_inside(hint: ast.expr | None, kinds: frozenset[str]) -> bool:
    """`dict[str, set[str]]`, `list[set[str]]`, `defaultdict[int, set[str]]`."""
    if not isinstance(hint, ast.Subscript):
        return False
    inner = hint.slice.elts[-1] if isinstance(hint.slice, ast.Tuple) else hint.slice
    if _last(hint.value) in _SETS:
        return _says(hint, kinds)
    return _last(hint.value) in _TABLES and _says_inside(inner, kinds)


def _says(hint: ast.expr | None, kinds: frozenset[str]) -> bool:
    """`list[int]`, `Optional[Set[int]]`, `set[tuple[int, int]] | None`."""
    if isinstance(hint, ast.BinOp) and isinstance(hint.op, ast.BitOr):
        sides = [side for side in (hint.left, hint.right) if not _is_none(side)]
        return len(sides) == 1 and _says(sides[0], kinds)
    if not isinstance(hint, ast.Subscript):
        return False
    name = _last(hint.value)
    if name == "optional":
        return _says(hint.slice, kinds)
    parts = hint.slice.elts if isinstance(hint.slice, ast.Tuple) else [hint.slice]
    return name in _COLLECTIONS and all(_is_one_of(part, kinds) for part in parts)


def _is_one_of(hint: ast.expr, kinds: frozenset[str]) -> bool:
    if isinstance(hint, ast.Constant) and hint.value is Ellipsis:
        return True
    if isinstance(hint, ast.Subscript):
        return _last(hint.value) == "tuple" and _says(hint, kinds)
    return getattr(hint, "id", "") in kinds


def _last(node: ast.expr) -> str:
    return (dotted_text(node) or "").rpartition(".")[2].lower()


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
