"""Lists that a call writes out, and the function makes neither longer nor shorter: `generator([latent])`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_NAMES = 8
"""Names that stand for one list in turn: `styles = truncated`, which is filled from `styles`."""

_READING = frozenset({"copy", "count", "index"})
_ASKING = frozenset(
    {
        *("all", "any", "enumerate", "filter", "isinstance", "iter", "len", "list", "map", "max", "min", "print"),
        *("range", "repr", "reversed", "set", "sorted", "str", "sum", "tuple", "type", "zip"),
    }
)
_LIBRARIES = ("itertools.", "jax.", "math.", "numpy.", "random.", "tensorflow.", "torch.")
"""Functions that leave a list as long as it is."""

_LEAVING = (ast.Break, ast.Continue, ast.Return, ast.Yield, ast.YieldFrom)

_KEPT: WeakKeyDictionary[ModuleFacts, dict[Function, frozenset[str]]] = WeakKeyDictionary()


def with_kept_lengths(module: ModuleFacts, function: Function) -> frozenset[str]:
    """The parameters whose length a function asks, where whatever it puts in their place is as long."""
    known = _KEPT.setdefault(module, {})
    if function not in known:
        known[function] = frozenset(_find(module, function))
    return known[function]


def counted(node: ast.AST) -> str | None:
    """The name in `len(name)`."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "len" or len(node.args) != 1:
        return None
    return getattr(node.args[0], "id", None)


def _find(module: ModuleFacts, function: Function) -> Sequence[str]:
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    asked = {counted(node) for node in walk(function) if isinstance(node, ast.Call)}
    names = [argument.arg for argument in arguments if argument.arg in asked]
    if not names:
        return ()
    uses: dict[str, list[ast.Name]] = {}
    for node in walk(function):
        if isinstance(node, ast.Name):
            uses.setdefault(node.id, []).append(node)
    return [name for name in names if _is_kept(module, function, name, uses)]


def _is_kept(module: ModuleFacts, function: Function, name: str, uses: Mapping[str, Sequence[ast.Name]]) -> bool:
    pending, seen = [name], {name}
    while pending:
        current = pending.pop()
        if current != name and not _is_filled_once(module, uses.get(current, ())):
            return False
        for use in uses.get(current, ()):
            others = _as_long_as(module, use, is_given=current == name)
            if others is None or module.enclosing_function(use) is not function:
                return False
            pending += others - seen
            seen |= others
        if len(seen) > MAX_NAMES:
            return False
    return True


def _as_long_as(module: ModuleFacts, use: ast.Name, *, is_given: bool) -> frozenset[str] | None:
    """The names that have to be as long for a use to leave the length as it is; None where it may change it."""
    parent = module.parent(use)
    if isinstance(use.ctx, ast.Store):
        return _source(parent, is_given=is_given)
    if isinstance(parent, ast.Attribute):
        loop = _filling(module, parent) if not is_given else None
        if loop is not None:
            return frozenset({loop})
        return frozenset() if parent.attr in _READING else None
    if isinstance(parent, ast.Subscript):
        if isinstance(parent.ctx, ast.Del):
            return None
        is_item = parent.value is use and not isinstance(parent.slice, ast.Slice)
        return frozenset() if isinstance(parent.ctx, ast.Load) or is_item else None
    if isinstance(parent, ast.Call):
        called = module.resolve(parent.func)
        return frozenset() if called in _ASKING or (called or "").startswith(_LIBRARIES) else None
    if isinstance(parent, ast.Assign):
        target = parent.targets[0] if len(parent.targets) == 1 else None
        return frozenset({target.id}) if isinstance(target, ast.Name) else None
    is_read = isinstance(parent, ast.For | ast.comprehension | ast.Compare | ast.Return | ast.UnaryOp | ast.If)
    return frozenset() if is_read else None


def _source(statement: ast.AST | None, *, is_given: bool) -> frozenset[str] | None:
    """`styles = [self.style(s) for s in styles]`, `styles = others`, `others = []`."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    value: ast.expr = statement.value
    if isinstance(value, ast.List) and not value.elts and not is_given:
        return frozenset()
    if isinstance(value, ast.ListComp) and len(value.generators) == 1 and not value.generators[0].ifs:
        value = value.generators[0].iter
    return frozenset({value.id}) if isinstance(value, ast.Name) else None


def _filling(module: ModuleFacts, method: ast.Attribute) -> str | None:
    """What a loop goes over that does nothing but append one element in each round."""
    call = module.parent(method)
    statement = module.parent(call) if isinstance(call, ast.Call) and method.attr == "append" else None
    loop = module.parent(statement) if isinstance(statement, ast.Expr) else None
    if not isinstance(loop, ast.For) or statement not in loop.body or not isinstance(loop.iter, ast.Name):
        return None
    return None if any(isinstance(part, _LEAVING) for part in walk(loop)) else loop.iter.id


def _is_filled_once(module: ModuleFacts, uses: Sequence[ast.Name]) -> bool:
    """Whether a list that starts empty is put there once, and filled by one loop; others are made whole."""
    stores = [module.parent(use) for use in uses if isinstance(use.ctx, ast.Store)]
    empty = [each for each in stores if isinstance(each, ast.Assign) and isinstance(each.value, ast.List)]
    appends = [use for use in uses if getattr(module.parent(use), "attr", "") == "append"]
    return (len(stores) == len(appends) == 1) if empty or appends else True
