"""Which defaults of a function count: `seed=random.randint(0, 9)` does not where all calls give a seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.unset import MAX_CALLS, calls_reaching, given_to, is_called_as_written
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

MAX_FILES = 50
"""Files in which a function is looked for; one that more of them name is somebody's library."""

_SAID: WeakKeyDictionary[ModuleFacts, frozenset[str]] = WeakKeyDictionary()
"""What each file names without calling it."""

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
        return (
            is_given and not _is_registered(module, function) and _is_only_called(module, _called_by(module, function))
        )

    known = _ALWAYS_GIVEN.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, function.lineno, function.col_offset, name), ask)


def _is_registered(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator, or what a class extends, may hand the function on to somebody else."""
    holder = module.parent(function)
    is_made = isinstance(holder, ast.ClassDef) and function.name == "__init__"
    above = (
        [*holder.decorator_list, *holder.bases, *holder.keywords]
        if is_made and isinstance(holder, ast.ClassDef)
        else []
    )
    is_as_written = isinstance(function, ast.FunctionDef) and is_called_as_written(module, function)
    return bool(above) or not is_as_written


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
    if module not in _SAID:
        _SAID[module] = frozenset(_said(module))
    return name not in _SAID[module] and not module.project.texts.contain(module.path, (f'"{name}"', f"'{name}'"))


def _said(module: ModuleFacts) -> Iterator[str]:
    """What a file names without calling or extending it, or gives another name."""
    for node in walk(module.tree):
        if isinstance(node, ast.alias) and node.asname:
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            above = module.parent(node)
            is_called = isinstance(above, ast.Call) and above.func is node
            if not is_called and not isinstance(above, ast.ClassDef):
                yield node.id if isinstance(node, ast.Name) else node.attr
