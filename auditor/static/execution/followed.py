"""What is done with an object after the call that made it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from auditor.static.execution.storedafter import stored_after
from auditor.static.facts import Call, ModuleFacts

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
    for name in _kept_under(call, module):
        for each in module.receivers.calls_on(name):
            if each.method:
                yield each.method, each.node
        yield from ((attribute, None) for attribute, _ in _stored_in(call, module, name))


def _kept_under(call: Call, module: ModuleFacts) -> list[str]:
    """The names that what comes of a chain of calls is assigned to."""
    statement = _keeping(call, module)
    if statement is None:
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return sorted({ast.unparse(target) for target in targets})


def _keeping(call: Call, module: ModuleFacts) -> ast.Assign | ast.AnnAssign | None:
    """The statement that assigns what comes of a chain of calls."""
    current: ast.AST = call.node
    while isinstance(outer := module.parent(current), ast.Attribute | ast.Call):
        if isinstance(outer, ast.Call) and outer.func is not current:
            return None
        current = outer
    while isinstance(outer, ast.IfExp):  # `model = SAC.load(path) if path else SAC(policy, env)`
        outer = module.parent(outer)
    return outer if isinstance(outer, ast.Assign | ast.AnnAssign) else None


def _stored_in(call: Call, module: ModuleFacts, name: str) -> Iterator[tuple[str, ast.expr]]:
    """Attributes that something is assigned to wherever the object is made, with the place."""
    statement = _keeping(call, module)
    for attribute, node in module.receivers.stored_below(name):
        if statement is not None and not _is_asked_for(module, node, statement):
            yield attribute, node


def is_set_later(call: Call, module: ModuleFacts, later: Mapping[str, str], is_own: Callable[[ast.expr], bool]) -> bool:
    """Whether the object that a call makes gets a state of its own: stored in an attribute, or in all calls of methods.

    `later`: these methods, with the keyword that gives the state; attributes with `=`. `is_own`: whether something is a
    state, and not the one that the global generator has in no two runs.
    """
    stored = stored_after(module, call.node, [name for name, keyword in later.items() if keyword == "="])
    if (stored and all(map(is_own, stored))) or _is_set_first(call, module, later, is_own):
        return True
    given = []
    for name, made in islice(methods_after(call, module), MAX_METHODS):
        keyword = later.get(name)
        if keyword and made is not None:
            given.append(any(word.arg == keyword and is_own(word.value) for word in made.keywords))
    return bool(given) and all(given)


def _is_set_first(
    call: Call, module: ModuleFacts, later: Mapping[str, str], is_own: Callable[[ast.expr], bool]
) -> bool:
    """Whether a state is stored in what only draws in methods that are known, with none of their calls further up."""
    drawing = {name for name, keyword in later.items() if keyword != "="}
    if not drawing:
        return False
    drawn = [made for name, made in islice(methods_after(call, module), MAX_METHODS) if made and name in drawing]
    for name in _kept_under(call, module):
        for attribute, node in islice(_stored_in(call, module, name), MAX_METHODS):
            statement = module.parent(node)
            if later.get(attribute) == "=" and isinstance(statement, ast.Assign) and is_own(statement.value):
                function = module.enclosing_function(node)
                above = (made for made in drawn if call.node.lineno < made.lineno < node.lineno)
                return not any(module.enclosing_function(made) is function for made in above)
    return False


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
