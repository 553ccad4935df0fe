"""What a group of commands hands its commands in click's context: `ctx.obj["seed"] = seed`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.syntax.bindings import every_argument
from auditor.static.syntax.nodes import walk
from auditor.static.text.commandgroups import REGISTERING

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_STATE = "obj"
"""The attribute of a context that is the program's own."""

_CHANGING = frozenset({"pop", "popitem", "setdefault", "update", "clear"})

MAX_FILES = 200
"""Files of the programs that are searched for what stores something under the same key."""


def is_state_unset(given: ast.expr, module: ModuleFacts, is_unset: Callable[[ast.expr], bool]) -> bool:
    """Whether `ctx.obj["seed"]` is what the only group of the file stores there, and that is None as nobody gives it.

    `is_unset`: whether that is so of an expression.
    """
    key = _key(module, given)
    if key is None or not _is_stored_here_only(module, key):
        return False
    stored = list(_stored(module, key))
    if len(stored) != 1:
        return False
    statement, value = stored[0]
    function = module.parent(statement)
    is_group = isinstance(function, ast.FunctionDef) and any(map(_registers, function.decorator_list))
    return value is not None and is_group and is_unset(value)


def _key(module: ModuleFacts, given: ast.expr) -> str | None:
    """`seed` of `ctx.obj["seed"]` or `ctx.obj.get("seed")`, where `ctx` is a parameter."""
    key: ast.expr | None = None
    whole: ast.expr = given
    if isinstance(given, ast.Subscript):
        whole, key = given.value, given.slice
    elif isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute) and given.func.attr == "get":
        whole, key = given.func.value, given.args[0] if len(given.args) == 1 and not given.keywords else None
    function = module.enclosing_function(given)
    if function is None or not _is_state(whole) or not isinstance(key, ast.Constant) or not isinstance(key.value, str):
        return None
    names = {each.arg for each in every_argument(function.args)}
    return key.value if getattr(getattr(whole, "value", None), "id", "") in names else None


def _is_state(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == _STATE and isinstance(node.value, ast.Name)


def _is_stored_here_only(module: ModuleFacts, key: str) -> bool:
    """Whether no other file of the programs may put anything under the key."""
    paths = module.project.programs.paths_around(module.path)
    written = tuple(f".{_STATE}[{quote}{key}{quote}]" for quote in "\"'")
    others = sorted(paths - {module.path}) if len(paths) <= MAX_FILES else None
    return others is not None and not any(module.project.texts.contain(each, written) for each in others)


def _stored(module: ModuleFacts, key: str) -> Iterator[tuple[ast.stmt, ast.expr | None]]:
    """What a file puts under the key, with the statement; None for what is not known."""
    for node in walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _CHANGING and _is_state(node.func.value):
                yield module.statement(node), None
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_state(node.value):
            if not isinstance(node.slice, ast.Constant) or node.slice.value == key:
                yield module.statement(node), _assigned(module, node)
        elif isinstance(node, ast.Attribute) and _is_state(node):
            if isinstance(node.ctx, ast.Load):
                if not isinstance(module.parent(node), ast.Attribute | ast.Compare | ast.Subscript):
                    yield module.statement(node), None  # whoever has it may put something there: `fill(ctx.obj)`
                continue
            whole = _assigned(module, node)
            entries = zip(whole.keys, whole.values, strict=True) if isinstance(whole, ast.Dict) else ()
            found = [value for name, value in entries if getattr(name, "value", key) == key]
            if found or not isinstance(whole, ast.Dict):
                yield module.statement(node), found[0] if len(found) == 1 else None


def _assigned(module: ModuleFacts, target: ast.expr) -> ast.expr | None:
    """What a statement stores in the target alone."""
    above = module.parent(target)
    return above.value if isinstance(above, ast.Assign | ast.AnnAssign) else None


def _registers(decorator: ast.expr) -> bool:
    """`@click.group()`, `@app.callback()`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "attr", getattr(called, "id", "")) in REGISTERING - {"command"}
