"""Items that are equal whichever turn adds them: how many there are counts, and not the order of the turns."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

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


def without_equals(module: ModuleFacts, loop: ast.For | ast.AsyncFor, body: Sequence[ast.AST]) -> tuple[ast.AST, ...]:
    """The nodes of a loop's body but for those that add what is the only item that their list gets there.

    `if keyword in name: frozen.append(value); break` over keywords: `value` is none of the loop's.
    """
    adding = [node for node in body if isinstance(node, ast.Call) and _is_plain_append(module, node)]
    turn = _Turn(module, loop) if adding else None
    items: dict[str, set[str]] = {}
    for call in adding:
        items.setdefault(_list_of(call), set()).add(ast.dump(call.args[0]))
    left_out = {
        id(call) for call in adding if len(items[_list_of(call)]) == 1 and turn is not None and turn.adds_equals(call)
    }
    return tuple(node for node in body if id(node) not in left_out)


def _is_plain_append(module: ModuleFacts, call: ast.Call) -> bool:
    """`frozen.append(value)`, a statement of its own."""
    is_append = getattr(call.func, "attr", "") == "append" and len(call.args) == 1 and not call.keywords
    return is_append and isinstance(module.parent(call), ast.Expr) and _is_plain(call.args[0])


def _list_of(call: ast.Call) -> str:
    return ast.dump(call.func.value) if isinstance(call.func, ast.Attribute) else ""


class _Turn:
    """What one turn of a loop does; gone through once for all that it adds."""

    def __init__(self, module: ModuleFacts, loop: ast.For | ast.AsyncFor) -> None:
        self._module = module
        self._loop = loop
        body = [part for each in loop.body for part in walk(each)]
        self._leaving = [part for part in body if isinstance(part, _LEAVING)]
        self._changed = frozenset(_changed(body))
        self._touched = frozenset(_touched(module, (*walk(loop.target), *body)))

    def adds_equals(self, call: ast.Call) -> bool:
        """Whether each turn that adds adds the same, and how often it is added does not hang on the turns before.

        The tests around it ask nothing that the body changes; a turn that leaves the loop is the one that adds.
        """
        statement, added = self._module.parent(call), call.args[0]
        if not isinstance(statement, ast.Expr) or not self._touched.isdisjoint(_named([added])):
            return False
        if self._leaving and not _leaves_behind(self._module, self._leaving, statement):
            return False
        if not _stands_under_plain_tests(self._module, self._loop, self._changed, statement):
            return False
        return not _is_bound_in_functions(self._module, added)


def _is_plain(node: ast.expr) -> bool:
    """A constant, a name, or a tuple or list of them: nothing that is asked for and may answer otherwise."""
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_plain, node.elts))
    if isinstance(node, ast.UnaryOp):
        return _is_plain(node.operand)
    return isinstance(node, ast.Constant | ast.Name)


def _is_bound_in_functions(module: ModuleFacts, added: ast.expr) -> bool:
    """Whether what a turn calls may bind a name anew: one that several functions bind, by `global`."""
    for part in walk(added):
        bound = module.lookup.bindings_of(part) if isinstance(part, ast.Name) else ()
        if len({module.enclosing_function(each.node) for each in bound}) > 1:
            return True
    return False


def _touched(module: ModuleFacts, body: Iterable[ast.AST]) -> Iterator[str]:
    """The names with which a turn does anything but ask them or add them to a list."""
    for part in body:
        if not isinstance(part, ast.Name):
            continue
        above = module.parent(part)
        if isinstance(above, ast.Compare) or (isinstance(above, ast.Attribute) and above.attr in _ASKING):
            continue
        if not (isinstance(above, ast.Call) and getattr(above.func, "attr", "") == "append" and part in above.args):
            yield part.id


def _leaves_behind(module: ModuleFacts, leaving: Sequence[ast.AST], statement: ast.Expr) -> bool:
    """Whether the loop is left at one place, by a `break` at the end of the block in which it is added."""
    above = module.parent(statement)
    if len(leaving) != 1 or not isinstance(leaving[0], ast.Break) or not isinstance(above, ast.If):
        return False
    block = above.body if statement in above.body else above.orelse
    return block[-1] is leaving[0]


def _stands_under_plain_tests(
    module: ModuleFacts, loop: ast.For | ast.AsyncFor, changed: frozenset[str], statement: ast.stmt
) -> bool:
    """Whether nothing but tests of what the body leaves as it is stands between the loop and the statement."""
    part = module.parent(statement)
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
