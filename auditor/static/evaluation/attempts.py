"""`try` statements whose body is expected to fail: it asks for what may well not be there, and a clause is for that."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from auditor.model.annotations import TYPE_CHECKING, TypeGuard
from auditor.model.lean import dataclass
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_OPENING = frozenset({"open", "io.open", "os.listdir", "os.stat"})
_READING = frozenset({"read_text", "read_bytes"})
"""Methods of paths."""

_NO_FILE = frozenset({"EnvironmentError", "FileNotFoundError", "IOError", "OSError"})
_NO_ITEM = frozenset({"BaseException", "Exception", "IndexError", "KeyError", "LookupError"})
_NO_NUMBER = frozenset({"BaseException", "Exception", "TypeError"})
_CONVERTING = frozenset({"float", "int"})
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.Expr)


@dataclass(frozen=True, slots=True)
class Missing:
    """What may not be there."""

    node: ast.expr
    index: int
    """Of the statement of the body that asks for it."""

    handler: ast.ExceptHandler
    """The clause that says what to do then."""

    in_plain_run: bool
    """An argument or a variable of the environment: a run that nobody gives anything does not have it."""


def missing(module: ModuleFacts, attempt: ast.Try, is_none: Callable[[ast.expr], bool]) -> Missing | None:
    """What the body of `attempt` asks for that a clause expects to be missing; None where only accidents lead there.

    `is_none`: whether an expression is None in a plain run.
    """
    for_file = _clause(attempt, _NO_FILE)
    for_item = _clause(attempt, _NO_ITEM)
    for_number = _clause(attempt, _NO_NUMBER)
    for index, node in _asked(attempt.body) if for_file or for_item or for_number else ():
        if for_number is not None and _converts(node) and is_none(node.args[0]):
            return Missing(node, index, for_number, in_plain_run=True)
        if isinstance(node, ast.Call) and for_file is not None:
            if module.resolve(node.func) in _OPENING or getattr(node.func, "attr", "") in _READING:
                return Missing(node, index, for_file, in_plain_run=False)
        elif isinstance(node, ast.Subscript) and for_item is not None and _is_given_by_user(module, node):
            return Missing(node, index, for_item, in_plain_run=True)
    return None


def _converts(node: ast.AST) -> TypeGuard[ast.Call]:
    """`int(args.seed)`."""
    return isinstance(node, ast.Call) and len(node.args) == 1 and getattr(node.func, "id", "") in _CONVERTING


def _clause(attempt: ast.Try, names: frozenset[str]) -> ast.ExceptHandler | None:
    """The first clause that catches one of these; one without a name catches everything."""
    for handler in attempt.handlers:
        kind = handler.type
        caught = kind.elts if isinstance(kind, ast.Tuple) else [kind or ast.Name("BaseException")]
        if any(isinstance(each, ast.Name) and each.id in names for each in caught):
            return handler
    return None


def _asked(body: list[ast.stmt]) -> Iterator[tuple[int, ast.AST]]:
    """The expressions of a body that stand in no other statement, with the number of their statement."""
    for index, statement in enumerate(body):
        if isinstance(statement, _SIMPLE):
            yield from ((index, node) for node in walk(statement))
        elif isinstance(statement, ast.With):
            yield from ((index, node) for item in statement.items for node in walk(item.context_expr))


def _is_given_by_user(module: ModuleFacts, node: ast.Subscript) -> bool:
    """`sys.argv[1]`, `os.environ["TRAIN_SEED"]`."""
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if isinstance(key, int):
        return key > 0 and module.resolve(node.value) == "sys.argv"
    return isinstance(key, str) and "seed" in key.lower() and module.resolve(node.value) == "os.environ"
