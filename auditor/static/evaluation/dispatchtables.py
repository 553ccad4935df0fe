"""What is called out of a table that an object keeps: `self.steps[name]()`, `self.steps.get(name, self.stay)()`."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import lineage
from auditor.static.resolution.members import entry_of, table_of
from auditor.static.resolution.values import ClassRef, Value
from auditor.static.syntax.elements import Known

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_ENTRIES = 200
"""Entries of one table that are looked at."""


def called_out_of(module: ModuleFacts, called: ast.expr) -> list[Value]:
    """What may be called where an attribute of the object at hand holds a table that its class writes down once.

    By `get` also out of one that goes by any other name.
    """
    others: list[ast.expr] = []
    if isinstance(called, ast.Subscript):
        table, key = called.value, called.slice
    elif isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute) and called.func.attr == "get":
        if not called.args:
            return []
        table, key, others = called.func.value, called.args[0], called.args[1:]
    else:
        return []
    known = module.constant(key)
    by_default = [module.names.value(part) for part in others if not isinstance(part, ast.Constant)]
    if not isinstance(table, ast.Attribute) or getattr(table.value, "id", "") != "self":
        if not isinstance(called, ast.Call):
            return []
        if isinstance(known, Known):
            entry = entry_of(module, ast.copy_location(ast.Subscript(value=table, slice=key, ctx=ast.Load()), called))
            return [entry] if entry is not None else []
        held = table_of(module, table)[:MAX_ENTRIES]
        return [*held, *by_default] if any(held) else []
    found = _kept(module, table)
    if found is None:
        return []
    holder, written = found
    entries = list(zip(written.keys, written.values, strict=True))[:MAX_ENTRIES]
    if isinstance(known, Known):
        entries = [(name, part) for name, part in entries if getattr(name, "value", known.value) == known.value]
    return [*(holder.names.value(part) for _, part in entries), *by_default]


def _kept(module: ModuleFacts, table: ast.Attribute) -> tuple[ModuleFacts, ast.Dict] | None:
    """The one dictionary that a class, or one that it extends, gives the attribute."""
    around = module.enclosing_class(table)
    for cls in lineage(ClassRef(module, around)) if around is not None else ():
        stored = cls.module.self_attributes(cls.node).get(table.attr, [])
        if stored:
            only = stored[0] if len(stored) == 1 else None
            return (cls.module, only) if isinstance(only, ast.Dict) else None
    return None
