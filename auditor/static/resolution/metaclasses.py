"""Metaclasses of the project: what makes a class may keep it in a table."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.members import bases, member
from auditor.static.resolution.values import ClassRef, FunctionRef

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_ABOVE = 8
"""Bases of a class that are asked for its metaclass."""

_HOOKS = ("__new__", "__init__")


def are_in(modules: Iterable[ModuleFacts]) -> bool:
    """Whether a class of some modules has a metaclass; that of abstract classes keeps nothing."""
    return any(
        word.arg == "metaclass" and getattr(word.value, "attr", getattr(word.value, "id", "")) != "ABCMeta"
        for module in modules
        for node in module.index.functions
        if isinstance(node, ast.ClassDef)
        for word in node.keywords
    )


def hooks(cls: ClassRef) -> Iterator[FunctionRef]:
    """What the metaclass of a class does when it makes it."""
    meta = _metaclass(cls)
    for name in _HOOKS if meta is not None else ():
        found = member(meta, name, bound=False) if meta is not None else None
        if isinstance(found, FunctionRef):
            yield found


def _metaclass(cls: ClassRef) -> ClassRef | None:
    """That of the project that a class names, or one that it extends: `class Net(metaclass=Meta)`."""
    pending = [cls]
    for each in pending:
        for word in each.node.keywords:
            found = each.module.names.value(word.value) if word.arg == "metaclass" else None
            if isinstance(found, ClassRef):
                return found
        above = [base for base in bases(each) if isinstance(base, ClassRef) and base not in pending]
        pending += above[: MAX_ABOVE - len(pending)] if len(pending) < MAX_ABOVE else []
    return None


def names_class(key: ast.expr | None) -> bool:
    """Whether a table is filled by the name of the class: `registry[name] = cls`, `registry[cls.__name__] = cls`."""
    return isinstance(key, ast.Name) or getattr(key, "attr", "") == "__name__"
