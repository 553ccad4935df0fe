"""Calls that lead to a constructor through the classes that extend its class."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.callers import calls_named
from auditor.static.resolution.members import bases
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_BELOW = 60
"""Classes that extend one, directly or not, and are looked at; the calls of a class that more extend are not known."""

MAX_FILES = 40
"""Files that are searched for these."""

_EXTENDING: WeakKeyDictionary[ModuleFacts, dict[str, list[ast.ClassDef]]] = WeakKeyDictionary()
"""The classes of a file by the names of those that they extend."""

SeenCall = tuple["ModuleFacts", ast.Call, int]
"""A call, its file, and how many parameters it does not see."""


def calls_through(module: ModuleFacts, holder: ast.ClassDef, constructor: ast.FunctionDef) -> list[SeenCall] | None:
    """Calls of classes that inherit a constructor, and `super().__init__(…)` in those that have one of their own.

    None where too many classes may extend the one that it stands in.
    """
    pending = [ClassRef(module, holder)]
    found: list[SeenCall] = []
    for current in pending:
        below = _extending(current)
        if below is None or len(pending) + len(below) > MAX_BELOW:
            return None
        for each in below:
            if any(each.node is known.node for known in pending):
                continue
            own = next((child for child in each.node.body if getattr(child, "name", "") == "__init__"), None)
            if own is not None:
                found += _handing_on(each.module, own, constructor)
                continue
            pending.append(each)
            inherited = each.module.names.attribute(Instance(each), "__init__")
            if isinstance(inherited, FunctionRef) and inherited.node is constructor:
                found += _making(each)
    return found


def classes_below(cls: ClassRef) -> list[ClassRef] | None:
    """The classes that extend one, directly or not; None where these are too many."""
    found = [cls]
    for current in found:
        below = _extending(current)
        if below is None or len(found) + len(below) > MAX_BELOW:
            return None
        found += [each for each in below if each not in found]
    return found[1:]


def _extending(cls: ClassRef) -> list[ClassRef] | None:
    """The classes that name one as their base, in its file and in the programs that reach that."""
    project, path = cls.module.project, cls.module.path
    starts = project.programs.reaching(path) or (path,)
    paths = {path, *project.calling_files.extending(starts, cls.node.name)}
    if len(paths) > MAX_FILES:
        return None
    modules = (project.module(each) for each in sorted(paths))
    return [
        ClassRef(each, node)
        for each in modules
        if each is not None
        for node in classes_extending(each, cls.node.name)
        if cls in bases(ClassRef(each, node))
    ]


def classes_extending(module: ModuleFacts, name: str) -> list[ast.ClassDef]:
    """The classes of a file that extend something that is written so, or ends so."""
    extending = _EXTENDING.get(module)
    if extending is None:
        extending = _EXTENDING[module] = {}
        for node in list(module.index.functions):
            if not isinstance(node, ast.ClassDef):
                continue
            for base in node.bases:
                whole = base.value if isinstance(base, ast.Subscript) else base
                extending.setdefault(getattr(whole, "attr", getattr(whole, "id", "")), []).append(node)
    return extending.get(name, [])


def _handing_on(module: ModuleFacts, own: ast.stmt, constructor: ast.FunctionDef) -> Iterator[SeenCall]:
    for node in walk(own):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            called = module.names.value(node.func)
            if isinstance(called, FunctionRef) and called.node is constructor:
                yield module, node, int(called.bound)


def _making(cls: ClassRef) -> Iterator[SeenCall]:
    for caller, call in calls_named(cls.module, cls.node.name):
        if caller.names.value(call.func) == cls:
            yield caller, call, 1
