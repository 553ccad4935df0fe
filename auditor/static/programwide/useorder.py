"""Whether something is used before a function that replaces it is called, as far as the order of the text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import is_main_guard
from auditor.static.resolution.callers import calls_seen
from auditor.static.resolution.values import ModuleRef
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_STEPS = 4
"""Calls from a function to one that uses what is replaced, and from one that has it replaced to the program's start."""

MAX_CALLS = 50
"""Calls of one function that are looked at."""

MAX_PLACES = 300
"""Places that come to such a use."""

MAX_FILES = 200
"""Files of the programs that may use it by the name of its module."""

_PROPERTIES = frozenset({"cached_property", "property"})

_Place = tuple["ModuleFacts", ast.expr]
_Scope = tuple["ModuleFacts", Function | None]


def is_used_before(
    module: ModuleFacts,
    cls: ast.ClassDef | None,
    name: str,
    storing: ast.FunctionDef,
    calls: Sequence[tuple[ModuleFacts, ast.Call]],
) -> bool:
    """Whether a place that comes to a use stands above the first one that comes to a call of the storing function."""
    first = _first(calls, storing)
    for user, node in _places(module, cls, name, storing):
        scope = (user, user.enclosing_function(node))
        if scope in first:
            if _position(node) < first[scope] and not _is_after(scope, first):
                return True
        elif scope[1] is None and not _is_guarded(user, node):
            return True  # `rng = noise.RNG`, `first = noise.draw()` at the top of a file that is imported first
    return False


def _first(calls: Iterable[tuple[ModuleFacts, ast.Call]], storing: Function) -> dict[_Scope, tuple[int, int]]:
    """By function, or file, the first place that comes to one of some calls."""
    found: dict[_Scope, tuple[int, int]] = {}
    pending: list[_Place] = list(calls)
    for _ in range(2 * MAX_STEPS):
        scopes: dict[_Scope, None] = {}
        for caller, node in pending:
            scope = (caller, caller.enclosing_function(node))
            if scope not in found and scope[1] is not None and scope[1] is not storing:
                scopes[scope] = None
            found[scope] = min(found.get(scope, _position(node)), _position(node))
        pending = [place for caller, function in scopes for place in _calls(caller, function)]
    return found


def _is_after(scope: _Scope, first: dict[_Scope, tuple[int, int]]) -> bool:
    """Whether every call of a function stands below another one that comes to the storing function."""
    places = list(_calls(*scope))
    around = [(first.get((caller, caller.enclosing_function(call))), call) for caller, call in places]
    return bool(places) and all(before is not None and before < _position(call) for before, call in around)


def _places(module: ModuleFacts, cls: ast.ClassDef | None, name: str, storing: Function) -> Iterator[_Place]:
    """Where it is used, and what calls the functions that do so."""
    pending = list(_reads(module, cls, name))
    known: set[_Scope] = set()
    count = 0
    for _ in range(MAX_STEPS):
        further: list[_Place] = []
        for user, node in pending:
            count += 1
            function = user.enclosing_function(node)
            if count > MAX_PLACES:
                return
            yield user, node
            is_aside = function is storing or (cls is not None and getattr(function, "name", "") == "__init__")
            if function is not None and not is_aside and (user, function) not in known:
                known.add((user, function))
                further += _calls(user, function)
        pending = further


def _calls(module: ModuleFacts, function: Function | None) -> Iterator[_Place]:
    """The calls of a function; of a property what reads it of `self`."""
    if function is None:
        return
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    if not isinstance(function, ast.Lambda) and any(getattr(each, "id", "") in _PROPERTIES for each in decorators):
        holder = module.parent(function)
        if isinstance(holder, ast.ClassDef):
            yield from ((module, each) for each in _attributes(holder, function.name))
        return
    for caller, call, _ in islice(calls_seen(module, function), MAX_CALLS):
        yield caller, call


def _reads(module: ModuleFacts, cls: ast.ClassDef | None, name: str) -> Iterator[_Place]:
    if cls is not None:
        yield from ((module, each) for each in _attributes(cls, name))
        return
    for node in walk(module.tree):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield module, node
    project = module.project
    paths = project.programs.paths_around(module.path)
    using = [path for path in sorted(paths) if path != module.path and project.texts.contain(path, (f".{name}",))]
    for user in map(project.module, using[:MAX_FILES]):
        for node in _attributes(user.tree, name) if user is not None else ():
            if user is not None and user.names.value(node.value) == ModuleRef(module.path):
                yield user, node


def _attributes(tree: ast.AST, name: str) -> Iterator[ast.Attribute]:
    for node in walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load):
            yield node


def _is_guarded(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a place stands below `if __name__ == "__main__":`, which nobody executes who imports the file."""
    return any(isinstance(holder, ast.stmt) and is_main_guard(holder) for holder in module.around(node))


def _position(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset
