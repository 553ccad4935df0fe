"""Sets that are worked off: `while nodes: node = nodes.pop()`, where each turn only fills other sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.facts import ModuleFacts
from auditor.static.nodeindex import names_of
from auditor.static.nodes import walk

_ADDING = frozenset({"add", "clear", "difference_update", "discard", "intersection_update", "remove", "update"})
"""Methods of sets after which the order of the calls is not seen."""

_OF_SETS = frozenset({"add", "difference_update", "discard", "intersection_update"})
"""Those of them that nothing else has which would show it."""

_GIVING = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})

_STATEMENTS = (ast.Assign, ast.Expr, ast.If, ast.For, ast.Continue, ast.Pass, ast.Assert)
"""What a turn may consist of; a `break` or a `return` takes one that fits."""

MAX_PLACES = 200
"""Places of one name that are looked at; one with more of them may be read anywhere."""


def is_worked_off(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether `pop()` takes out one after the other until none is left, and no turn does what shows their order.

    What a turn fills has to be sets as far as the text tells: `seen.add(node)`, and nothing that it assigned is read
    behind the loop.
    """
    popped = module.statement(call)
    loop = module.parent(popped)
    emptied = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(loop, ast.While) or loop.orelse or not isinstance(emptied, ast.Name):
        return False
    if not (isinstance(loop.test, ast.Name) and loop.test.id == emptied.id):
        return False
    if not (isinstance(popped, ast.Assign) and popped.value is call):
        return False
    statements = list(_statements(loop.body))
    if not all(_is_plain(module, statement, emptied.id) for statement in statements) or _is_read_behind(module, loop):
        return False
    filled = {emptied.id, *(name for name in map(_filled, statements) if name is not None)}
    return not any(_shows_turn(module, part, filled) for part in walk(loop))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    pending = list(body)
    while pending:
        statement = pending.pop()
        yield statement
        if isinstance(statement, ast.If | ast.For):
            pending += (*statement.body, *statement.orelse)


def _is_plain(module: ModuleFacts, statement: ast.stmt, emptied: str) -> bool:
    """Whether a statement gives names to something, asks, or adds to a set."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Name) for target in statement.targets)
    if isinstance(statement, ast.Expr):
        called = statement.value.func if isinstance(statement.value, ast.Call) else None
        if not isinstance(called, ast.Attribute) or called.attr not in _ADDING:
            return False
        is_emptied = isinstance(called.value, ast.Name) and called.value.id == emptied
        return is_emptied or called.attr in _OF_SETS or _is_set(module, called.value)
    return isinstance(statement, _STATEMENTS)


def _is_set(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a name is given a set: dictionaries and meters have an `update` too, and show in which order."""
    origin = module.origin(node) if isinstance(node, ast.Name) else node
    if isinstance(origin, ast.Call):
        return module.resolve(origin.func) in ("set", "frozenset") or getattr(origin.func, "attr", "") in _GIVING
    return isinstance(origin, ast.Set | ast.SetComp)


def _filled(statement: ast.stmt) -> str | None:
    """The name of what a turn adds to."""
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    return getattr(called.value, "id", None) if isinstance(called, ast.Attribute) else None


def _shows_turn(module: ModuleFacts, part: ast.AST, filled: set[str]) -> bool:
    """`len(seen)` counts the turns, and a number that is drawn is another one in each."""
    if not isinstance(part, ast.Call):
        return False
    if getattr(part.func, "id", "") == "len":
        return any(getattr(given, "id", "") in filled for given in part.args)
    called = module.resolve(part.func)
    return called is not None and bool(module.project.rng.candidates(called))


def _is_read_behind(module: ModuleFacts, loop: ast.While) -> bool:
    """Whether a name that a turn assigns is read after the last turn."""
    function = module.enclosing_function(loop)
    assigned = {
        target.id
        for statement in _statements(loop.body)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    places = [names_of(module).get(name, ()) for name in sorted(assigned)]
    return any(len(nodes) > MAX_PLACES for nodes in places) or any(
        node.lineno > (loop.end_lineno or loop.lineno)
        and isinstance(node.ctx, ast.Load)
        and module.enclosing_function(node) is function
        for nodes in places
        for node in nodes
    )
