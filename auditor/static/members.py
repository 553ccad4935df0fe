"""Methods and attributes of the project's classes, through their bases."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.constants import assigned
from auditor.static.values import ABSENT, Absent, ClassRef, External, FunctionRef, Value, agreed

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_BASES = 40
"""Classes on the way up; longer hierarchies are not followed."""


def member(cls: ClassRef, name: str, *, bound: bool, seen: frozenset[ast.ClassDef] = frozenset()) -> Value:
    """What `cls.name` stands for, or `object.name` where `bound`."""
    if cls.node in seen or len(seen) > MAX_BASES:
        return None
    own = _own(cls, name, bound=bound)
    if not isinstance(own, Absent):
        return own
    for base in bases(cls):
        if isinstance(base, ClassRef):
            value = member(base, name, bound=bound, seen=seen | {cls.node})
            if isinstance(value, FunctionRef):
                return FunctionRef(value.module, value.node, cls, bound)
            if value is not None:
                return value
        elif isinstance(base, External) and base.name != "object":
            return External(f"{base.name}.{name}")
    return None


def bases(cls: ClassRef) -> list[Value]:
    """The values of the base classes as written."""
    names = cls.module.names
    return [names.value(base.value if isinstance(base, ast.Subscript) else base) for base in cls.node.bases]


def default_factories(cls: ClassRef, given: Container[str | None]) -> Iterator[tuple[ast.expr, FunctionRef]]:
    """The project's functions that make the defaults of a dataclass: `rate: float = field(default_factory=draw)`.

    `given`: fields that the constructor's call names.
    """
    for child in cls.node.body:
        if not isinstance(child, ast.AnnAssign) or not isinstance(child.value, ast.Call):
            continue
        for word in child.value.keywords:
            if word.arg == "default_factory" and getattr(child.target, "id", None) not in given:
                value = cls.module.names.value(word.value)
                if isinstance(value, FunctionRef):
                    yield word.value, value


def table_of(module: ModuleFacts, node: ast.expr) -> list[Value]:
    """What the display that a name stands for holds, in this module or in the one that it is imported from."""
    table = module.origin(node)
    if isinstance(table, ast.Name | ast.Attribute):
        found = assigned(module, table)
        if found is None:
            return []
        module, table = found
    parts = table.values if isinstance(table, ast.Dict) else getattr(table, "elts", [])
    return [module.names.value(part) for part in parts]


def first_base(cls: ClassRef) -> External | ClassRef | None:
    """The first base that is known."""
    known = [base for base in bases(cls) if isinstance(base, External | ClassRef)]
    return known[0] if known else None


def _own(cls: ClassRef, name: str, *, bound: bool) -> Value | Absent:
    """What the class itself defines, or its methods assign to `self.name`, where all agree."""
    names = cls.module.names
    bindings = cls.module.index.scopes[cls.node].bindings.get(name)
    if bindings:
        value = names.meaning(bindings)
        return FunctionRef(value.module, value.node, cls, bound) if isinstance(value, FunctionRef) else value
    stored = cls.module.self_attributes(cls.node).get(name) if bound else None
    return agreed([names.option(value) for value in stored]) if stored else ABSENT
