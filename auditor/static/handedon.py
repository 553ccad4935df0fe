"""What callers give a function that hands it on: `def make(data, **options): return DataLoader(data, **options)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from auditor.model.annotations import TypeGuard
from auditor.model.lean import replace
from auditor.static.bindings import Function
from auditor.static.facts import Call, ModuleFacts
from auditor.static.spread import is_changed_anywhere, spread

MAX_CALLS = 50
"""Calls of one function that are looked at; of one that is called more often nothing is known."""


def as_called(call: Call, module: ModuleFacts) -> Iterator[Call]:
    """The call once for each caller of the function around it, with the keywords that this one gives.

    Nothing where it does not hand on its own `**options` as they are, or a caller's are not known.
    """
    rest = next((word.value for word in call.node.keywords if word.arg is None), None)
    function = call.function
    if rest is None or function is None or not _is_rest(rest, function) or is_changed_anywhere(module, rest):
        return
    from auditor.static.callers import calls_seen  # which asks of programs, and these of arguments

    found = list(islice(calls_seen(module, function), MAX_CALLS + 1))
    if len(found) > MAX_CALLS:
        return
    own = {each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    before = [word for word in call.node.keywords if word.arg is not None]
    written: list[Call] = []
    for caller, outer, _ in found:
        words = spread(caller, outer).keywords
        if any(word.arg is None for word in words):
            return
        further = [_seen_from(module, caller, word, rest) for word in words if word.arg not in own]
        made = ast.Call(func=call.node.func, args=call.node.args, keywords=[*before, *further])
        written.append(replace(call, node=ast.copy_location(made, call.node)))
    yield from written


def _is_rest(node: ast.expr, function: Function) -> TypeGuard[ast.Name]:
    return function.args.kwarg is not None and isinstance(node, ast.Name) and node.id == function.args.kwarg.arg


def _seen_from(module: ModuleFacts, caller: ModuleFacts, word: ast.keyword, rest: ast.expr) -> ast.keyword:
    """What another file gives means nothing here unless it is a constant."""
    if caller is module or isinstance(word.value, ast.Constant):
        return word
    name = ast.copy_location(ast.Constant(word.arg), rest)
    part = ast.copy_location(ast.Subscript(value=rest, slice=name, ctx=ast.Load()), rest)
    return ast.keyword(arg=word.arg, value=part)
