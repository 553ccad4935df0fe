"""Which defaults of a function count: `seed=random.randint(0, 9)` does not where all calls give a seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.unset import MAX_CALLS, calls_reaching, given_to
from auditor.static.syntax.nodeindex import names_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

MAX_FILES = 50
"""Files in which a function is looked for; one that more of them name is somebody's library."""

_ALWAYS_GIVEN: WeakKeyDictionary[Project, Memory[tuple[str, int, int, str], bool]] = WeakKeyDictionary()
"""By the file, the place of the function and its parameter."""


def defaults_used(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """The defaults of a function, without what is drawn for a parameter that all calls give."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) :] if arguments.defaults else []
    for each, default in (
        *zip(named, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ):
        if default is not None and not (_draws(module, default) and _is_always_given(module, function, each.arg)):
            yield default


def _draws(module: ModuleFacts, default: ast.expr) -> bool:
    name = module.resolve(default.func) if isinstance(default, ast.Call) else None
    return name is not None and bool(module.project.rng.candidates(name))


def _is_always_given(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    def ask() -> bool:
        calls = calls_reaching(module, function)
        given = [given_to(call, function, name, skipped) for _, call, skipped in calls]
        is_given = 0 < len(given) <= MAX_CALLS and all(each is not None for each in given)
        return is_given and _is_only_called(module, _called_by(module, function))

    known = _ALWAYS_GIVEN.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, function.lineno, function.col_offset, name), ask)


def _called_by(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    holder = module.parent(function)
    return holder.name if isinstance(holder, ast.ClassDef) and function.name == "__init__" else function.name


def _is_only_called(module: ModuleFacts, name: str) -> bool:
    """Whether nothing but calls and import statements says a name: `work = make` calls it in ways that are not seen."""
    project, holding = module.project, frozenset({name})
    paths = {module.path}
    for program in project.programs.reaching(module.path):
        paths.update(project.programs.paths_reached(program, holding))
    return len(paths) <= MAX_FILES and all(_only_calls(project.module(path), name) for path in sorted(paths))


def _only_calls(module: ModuleFacts | None, name: str) -> bool:
    if module is None:
        return False
    attributes = (node for node in walk(module.tree) if isinstance(node, ast.Attribute) and node.attr == name)
    said = (node for node in (*names_of(module).get(name, ()), *attributes) if isinstance(node.ctx, ast.Load))
    if any(alias.asname and alias.name == name for node, _ in module.index.imports for alias in node.names):
        return False
    if not all(_is_called_or_extended(module, node) for node in said):
        return False
    return not module.project.texts.contain(module.path, (f'"{name}"', f"'{name}'"))


def _is_called_or_extended(module: ModuleFacts, node: ast.expr) -> bool:
    """`make(3)`, `class Other(Base)`, of which the calls are looked at too."""
    above = module.parent(node)
    return isinstance(above, ast.ClassDef) or (isinstance(above, ast.Call) and above.func is node)
