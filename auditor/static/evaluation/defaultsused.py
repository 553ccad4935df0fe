"""Which defaults of a function count: `seed=random.randint(0, 9)` does not where all calls give a seed.

Nor does a network that a constructor makes for those who give none: `def __init__(self, features=PointNet()):`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import is_main_guard
from auditor.static.evaluation.pickedbytext import picks_by_text
from auditor.static.evaluation.unset import MAX_CALLS, calls_reaching, given_to, is_called_as_written
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

MAX_FILES = 50
"""Files in which a function is looked for; one that more of them name is somebody's library."""

_PLAIN_BASES = frozenset({"torch.nn.Module"})
"""Bases that hand a class that extends them on to nobody."""

_Place = tuple[str, bool]
"""The file of a call, and whether only those execute it who run that file."""

_SAID: WeakKeyDictionary[ModuleFacts, frozenset[str]] = WeakKeyDictionary()
"""What each file names without calling it."""

_LEFT_OUT: WeakKeyDictionary[Project, Memory[tuple[str, int, int, str], Collection[_Place] | None]] = (
    WeakKeyDictionary()
)
"""By the file, the place of the function and its parameter: which calls leave that out; None where others may."""


def defaults_used(
    module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef, program: str
) -> Iterator[ast.expr]:
    """The defaults of a function, without what is drawn for a parameter that all calls of a program give."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) :] if arguments.defaults else []
    for each, default in (
        *zip(named, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ):
        if default is not None and not _is_for_nobody(module, function, each.arg, default, program):
            yield default


def _is_for_nobody(
    module: ModuleFacts,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    name: str,
    default: ast.expr,
    program: str,
) -> bool:
    is_own = _is_made(module, default)
    if not (is_own or _draws(module, default)):
        return False
    if (is_own or _extends(module, function)) and picks_by_text(module.project, program):
        return False
    by_text = not (is_own and isinstance(module.parent(function), ast.ClassDef) and function.name == "__init__")
    return _is_always_given(module, function, name, program, by_text=by_text)


def _draws(module: ModuleFacts, default: ast.expr) -> bool:
    name = module.resolve(default.func) if isinstance(default, ast.Call) else None
    return name is not None and bool(module.project.rng.candidates(name))


def _is_made(module: ModuleFacts, default: ast.expr) -> bool:
    """Whether a default is an object of the project, which may draw when it is made."""
    return isinstance(default, ast.Call) and isinstance(module.names.value(default.func), ClassRef)


def _is_always_given(
    module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, program: str, *, by_text: bool
) -> bool:
    """`by_text`: a text that says what is called may lead to it."""

    def ask() -> Collection[_Place] | None:
        calls = calls_reaching(module, function)
        if not 0 < len(calls) <= MAX_CALLS or _is_registered(module, function):
            return None
        if not _is_only_called(module, _called_by(module, function), by_text=by_text):
            return None
        open_ = [(caller, call) for caller, call, skipped in calls if given_to(call, function, name, skipped) is None]
        return {(caller.path, _is_tried_out(caller, call)) for caller, call in open_}

    project = module.project
    place = (module.path, function.lineno, function.col_offset, name)
    left_out = project.trace.once(_LEFT_OUT.setdefault(project, {}), place, ask)
    if left_out is None:
        return False
    followed = project.programs.followed(program)
    return not any(path == program or (path in followed and not is_guarded) for path, is_guarded in left_out)


def _is_tried_out(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a call stands below `if __name__ == "__main__":`, which only those execute who run the file."""
    return any(isinstance(holder, ast.stmt) and is_main_guard(holder) for holder in module.around(call))


def _is_registered(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator, or what a class extends, may hand the function on to somebody else; so may `cls()`."""
    holder = module.parent(function)
    is_as_written = isinstance(function, ast.FunctionDef) and is_called_as_written(module, function)
    if not (isinstance(holder, ast.ClassDef) and function.name == "__init__"):
        return not is_as_written
    if any(isinstance(part, ast.Name) and part.id == "cls" for part in walk(holder)):
        return True
    is_plain = all(module.resolve(base) in _PLAIN_BASES for base in holder.bases)
    return bool(holder.decorator_list or holder.keywords) or not (is_plain and is_as_written)


def _extends(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    holder = module.parent(function)
    return isinstance(holder, ast.ClassDef) and bool(holder.bases)


def _called_by(module: ModuleFacts, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    holder = module.parent(function)
    return holder.name if isinstance(holder, ast.ClassDef) and function.name == "__init__" else function.name


def _is_only_called(module: ModuleFacts, name: str, *, by_text: bool) -> bool:
    """Whether nothing but calls and import statements says a name: `work = make` calls it in ways that are not seen."""
    project, holding = module.project, frozenset({name})
    paths = {module.path}
    for program in project.programs.reaching(module.path):
        paths.update(project.programs.paths_reached(program, holding))
    if len(paths) > MAX_FILES or not all(_only_calls(project.module(path), name) for path in sorted(paths)):
        return False
    texts = (f'"{name}"', f"'{name}'") if by_text else ()
    return not any(project.texts.contain(path, texts) for path in sorted(paths))


def _only_calls(module: ModuleFacts | None, name: str) -> bool:
    if module is None:
        return False
    if module not in _SAID:
        _SAID[module] = frozenset(_said(module))
    return name not in _SAID[module]


def _said(module: ModuleFacts) -> Iterator[str]:
    """What a file names without calling or extending it, or gives another name."""
    for node in walk(module.tree):
        if isinstance(node, ast.alias) and node.asname:
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            above = module.parent(node)
            is_called = isinstance(above, ast.Call) and (above.func is node or getattr(above.func, "id", "") == "super")
            if not is_called and not isinstance(above, ast.ClassDef):
                yield node.id if isinstance(node, ast.Name) else node.attr
