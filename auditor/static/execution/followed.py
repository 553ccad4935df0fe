"""What is done with an object after the call that made it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import islice

from auditor.static.facts import Call, ModuleFacts
from auditor.static.syntax.elements import is_none

MAX_METHODS = 200
"""Methods of one object that are looked at."""


def methods_after(call: Call, module: ModuleFacts) -> Iterator[tuple[str, ast.Call | None]]:
    """Methods of what the call makes, with their calls: in the same chain, or under the name that keeps it.

    Attributes that something is assigned to come with them: `bit_generator.state` of `rng.bit_generator.state = s`.
    """
    current: ast.AST = call.node
    while isinstance(outer := module.parent(current), ast.Attribute | ast.Call):
        if isinstance(outer, ast.Attribute):
            called = module.parent(outer)
            yield outer.attr, called if isinstance(called, ast.Call) and called.func is outer else None
        if isinstance(outer, ast.Call) and outer.func is not current:
            return
        current = outer
    while isinstance(outer, ast.IfExp):  # `model = SAC.load(path) if path else SAC(policy, env)`
        outer = module.parent(outer)
    if not isinstance(outer, ast.Assign | ast.AnnAssign):
        return
    targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
    for name in sorted({ast.unparse(target) for target in targets}):
        for each in module.receivers.calls_on(name):
            if each.method:
                yield each.method, each.node
        for attribute, node in module.receivers.stored_below(name):
            if not _is_asked_for(module, node, outer):
                yield attribute, None


def is_set_later(call: Call, module: ModuleFacts, later: Mapping[str, str]) -> bool:
    """Whether the object that a call makes gets a state of its own: stored in an attribute, or in all calls of methods.

    `later`: these methods, with the keyword that gives the state; attributes with `=`.
    """
    given = []
    for name, made in islice(methods_after(call, module), MAX_METHODS):
        keyword = later.get(name)
        if keyword == "=" and made is None:
            return True
        if keyword and made is not None:
            given.append(any(word.arg == keyword and not is_none(word.value) for word in made.keywords))
    return bool(given) and all(given)


def _is_asked_for(module: ModuleFacts, node: ast.AST, made: ast.stmt) -> bool:
    """Whether a node stands under a condition that what makes the object does not stand under."""
    shared = {made, *module.around(made)}
    return any(isinstance(each, ast.If | ast.ExceptHandler) and each not in shared for each in module.around(node))


def taken_by(call: Call, module: ModuleFacts) -> str | None:
    """The function that is given what comes of the call, at the end of its chain: `sorted(ids.unique().to_list())`."""
    current: ast.AST = call.node
    while isinstance(outer := module.parent(current), ast.Attribute | ast.Call):
        if isinstance(outer, ast.Call) and outer.func is not current:
            return module.resolve(outer.func)
        current = outer
    return None
