"""Whether an argument is true in some of the calls: `shuffle=(split == "train")`, `shuffle=shuffle`.

The program that trains is the one that counts, so an answer of "sometimes" is a yes; where the text says nothing of how
it comes about, it is a no.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.names import method_kind
from auditor.static.resolution.constants import may_hold_for_none
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.elements import UNKNOWN, Known, Unknown

if TYPE_CHECKING:
    from auditor.static.facts import Function, ModuleFacts

MAX_STEPS = 4
"""Parameters that are passed on through so many functions."""

MAX_ROWS = 200
"""Entries of a table, `shuffle[split]`, that are looked at."""


def may_be_true(module: ModuleFacts, node: ast.expr, steps: int = MAX_STEPS, seen: set[ast.AST] | None = None) -> bool:
    """Whether an expression that is no constant is true where the program trains, as far as the text says.

    `seen`: values and parameters that were asked about; a function may call itself, in many places.
    """
    seen = set() if seen is None else seen
    value = module.constant(node)
    if isinstance(value, Known):
        return value.value is True
    if may_hold_for_none(module, node):
        return True
    if isinstance(node, ast.Compare):
        return _may_be_text(module, node, steps)
    if isinstance(node, ast.IfExp):
        return any(may_be_true(module, part, steps, seen) for part in (node.body, node.orelse))
    if isinstance(node, ast.Subscript):
        table = module.origin(node.value)
        rows = table.values[:MAX_ROWS] if isinstance(table, ast.Dict) else []
        return any(isinstance(row, ast.Constant) and row.value is True for row in rows)
    if isinstance(node, ast.Name) and steps:
        return any(may_be_true(owner, each, steps - 1, seen) for owner, each in _sources(module, node, seen))
    return _is_true_by_default(module, node)


def _is_true_by_default(module: ModuleFacts, node: ast.expr) -> bool:
    """`not options.serial`, `options.shuffle`, in a run that nobody gives options."""
    from auditor.static.evaluation.plainvalue import plain_argument  # which few files need

    value = plain_argument(module, node) if isinstance(node, ast.Attribute | ast.UnaryOp) else UNKNOWN
    return isinstance(value, Known) and value.value is True


def _may_be_text(module: ModuleFacts, node: ast.Compare, steps: int) -> bool:
    """`split == "train"`, of a name that the text does not give only other values."""
    wanted = node.comparators[0]
    if not (
        len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq)
        and isinstance(wanted, ast.Constant)
        and isinstance(wanted.value, str)
        and isinstance(node.left, ast.Name | ast.Attribute | ast.Subscript)
    ):
        return False
    if isinstance(node.left, ast.Name) and steps:
        values = [owner.constant(each) for owner, each in _sources(module, node.left, set())]
        return not values or any(not isinstance(value, Known) or value.value == wanted.value for value in values)
    return True


def _sources(module: ModuleFacts, node: ast.Name, seen: set[ast.AST]) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """What a name is given: by assignments, or, for a parameter, by calls and by its default; each is `seen` once."""
    for binding in module.lookup.in_force(node):
        source = binding.value or binding.node
        if source in seen:
            continue
        seen.add(source)
        if binding.kind is BindingKind.VALUE and binding.value is not None:
            yield module, binding.value
        elif binding.kind is BindingKind.PARAMETER and isinstance(binding.node, ast.arg):
            yield from _given(module, binding.node)


def default_value(module: ModuleFacts, node: ast.expr) -> Known | Unknown:
    """What a parameter is where a call leaves it out, or an attribute that is only assigned such a parameter."""
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
        holder = module.enclosing_class(node)
        stored = module.self_attributes(holder).get(node.attr, []) if holder is not None else []
        return default_value(module, stored[0]) if len(stored) == 1 and isinstance(stored[0], ast.Name) else UNKNOWN
    if not isinstance(node, ast.Name):
        return UNKNOWN
    bindings = module.lookup.bindings_of(node)
    argument = bindings[0].node if len(bindings) == 1 and bindings[0].kind is BindingKind.PARAMETER else None
    if not isinstance(argument, ast.arg):
        return UNKNOWN
    default = default_of(module.function_of_parameter(argument), argument.arg)
    return module.constant(default) if default is not None else UNKNOWN


def _given(module: ModuleFacts, argument: ast.arg) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    from auditor.static.resolution.callers import calls_seen  # which asks of programs, and these of arguments

    function = module.function_of_parameter(argument)
    default = default_of(function, argument.arg)
    place = _place(function, argument.arg)
    called = [(caller, call) for caller, call, _ in calls_seen(module, function)]
    if default is not None and not called:
        yield module, default
    for caller, call in called:
        passed = _passed(call, argument.arg, place)
        if passed is not None:
            yield caller, passed
        elif default is not None:
            yield module, default


def _place(function: Function, name: str) -> int | None:
    """Where a parameter stands among those of a call that is written like the function; `self` is not one of them."""
    positional = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    skipped = int(positional[:1] in (["self"], ["cls"]) or method_kind(function) == "class")
    return positional.index(name) - skipped if name in positional else None


def _passed(call: ast.Call, name: str, place: int | None) -> ast.expr | None:
    for word in call.keywords:
        if word.arg == name:
            return word.value
    given = call.args[place : place + 1] if place is not None and place >= 0 else []
    starred = any(isinstance(each, ast.Starred) for each in call.args[: (place or 0) + 1])
    return given[0] if given and not starred else None
