"""Texts that a file evaluates among its own names: `eval(name)()` leads to what the file defines or imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.execution.executed import name_of, statements_of
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.nodeindex import names_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_EVALUATING = "eval"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a program evaluates."""

    anywhere: bool
    """Whether it says itself among which names: `eval(text, names)`. The text may lead to anything then."""

    within: frozenset[str]
    """Files that evaluate a text among their own names."""


_EVALUATED: WeakKeyDictionary[Project, Memory[str, Evaluated]] = WeakKeyDictionary()
"""By program."""


def evaluated(project: Project, program: str) -> Evaluated:
    """What a program evaluates, in the files that its statements lead to."""
    words = project.reflection.own_names

    def ask() -> Evaluated:
        reached = sorted(project.graph.reached_by_statements(program))
        modules = {path: project.module(path) for path in reached if project.texts.contain(path, words)}
        found = [(module, name) for module in modules.values() if module is not None for name in _mentions(module)]
        anywhere = None in modules.values() or any(_says_names(module, name) for module, name in found)
        return Evaluated(anywhere, frozenset(module.path for module, _ in found))

    project.trace.note("reach", program)
    return project.trace.once(_EVALUATED.setdefault(project, {}), program, ask)


def evaluating_statements(module: ModuleFacts, *, of_program: bool) -> Iterator[str | None]:
    """The names of the functions and classes of a file that evaluate a text; None: what importing it executes."""
    mentions = list(_mentions(module))
    for statement in statements_of(module, of_program=of_program) if mentions else ():
        if any(statement in module.around(each) for each in mentions):
            yield name_of(statement)


def _mentions(module: ModuleFacts) -> Iterator[ast.Name]:
    """Where Python's own `eval` is called or handed on: not a method, nor a function of the project."""
    for name in names_of(module).get(_EVALUATING, ()):
        if isinstance(name.ctx, ast.Load) and not isinstance(module.names.value(name), FunctionRef):
            yield name


def _says_names(module: ModuleFacts, mention: ast.Name) -> bool:
    """`eval(text, names)`; what is handed on, `map(eval, texts)`, is called with a text alone."""
    call = module.parent(mention)
    if not isinstance(call, ast.Call) or call.func is not mention:
        return False
    return len(call.args) != 1 or bool(call.keywords) or isinstance(call.args[0], ast.Starred)
