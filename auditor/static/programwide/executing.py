"""Which programs execute a place: those from whose start calls lead there, as far as the text names them."""

from __future__ import annotations

import ast
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.entrypoints import is_main_guard
from auditor.static.evaluation.unset import calls_reaching
from auditor.static.resolution.callers import calls_named
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.bindings import Function

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

MAX_STEPS = 6
"""Calls from the start of a program to the place."""

MAX_CALLERS = 50
"""Calls of one function from which programs are looked for."""

Programs = frozenset[str]
_NONE: Programs = frozenset()
_KNOWN: WeakKeyDictionary[Project, Memory[tuple[str, int, int], Programs]] = WeakKeyDictionary()
"""By the file and the line of the function, or of the class that is made, and the steps left."""

_BY_ITSELF = frozenset({"call", "forward"})
"""Methods that calling an object leads to, beside those with underscores around their names."""


def programs_executing(module: ModuleFacts, node: ast.Call, steps: int = MAX_STEPS) -> Programs:
    """The programs that execute a call; tests execute none."""
    # What others call with what they are handed was made up; its function is written there.
    place = node if module.parent(node) is not None else node.func
    if module.is_test or module.parent(place) is None:
        return _NONE
    function = module.enclosing_function(place)
    if function is not None:
        return _entering(module, function, steps)
    programs = module.project.programs
    if any(isinstance(holder, ast.stmt) and is_main_guard(holder) for holder in module.around(place)):
        entry = programs.entry_point(module.path)
        return frozenset({module.path}) if entry is not None and entry.is_script else _NONE
    return frozenset(programs.reaching(module.path))


def _entering(module: ModuleFacts, function: Function, steps: int) -> Programs:
    """The programs that call a function."""

    def ask() -> Programs:
        found: set[str] = set()
        holder = module.parent(function)
        name = getattr(function, "name", "")
        entry = module.project.programs.entry_point(module.path)
        if isinstance(holder, ast.Module) and entry is not None and name in entry.functions:
            found.add(module.path)
        every = module.project.programs.reaching(module.path)
        for caller, call, _ in islice(calls_reaching(module, function), MAX_CALLERS) if steps > 0 else ():
            found |= programs_executing(caller, call, steps - 1)
            if len(found) >= len(every):
                break
        if not found and steps > 0 and isinstance(holder, ast.ClassDef):
            found |= _of_some_object(module, holder, name, steps)
        return frozenset(found)

    known = _KNOWN.setdefault(module.project, {})
    return module.project.trace.once(known, (module.path, function.lineno, steps), ask)


def _of_some_object(module: ModuleFacts, holder: ast.ClassDef, name: str, steps: int) -> Programs:
    """Those that make an object of the class, and call such a method of an object that nobody knows."""
    made: set[str] = set()
    constructor = next((each for each in holder.body if getattr(each, "name", "") == "__init__"), None)
    if name == "__init__":
        return _NONE
    if isinstance(constructor, ast.FunctionDef):
        made |= _entering(module, constructor, steps - 1)
    else:
        for caller, call in islice(calls_named(module, holder.name), MAX_CALLERS):
            if caller.names.value(call.func) == ClassRef(module, holder):
                made |= programs_executing(caller, call, steps - 1)
    if not made or name in _BY_ITSELF or (name.startswith("__") and name.endswith("__")):
        return frozenset(made)
    calling: set[str] = set()
    for caller, call in islice(calls_named(module, name), MAX_CALLERS):
        if isinstance(call.func, ast.Attribute) and caller.names.value(call.func) is None:
            calling |= programs_executing(caller, call, steps - 1)
    return frozenset(made & calling)
