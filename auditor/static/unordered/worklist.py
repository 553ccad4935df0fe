"""Sets that are worked off: `while nodes: node = nodes.pop()`, where each turn only fills other sets and lists."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk

_ADDING = frozenset({"add", "clear", "difference_update", "discard", "intersection_update", "remove", "update"})
"""Methods of sets after which the order of the calls is not seen."""

_OF_SETS = frozenset({"add", "difference_update", "discard", "intersection_update"})
"""Those of them that nothing else has which would show it."""

_TAKING_OUT = _ADDING - {"add", "update"}

_GIVING = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})

_OPERATORS = (ast.BitAnd, ast.BitOr, ast.Sub)
"""What `nodes |= found` and its like do, after which the order is not seen either."""

_STATEMENTS = (ast.Assign, ast.Expr, ast.If, ast.For, ast.While, ast.Continue, ast.Pass, ast.Assert)
"""What a turn may consist of; a `break` or a `return` takes one that fits."""

MAX_STATEMENTS = 100
"""Statements of one turn; in a longer one something is taken to show the order."""

MAX_PLACES = 200
"""Places of one name that are looked at; one with more of them may be read anywhere."""


def worked_off(module: ModuleFacts, call: ast.Call) -> tuple[ast.expr, ...] | None:
    """The lists that are filled where `pop()` takes out one after the other until none is left; None of any other.

    No turn may do what shows the order in another way: what it fills has to be sets as far as the text tells
    (`seen.add(node)`), or lists that it only appends to, and nothing that it assigned is read behind the loop.
    """
    popped = module.statement(call)
    if isinstance(popped, ast.Expr) and popped.value is call:
        return ()  # it is thrown away
    loop = module.parent(popped)
    emptied = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(loop, ast.While) or loop.orelse or not isinstance(emptied, ast.Name):
        return None
    places = names_of(module)
    if not _asks_for_any(loop.test, emptied.id) or not (isinstance(popped, ast.Assign) and popped.value is call):
        return None
    statements = list(islice(_statements(loop.body), MAX_STATEMENTS + 1))
    if len(statements) > MAX_STATEMENTS:
        return None
    lists = {held.id: held for held in map(_appended_to, statements) if held is not None}
    if any(len(places.get(name, ())) > MAX_PLACES for name in (emptied.id, *lists)):
        return None
    others = [statement for statement in statements if _appended_to(statement) is None]
    if not all(_is_plain(module, statement, emptied.id) for statement in others) or _is_read_behind(module, loop):
        return None
    filled = {emptied.id, *lists, *(name for name in map(_filled, others) if name is not None)}
    parts = [part for statement in loop.body for part in walk(statement)]
    if any(_shows_turn(module, part, filled) or _reads_list(module, part, lists) for part in parts):
        return None
    if _picks_first(parts, statements, popped.targets[0], emptied.id, filled):
        return None
    return tuple(lists.values())


def _picks_first(
    parts: Sequence[ast.AST], statements: Sequence[ast.stmt], node: ast.expr, emptied: str, filled: set[str]
) -> bool:
    """Whether what came first decides about the rest: `chosen.add(node)`, `nodes -= conflicts[node]`.

    It does where a turn takes others out of the set and keeps its own node in something that outlasts it, and where it
    asks of something that it does not add whether it is there: `if not any(c in chosen for c in conflicts[node])`.
    """
    added = {ast.dump(call.args[0]): call for call in map(_adding, statements) if call is not None}
    anew = {
        target.id
        for each in statements
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    own = [call for call in map(_adding, statements) if call is not None and ast.dump(call.args[0]) == _read(node)]
    outlasting = any(
        isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") not in anew for call in own
    )
    if outlasting and any(_takes_out(each, emptied, filled) for each in statements):
        return True
    collected = {
        ast.dump(each.elt) for each in parts if isinstance(each, ast.GeneratorExp | ast.SetComp | ast.ListComp)
    }
    asked = [each for each in parts if isinstance(each, ast.Compare) and isinstance(each.ops[0], ast.In | ast.NotIn)]
    return any(
        getattr(each.comparators[0], "id", "") in filled - {emptied} - anew
        and ast.dump(each.left) not in (_read(node), *added, *collected)
        for each in asked
    )


def _read(node: ast.expr) -> str:
    return ast.dump(ast.Name(id=node.id, ctx=ast.Load())) if isinstance(node, ast.Name) else ""


def _adding(statement: ast.stmt) -> ast.Call | None:
    """`chosen.add(node)`, `order.append(node)`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    is_adding = (
        isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("add", "append") and len(call.args) == 1
    )
    return call if isinstance(call, ast.Call) and is_adding else None


def _takes_out(statement: ast.stmt, emptied: str, filled: set[str]) -> bool:
    """`nodes -= conflicts[node]`, `nodes.discard(other)`; not `nodes -= seen`, all of which was met."""
    if isinstance(statement, ast.AugAssign):
        is_less = getattr(statement.target, "id", "") == emptied and not isinstance(statement.op, ast.BitOr)
        return is_less and getattr(statement.value, "id", "") not in filled
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in _TAKING_OUT:
        return False
    is_emptied = getattr(call.func.value, "id", "") == emptied
    return is_emptied and not any(getattr(given, "id", "") in filled for given in call.args)


def _asks_for_any(test: ast.expr, emptied: str) -> bool:
    """`while nodes`, `while len(nodes)`, `while len(nodes) > 0`."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Gt | ast.NotEq):
        limit = test.comparators[0]
        is_none_left = isinstance(limit, ast.Constant) and limit.value == 0
        return is_none_left and isinstance(test.left, ast.Call) and _asks_for_any(test.left, emptied)
    if isinstance(test, ast.Call):
        return getattr(test.func, "id", "") == "len" and len(test.args) == 1 and _asks_for_any(test.args[0], emptied)
    return isinstance(test, ast.Name) and test.id == emptied


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    pending = list(body)
    while pending:
        statement = pending.pop()
        yield statement
        if isinstance(statement, ast.If | ast.For | ast.While):
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
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, _OPERATORS):
        return getattr(statement.target, "id", "") == emptied or _is_set(module, statement.target)
    return isinstance(statement, _STATEMENTS)


def _is_set(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a name is given a set: dictionaries and meters have an `update` too, and show in which order."""
    origin = module.origin(node) if isinstance(node, ast.Name) else node
    if isinstance(origin, ast.Call):
        return module.resolve(origin.func) in ("set", "frozenset") or getattr(origin.func, "attr", "") in _GIVING
    return isinstance(origin, ast.Set | ast.SetComp)


def _appended_to(statement: ast.stmt) -> ast.Name | None:
    """`order` of `order.append(node)`."""
    called = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    held = called.value if isinstance(called, ast.Attribute) and called.attr == "append" else None
    return held if isinstance(held, ast.Name) else None


def _reads_list(module: ModuleFacts, part: ast.AST, lists: Mapping[str, ast.Name]) -> bool:
    """Whether a turn looks into a list for more than whether something is in it."""
    if not isinstance(part, ast.Name) or part.id not in lists:
        return False
    holder = module.parent(part)
    if isinstance(holder, ast.Attribute):
        return holder.attr != "append"
    if not isinstance(holder, ast.Compare):
        return True
    return part is holder.left or not all(isinstance(each, ast.In | ast.NotIn) for each in holder.ops)


def _filled(statement: ast.stmt) -> str | None:
    """The name of what a turn adds to."""
    if isinstance(statement, ast.AugAssign):
        return getattr(statement.target, "id", None)
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
