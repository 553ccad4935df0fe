"""What importing or running a module executes, with what each statement names: modules are asked for many names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.static.entrypoints import names_main
from auditor.static.syntax.nodes import walk
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_WRAPPING = frozenset({"hydra.main", "click.command", "click.option", "click.argument", "click.pass_context", "record"})
"""Decorators after which a function is still only called where it is named."""

_END = lazy_pattern(r"[.:/]")
"""What stands before the name in a text that leads to something: `entry_point="games.worlds:Maze"`."""

_IN_TEXT = lazy_pattern(r"(\w+)\(|:(\w+)\.\w+$")
"""Names that a text says elsewhere: `cProfile.run("main()")`, `entry_point="worlds:Maze.build"`."""


@dataclass(frozen=True, slots=True)
class Executed:
    """A statement that importing a module executes, with what it names."""

    name: str | None
    names: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    """Names with what is asked of them: `trainers.fit`, `trainers.fast.fit`."""

    texts: frozenset[str]
    """What each leads to: `worlds:Maze` to `Maze`."""

    bare: frozenset[str]
    """Names of which nothing is asked: `getattr(trainers, kind)` is given the module itself."""

    ends: frozenset[tuple[str, str]]
    """Names with what is asked last: `getattr(project.trainers, kind)`."""

    @staticmethod
    def of(statement: ast.stmt) -> Executed:
        parts = list(walk(statement))
        constants = (part.value for part in parts if isinstance(part, ast.Constant))
        asked = [part for part in parts if isinstance(part, ast.Attribute)]
        holders = {id(part.value) for part in asked}
        names = [part for part in parts if isinstance(part, ast.Name)]
        return Executed(
            name_of(statement),
            frozenset(part.id for part in names),
            frozenset((root, part.attr) for part in asked if (root := _root(part)) is not None),
            frozenset(name for value in constants if isinstance(value, str) for name in _names_in(value)),
            frozenset(part.id for part in names if id(part) not in holders),
            frozenset((root, part.attr) for part in asked if id(part) not in holders and (root := _root(part))),
        )


def _names_in(text: str) -> Iterator[str]:
    """What a text may be the name of: its last part, and what it calls."""
    yield _END.split(text)[-1]
    for found in _IN_TEXT.finditer(text):
        yield found[1] or found[2]


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


_STATEMENTS: WeakKeyDictionary[ModuleFacts, dict[bool, list[ast.stmt]]] = WeakKeyDictionary()
_NAMING: WeakKeyDictionary[ModuleFacts, dict[bool, dict[str, list[Executed]]]] = WeakKeyDictionary()
"""By name, or last part of a text: the statements in which it stands."""


def statements_of(module: ModuleFacts, *, of_program: bool) -> list[ast.stmt]:
    """What running a module executes, or importing it."""
    known = _STATEMENTS.setdefault(module, {})
    if of_program not in known:
        known[of_program] = list(module.tree.body if of_program else imported_statements(module))
    return known[of_program]


def executed_naming(module: ModuleFacts, words: Iterable[str], *, of_program: bool) -> Iterator[Executed]:
    """Those of its statements in which one of some names stands, or a text that ends in one."""
    known = _NAMING.setdefault(module, {})
    if of_program not in known:
        naming: dict[str, list[Executed]] = {}
        for each in map(Executed.of, statements_of(module, of_program=of_program)):
            for word in each.names | each.texts:
                naming.setdefault(word, []).append(each)
        known[of_program] = naming
    for word in words:
        yield from known[of_program].get(word, ())


def imported_statements(module: ModuleFacts) -> Iterator[ast.stmt]:
    """What importing a module executes, without imports and the list of its public names."""
    for statement in module.tree.body:
        if isinstance(statement, ast.If) and names_main(statement.test):
            continue
        if isinstance(statement, ast.Assign) and dotted_text(statement.targets[0]) == "__all__":
            continue
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement


def name_of(statement: ast.stmt) -> str | None:
    """The name of a function or class that is executed only where it is named."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None
    for decorator in statement.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if dotted_text(called) not in _WRAPPING and not (dotted_text(called) or "").startswith("torch."):
            return None
    return statement.name
