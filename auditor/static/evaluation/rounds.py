"""In which rounds of a loop something happens: `if epoch == 0:` lets the first one through, `if not done:` one."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import FUNCTIONS
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_LEAVING = (ast.Return, ast.Break, ast.Continue, ast.Raise)
_START = 2
"""Arguments of `range` and `enumerate` from which on a start is among them; `range` then begins with it."""


def is_in_first_round(node: ast.If, module: ModuleFacts) -> bool:
    """Whether a condition holds when a run comes by for the first time, and both arms get to their ends.

    `if epoch == 0:` with `for epoch in range(epochs)`, `if epoch == first:` with `range(first, last)`.
    """
    parts = list(_asked(node.test))
    if not all(_holds_first(part, module) for part in parts):
        return False
    return not any(isinstance(part, _LEAVING) for statement in (*node.body, *node.orelse) for part in walk(statement))


def is_repeated(node: ast.AST, targets: Container[str], module: ModuleFacts) -> bool:
    """Whether something happens in many rounds of a loop over one of these names, in the same function."""
    once: set[ast.AST] = set()
    inner = node
    for holder in module.around(node):
        if isinstance(holder, FUNCTIONS):
            return False
        if isinstance(holder, ast.If) and inner in holder.body:
            if _is_done_once(holder, module):
                return False
            once.update(loop for part in _asked(holder.test) if (loop := _loop_of_one_round(part, module)) is not None)
        is_over = isinstance(holder, ast.For) and any(
            getattr(part, "id", "") in targets for part in walk(holder.target)
        )
        if is_over and holder not in once:
            return True
        inner = holder
    return False


def _asked(test: ast.expr) -> Iterator[ast.expr]:
    """The parts that all have to hold."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for value in test.values:
            yield from _asked(value)
    else:
        yield test


def _compared(part: ast.expr) -> tuple[ast.Name, ast.expr] | None:
    """A name, and the one value that it must have."""
    if not isinstance(part, ast.Compare) or len(part.ops) > 1 or not isinstance(part.ops[0], ast.Eq):
        return None
    return (part.left, part.comparators[0]) if isinstance(part.left, ast.Name) else None


def _loop_of_one_round(part: ast.expr, module: ModuleFacts) -> ast.For | None:
    """The loop of which a condition lets one round through."""
    compared = _compared(part)
    loops = (each for each in module.around(part) if isinstance(each, ast.For)) if compared is not None else ()
    loop = next((loop for loop in loops if compared is not None and _binds(loop.target, compared[0].id)), None)
    if loop is None or compared is None:
        return None
    asked = {_name(each) for each in walk(compared[1])} - {""}
    return None if any(_changes(each, asked) for statement in loop.body for each in walk(statement)) else loop


def _changes(part: ast.AST, names: Container[str]) -> bool:
    """Whether one of these names, or attributes, is given another value, so that other rounds may be let through."""
    return not isinstance(getattr(part, "ctx", ast.Load()), ast.Load) and _name(part) in names


def _name(part: ast.AST) -> str:
    return getattr(part, "attr", getattr(part, "id", ""))


def _binds(target: ast.expr, name: str) -> bool:
    return any(getattr(part, "id", "") == name for part in walk(target))


def _holds_first(part: ast.expr, module: ModuleFacts) -> bool:
    compared = _compared(part)
    loop = _numbering(compared[0], module) if compared is not None else None
    if compared is None or loop is None or _may_come_later(part, loop, module):
        return False
    start, value = _start(loop.iter), compared[1]
    if isinstance(start, ast.Name) and any(_binds_in(each, start.id) for each in loop.body):
        return False
    if start is None:
        return isinstance(value, ast.Constant) and value.value == 0
    return isinstance(value, ast.Constant | ast.Name | ast.Attribute) and ast.dump(value) == ast.dump(start)


def _may_come_later(part: ast.expr, loop: ast.For, module: ModuleFacts) -> bool:
    """Whether the first round may not get to a condition: it is left further up, or another condition stands around.

    What stands behind the loop asks in the last round.
    """
    inner: ast.AST = part
    for holder in module.around(part):
        if holder is loop:
            break
        inner = holder
    above = loop.body[: loop.body.index(inner)] if inner in loop.body else None
    return above is None or any(isinstance(each, _LEAVING) for statement in above for each in walk(statement))


def _binds_in(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == name and not isinstance(each.ctx, ast.Load)
        for each in walk(statement)
    )


def _numbering(name: ast.Name, module: ModuleFacts) -> ast.For | None:
    """The loop around that numbers its rounds by a name, which nothing else binds."""
    if len(module.lookup.bindings_of(name)) != 1:
        return None
    for holder in module.around(name):
        if isinstance(holder, FUNCTIONS):
            return None
        if isinstance(holder, ast.For) and _is_number(name.id, holder):
            return holder
    return None


def _is_number(name: str, loop: ast.For) -> bool:
    counting = _counting(loop.iter)
    if counting is None:
        return False
    target = loop.target
    if counting[1] == "enumerate":
        target = target.elts[0] if isinstance(target, ast.Tuple) else target
    return isinstance(target, ast.Name) and target.id == name


def _counting(node: ast.expr) -> tuple[ast.Call, str] | None:
    """The call of `range` or `enumerate` that a loop goes over, also below a progress bar, and which of them it is."""
    if not isinstance(node, ast.Call):
        return None
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in ("range", "enumerate"):
        return None if any(isinstance(each, ast.Starred) for each in node.args) else (node, name)
    return _counting(node.args[0]) if name == "tqdm" and node.args else None


def _start(node: ast.expr) -> ast.expr | None:
    """The number of the first round; None for 0."""
    counting = _counting(node)
    if counting is None:
        return None
    call, name = counting
    given = call.args[0 if name == "range" else 1] if len(call.args) >= _START else None
    return next((word.value for word in call.keywords if word.arg == "start"), given)


def _is_done_once(node: ast.If, module: ModuleFacts) -> bool:
    """`if not done: …; done = True`, where nothing in a loop around sets it back."""
    flag = node.test.operand if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not) else None
    if not isinstance(flag, ast.Name):
        return False
    own = [each for each in node.body if isinstance(each, ast.Assign) and _sets(each, flag.id)]
    looped = (holder for holder in module.around(node) if isinstance(holder, ast.For | ast.While))
    others = (part for loop in looped for part in walk(loop) if getattr(part, "id", "") == flag.id)
    return bool(own) and all(
        isinstance(each.ctx, ast.Load) or any(each in statement.targets for statement in own)  # type: ignore[attr-defined]
        for each in others
    )


def _sets(statement: ast.Assign, name: str) -> bool:
    is_true = isinstance(statement.value, ast.Constant) and statement.value.value is True
    return is_true and any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)
