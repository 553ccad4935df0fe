"""Which defaults of a function count: `seed=random.randint(0, 9)` does not where all calls give a seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.unset import MAX_CALLS, calls_reaching, given_to

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

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
        return 0 < len(given) <= MAX_CALLS and all(each is not None for each in given)

    known = _ALWAYS_GIVEN.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, function.lineno, function.col_offset, name), ask)
