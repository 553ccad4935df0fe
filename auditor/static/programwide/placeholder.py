"""What is kept under a name until the program puts something else there: `RNG = default_rng()` and `global RNG`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.conditioned import is_under_condition
from auditor.static.evaluation.standin import gives_always, unset_name
from auditor.static.names import method_kind
from auditor.static.programwide.executing import programs_executing
from auditor.static.programwide.useorder import is_used_before
from auditor.static.resolution.callers import calls_named, calls_seen
from auditor.static.resolution.subclasscalls import classes_below
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef, ModuleRef
from auditor.static.syntax.bindings import BindingKind, every_argument
from auditor.static.syntax.elements import is_none
from auditor.static.syntax.nodes import walk
from auditor.static.syntax.pairs import pairs_of

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project
    from auditor.static.reuse.trace import Memory

_USES: WeakKeyDictionary[ModuleFacts, _Uses] = WeakKeyDictionary()
_TAKEN: WeakKeyDictionary[Project, Memory[str, frozenset[str]]] = WeakKeyDictionary()
"""By file the names that others import from it."""

MAX_STORES = 20
"""Places where something else is put under the name."""

MAX_CALLS = 50
"""Calls of a function that puts it there."""

MAX_FILES = 200
"""Files of the programs that may take the first value by importing it."""

_PERHAPS = frozenset({"get", "getattr", "pop"})
"""Functions that look something up which may not be there."""


def is_replaced(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether all programs put something else where `node` is kept, before objects or functions use it."""
    statement = module.parent(node)
    target, holder = only_target(statement), module.parent(statement) if statement is not None else None
    if isinstance(target, ast.Name) and isinstance(holder, ast.ClassDef):
        return _is_replaced_in(module, holder, target.id, aside=None)
    if isinstance(target, ast.Name) and isinstance(holder, ast.Module):
        return _is_replaced_in(module, None, target.id, aside=None) and not _is_taken(module, target.id)
    if not isinstance(target, ast.Attribute) or not isinstance(holder, ast.If):
        return False
    # `if self._rng is None: self._rng = default_rng()` where the program calls `seed`, which sets it, too.
    function = module.enclosing_function(node)
    owner = module.parent(function) if function is not None else None
    is_asked = any(isinstance(part, ast.Attribute) and part.attr == target.attr for part in walk(holder.test))
    return isinstance(owner, ast.ClassDef) and is_asked and _is_replaced_in(module, owner, target.attr, aside=function)


def _is_replaced_in(module: ModuleFacts, cls: ast.ClassDef | None, name: str, aside: ast.AST | None) -> bool:
    """Whether a function of the class, or of the file, that all programs call stores something under the name.

    `aside`: the function that makes what is asked about.
    """
    stores = (
        (value, function)
        for target, value, function in _uses(module).stores.get(name, ())
        if function is not aside
        and _is_meant(module, target, function, cls, name)
        and _is_another(module, value, function, name)
        and not _is_left_before(module, value, function)
    )
    return any(_is_executed(module, value, function, cls, name) for value, function in islice(stores, MAX_STORES))


def _is_meant(
    module: ModuleFacts, target: ast.expr, function: ast.FunctionDef, cls: ast.ClassDef | None, name: str
) -> bool:
    """Whether `RNG`, `self.rng`, `cls.rng`, `Data.rng` or `type(self).rng` is what goes by the name."""
    if cls is None:
        scope = module.index.scopes.get(function)
        is_named = isinstance(target, ast.Name) and target.id == name
        return is_named and scope is not None and scope.elsewhere.get(name) == "global"
    if not isinstance(target, ast.Attribute) or target.attr != name or module.parent(function) is not cls:
        return False
    if isinstance(target.value, ast.Call):
        return getattr(target.value.func, "id", "") == "type"
    first = (argument.arg for argument in every_argument(function.args)[:1])
    return isinstance(target.value, ast.Name) and target.value.id in (cls.name, *first)


def _is_another(module: ModuleFacts, value: ast.expr, function: ast.FunctionDef, name: str) -> bool:
    """Whether a value is surely there, and not made of what it replaces."""
    if isinstance(value, ast.IfExp):
        return all(_is_another(module, each, function, name) for each in (value.body, value.orelse))
    if isinstance(value, ast.BoolOp):
        return isinstance(value.op, ast.Or) and _is_another(module, value.values[-1], function, name)
    if isinstance(value, ast.Name):
        bindings = module.lookup.in_force(value)
        if len(bindings) != 1 or bindings[0].kind is not BindingKind.PARAMETER:
            return False
        return default_of(function, value.id) is None or gives_always(module, function, value.id)
    if not isinstance(value, ast.Call) or getattr(value.func, "id", getattr(value.func, "attr", "")) in _PERHAPS:
        return False
    if any(name in (getattr(part, "id", ""), getattr(part, "attr", "")) for part in walk(value)):
        return False
    made = module.names.value(value.func)
    return not isinstance(made, FunctionRef) or not any(map(is_none, made.module.returns(made.node)))


def _is_left_before(module: ModuleFacts, value: ast.expr, function: ast.FunctionDef) -> bool:
    """Whether a function may return above the statement that stores a value."""
    line = module.statement(value).lineno
    return any(isinstance(each, ast.Return) and each.lineno < line for each in walk(function))


def _is_executed(
    module: ModuleFacts, value: ast.expr, function: ast.FunctionDef, cls: ast.ClassDef | None, name: str
) -> bool:
    """Whether all programs that reach the file store a value, in a function that they call whatever happens."""
    holder = module.parent(module.statement(value))
    if isinstance(holder, ast.If):  # `if seed is not None`, where every call gives one
        unset = unset_name(holder.test, holds=False)
        if module.parent(holder) is not function or unset is None or not gives_always(module, function, unset):
            return False
    elif holder is not function:
        return False
    if cls is not None and function.name == "__init__":
        return not _is_read_of_class(module, cls, name) and _is_always_constructed(module, cls)
    calls = [
        (caller, call)
        for caller, call, _ in islice(calls_seen(module, function), MAX_CALLS)
        if not is_under_condition(caller, call)
    ]
    found: set[str] = set()
    for caller, call in calls:
        found |= programs_executing(caller, call)
    reaching = module.project.programs.reaching(module.path)
    if not reaching or not found.issuperset(reaching):
        return False
    if cls is not None and not _are_all_given(module, cls, calls):
        return False
    return not is_used_before(module, cls, name, function, calls)


def _is_read_of_class(module: ModuleFacts, cls: ast.ClassDef, name: str) -> bool:
    """Whether something reads `Data.rng`, or `cls.rng` in a class method: what the class has, and no object."""
    for method in cls.body:
        if isinstance(method, ast.FunctionDef) and method_kind(method) == "class":
            first = {argument.arg for argument in every_argument(method.args)[:1]}
            for part in walk(method):
                if isinstance(part, ast.Attribute) and part.attr == name and getattr(part.value, "id", "") in first:
                    return True
    paths = module.project.programs.paths_around(module.path)
    return len(paths) > MAX_FILES or any(
        module.project.texts.contain(path, (f"{cls.name}.{name}",)) for path in sorted(paths)
    )


def _is_always_constructed(module: ModuleFacts, cls: ast.ClassDef) -> bool:
    """Whether no class below has a constructor that leaves out that of the class."""
    below = classes_below(ClassRef(module, cls))
    if below is None:
        return False
    for each in below:
        own = next((child for child in each.node.body if getattr(child, "name", "") == "__init__"), None)
        if own is not None and not any(getattr(part, "attr", "") == "__init__" for part in walk(own)):
            return False
    return True


def _are_all_given(module: ModuleFacts, cls: ast.ClassDef, calls: Sequence[tuple[ModuleFacts, ast.Call]]) -> bool:
    """Whether a method is called of each object: of the only one, of what it is called, or by the constructor."""
    made = [
        (caller, call)
        for caller, call in islice(calls_named(module, cls.name), MAX_CALLS)
        if caller.names.value(call.func) == ClassRef(module, cls)
    ]
    asked: set[tuple[str, str]] = set()
    for caller, call in calls:
        function = caller.enclosing_function(call)
        if getattr(function, "name", "") == "__init__" and caller.enclosing_class(call) is cls:
            return True
        if isinstance(call.func, ast.Attribute):
            asked.add((caller.path, ast.unparse(call.func.value)))
    if len(made) <= 1 or any(receiver in (cls.name, "cls") for _, receiver in asked):
        return True
    targets = [(caller.path, only_target(caller.parent(call))) for caller, call in made]
    return all(target is not None and (path, ast.unparse(target)) in asked for path, target in targets)


def _is_taken(module: ModuleFacts, name: str) -> bool:
    """Whether the file itself uses the first value before any function is called, or another one imports it."""
    if name in _uses(module).at_top:
        return True
    taken = module.project.trace.once(
        _TAKEN.setdefault(module.project, {}), module.path, lambda: frozenset(_imported(module))
    )
    return not taken.isdisjoint((name, "*"))


def _imported(module: ModuleFacts) -> Iterator[str]:
    """The names that files of the programs import from one; a star where they may import any."""
    project, paths = module.project, module.project.programs.paths_around(module.path)
    stem = module.name.rpartition(".")[2]
    users = [path for path in sorted(paths) if project.texts.contain(path, (stem,))]
    if len(users) > MAX_FILES:
        yield "*"
        return
    for user in map(project.module, users):
        for statement, _ in user.index.imports if user is not None else ():
            if isinstance(statement, ast.ImportFrom) and user is not None:
                names = [alias.name for alias in statement.names]
                yield from names if user.names.origin_of(statement) == ModuleRef(module.path) else ()


class _Uses:
    """What the functions of a file store under which names, and the names that are used outside of functions."""

    def __init__(self, module: ModuleFacts) -> None:
        self.stores: dict[str, list[tuple[ast.expr, ast.expr, ast.FunctionDef]]] = {}
        for _, target, whole, function in module.index.assignments:
            for part, value in pairs_of(target, whole) or [(target, whole)]:
                name = getattr(part, "attr", getattr(part, "id", None))
                if name is not None and isinstance(function, ast.FunctionDef) and not is_none(value):
                    self.stores.setdefault(name, []).append((part, value, function))
        self.at_top = {
            node.id
            for node in walk(module.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and module.enclosing_function(node) is None
        }


def _uses(module: ModuleFacts) -> _Uses:
    if module not in _USES:
        _USES[module] = _Uses(module)
    return _USES[module]
