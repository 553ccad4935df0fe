"""Items that are equal whichever turn adds them: how many there are counts, and not the order of the turns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.static.facts import ModuleFacts
from auditor.static.syntax.nodes import walk

_ASKING = frozenset({"endswith", "isdigit", "lower", "startswith", "strip", "upper"})
"""Methods of texts that a test may call: they answer the same each time."""

_LEAVING = (ast.Break, ast.Continue, ast.Raise, ast.Return)


def is_same_each_turn(owner: ast.ListComp | ast.GeneratorExp) -> bool:
    """`[1.0 for _ in labels]`, `[start for name in names]`: each turn gives the same."""
    if not _is_plain(owner.elt):
        return False
    bound = {part.id for part in walk(owner) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}
    return bound.isdisjoint(_named([owner.elt]))


def adds_equals(module: ModuleFacts, loop: ast.For | ast.AsyncFor, node: ast.AST) -> bool:
    """`if keyword in name: frozen.append(value); break` over keywords: `value` is none of the loop's.

    How often it is added must not hang on the turns before: the tests around it ask nothing that the body changes, and
    where a turn leaves the loop, it is the one that adds.
    """
    statement = module.parent(node)
    if not (isinstance(node, ast.Call) and isinstance(statement, ast.Expr) and len(node.args) == 1):
        return False
    if getattr(node.func, "attr", "") != "append" or node.keywords or not _is_plain(node.args[0]):
        return False
    body = [part for each in loop.body for part in walk(each)]
    if _is_touched(module, (*walk(loop.target), *body), node.args[0]):
        return False
    leaving = [part for part in body if isinstance(part, _LEAVING)]
    if leaving and not _leaves_behind(module, leaving, statement):
        return False
    return _stands_under_plain_tests(module, loop, body, statement)


def _is_plain(node: ast.expr) -> bool:
    """A constant, a name, or a tuple or list of them: nothing that is asked for and may answer otherwise."""
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_plain, node.elts))
    if isinstance(node, ast.UnaryOp):
        return _is_plain(node.operand)
    return isinstance(node, ast.Constant | ast.Name)


def _is_touched(module: ModuleFacts, body: Sequence[ast.AST], added: ast.expr) -> bool:
    """Whether a turn does anything with the names that are added but to add them."""
    names = frozenset(_named([added]))
    for part in body:
        if isinstance(part, ast.Name) and part.id in names:
            above = module.parent(part)
            if isinstance(above, ast.Compare) or (isinstance(above, ast.Attribute) and above.attr in _ASKING):
                continue
            if not (isinstance(above, ast.Call) and getattr(above.func, "attr", "") == "append" and part in above.args):
                return True
    return False


def _leaves_behind(module: ModuleFacts, leaving: Sequence[ast.AST], statement: ast.Expr) -> bool:
    """Whether the loop is left at one place, by a `break` at the end of the block in which it is added."""
    above = module.parent(statement)
    if len(leaving) != 1 or not isinstance(leaving[0], ast.Break) or not isinstance(above, ast.If):
        return False
    block = above.body if statement in above.body else above.orelse
    return block[-1] is leaving[0]


def _stands_under_plain_tests(
    module: ModuleFacts, loop: ast.For | ast.AsyncFor, body: list[ast.AST], statement: ast.stmt
) -> bool:
    """Whether nothing but tests of what the body leaves as it is stands between the loop and the statement."""
    changed, part = frozenset(_changed(body)), module.parent(statement)
    while part is not loop:
        if not isinstance(part, ast.If) or not _is_plain_test(part.test, changed):
            return False
        part = module.parent(part)
    return statement not in loop.orelse


def _is_plain_test(test: ast.expr, changed: frozenset[str]) -> bool:
    calls = (part for part in walk(test) if isinstance(part, ast.Call))
    is_asking = all(isinstance(call.func, ast.Attribute) and call.func.attr in _ASKING for call in calls)
    return is_asking and changed.isdisjoint(_named([test]))


def _changed(body: list[ast.AST]) -> Iterator[str]:
    """Names that a turn binds anew, or of which it changes a part or calls a method."""
    for part in body:
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
            yield from _named([part.value])
        elif isinstance(part, ast.Call):
            func = part.func
            if isinstance(func, ast.Attribute) and func.attr not in _ASKING:
                yield from _named([func.value])
            if not isinstance(func, ast.Attribute) or func.attr not in _ASKING | {"append"}:
                yield from _named(part.args)


def _named(nodes: Sequence[ast.expr]) -> Iterator[str]:
    for node in nodes:
        for part in walk(node):
            if isinstance(part, ast.Name):
                yield part.id
