"""What callers give a function that hands it on: `def make(data, **options): return DataLoader(data, **options)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING, TypeGuard
from auditor.model.lean import replace
from auditor.static.evaluation.spread import is_changed_anywhere, spread
from auditor.static.facts import Call, ModuleFacts
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.reuse.trace import Memory

MAX_CALLS = 50
"""Calls of one function that are looked at; of one that is called more often nothing is known."""

MAX_KINDS = 8
"""Different keywords that these give; of more nothing is known."""

_FURTHER: WeakKeyDictionary[ModuleFacts, Memory[Function, Sequence[Sequence[ast.keyword]]]] = WeakKeyDictionary()


def as_called(call: Call, module: ModuleFacts) -> Iterator[Call]:
    """The call once for each way in which others call the function around it, with the keywords that they give.

    Nothing where it does not hand on its own `**options` as they are, or a caller's are not known.
    """
    rest = next((word.value for word in call.node.keywords if word.arg is None), None)
    function = call.function
    if rest is None or function is None or not _is_rest(rest, function) or is_changed_anywhere(module, rest):
        return
    known = _FURTHER.setdefault(module, {})
    before = [word for word in call.node.keywords if word.arg is not None]
    for further in module.project.trace.once(known, function, lambda: _further(module, function, rest)):
        made = ast.Call(func=call.node.func, args=call.node.args, keywords=[*before, *further])
        yield replace(call, node=ast.copy_location(made, call.node))


def _further(module: ModuleFacts, function: Function, rest: ast.expr) -> Sequence[Sequence[ast.keyword]]:
    """What calls of a function give it beyond its parameters, each way once."""
    from auditor.static.resolution.callers import calls_seen  # which asks of programs, and these of arguments

    calls = list(islice(calls_seen(module, function), MAX_CALLS + 1))
    own = {each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    found: dict[tuple[str, ...], Sequence[ast.keyword]] = {}
    for caller, outer, _ in calls if len(calls) <= MAX_CALLS else ():
        words = spread(caller, outer).keywords
        if any(word.arg is None for word in words):
            return ()
        further = [_seen_from(module, caller, word, rest) for word in words if word.arg not in own]
        found[tuple(map(ast.dump, further))] = further
    return tuple(found.values()) if len(found) <= MAX_KINDS else ()


def _is_rest(node: ast.expr, function: Function) -> TypeGuard[ast.Name]:
    return function.args.kwarg is not None and isinstance(node, ast.Name) and node.id == function.args.kwarg.arg


def _seen_from(module: ModuleFacts, caller: ModuleFacts, word: ast.keyword, rest: ast.expr) -> ast.keyword:
    """What another file gives means nothing here unless it is a constant."""
    if caller is module or isinstance(word.value, ast.Constant):
        return word
    name = ast.copy_location(ast.Constant(word.arg), rest)
    part = ast.copy_location(ast.Subscript(value=rest, slice=name, ctx=ast.Load()), rest)
    return ast.keyword(arg=word.arg, value=part)
