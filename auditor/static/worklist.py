"""Sets that are worked off: `while nodes: node = nodes.pop()`, where each turn only fills other sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.facts import ModuleFacts
from auditor.static.nodeindex import names_of

_ADDING = frozenset({"add", "clear", "difference_update", "discard", "intersection_update", "remove", "update"})
"""Methods of sets after which the order of the calls is not seen."""

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
    return all(_is_plain(statement) for statement in _statements(loop.body)) and not _is_read_behind(module, loop)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    pending = list(body)
    while pending:
        statement = pending.pop()
        yield statement
        if isinstance(statement, ast.If | ast.For):
            pending += (*statement.body, *statement.orelse)


def _is_plain(statement: ast.stmt) -> bool:
    """Whether a statement gives names to something, asks, or adds to a set."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(target, ast.Name) for target in statement.targets)
    if isinstance(statement, ast.Expr):
        called = statement.value.func if isinstance(statement.value, ast.Call) else None
        return isinstance(called, ast.Attribute) and called.attr in _ADDING
    return isinstance(statement, _STATEMENTS)


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
