"""What is called out of a table that an object keeps: `self.steps[name]()`, `self.steps.get(name, self.stay)()`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import lineage
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.members import entry_of, table_of
from auditor.static.resolution.values import ClassRef, Value
from auditor.static.syntax.elements import Known

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

_DISPLAYS = (ast.BinOp, ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Tuple)
MAX_ENTRIES = 200
"""Entries of one table that are looked at."""

_PUT_IN: WeakKeyDictionary[ModuleFacts, dict[tuple[ast.ClassDef, str], list[tuple[ast.expr, ast.expr]]]] = (
    WeakKeyDictionary()
)


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
    if not isinstance(table, ast.Attribute) or not _is_own(table):
        if not isinstance(called, ast.Call):
            return []
        if isinstance(known, Known):
            entry = entry_of(module, ast.copy_location(ast.Subscript(value=table, slice=key, ctx=ast.Load()), called))
            return [entry] if entry is not None else []
        held = table_of(module, table)[:MAX_ENTRIES]
        return [*held, *by_default] if any(held) else []
    found = _kept(module, table)
    if isinstance(known, Known):
        found = [each for each in found if getattr(each[1], "value", known.value) == known.value]
    held = [holder.names.value(part) for holder, _, part in found]
    return [*held, *by_default] if found and any((*held, *by_default)) else []


def picks_by_key(module: ModuleFacts, called: ast.expr) -> bool:
    """Whether it comes out of an attribute by a key that is not written, `self.steps[name]`, or so out of a display.

    What a parameter holds is left to those who know the call.
    """
    if not isinstance(called, ast.Subscript) or isinstance(called.slice, ast.Constant):
        return False
    if not isinstance(called.value, ast.Name):
        return isinstance(called.value, ast.Attribute)
    written = assigned(module, called.value)
    return written is not None and isinstance(written[1], _DISPLAYS)


def _kept(module: ModuleFacts, table: ast.Attribute) -> list[tuple[ModuleFacts, ast.expr | None, ast.expr]]:
    """The entries of the one dictionary that a class, or one that it extends, gives the attribute.

    With those that it or a class in between puts in later: `self.steps["train"] = self.train`.
    """
    around = module.enclosing_class(table)
    found: list[tuple[ModuleFacts, ast.expr | None, ast.expr]] = []
    for cls in lineage(ClassRef(module, around)) if around is not None else ():
        found += [(cls.module, key, value) for key, value in _put_in(cls.module).get((cls.node, table.attr), ())]
        stored = cls.module.self_attributes(cls.node).get(table.attr, [])
        if stored:
            only = stored[0] if len(stored) == 1 else None
            if isinstance(only, ast.Dict):
                return [*((cls.module, *entry) for entry in zip(only.keys, only.values, strict=True)), *found][
                    :MAX_ENTRIES
                ]
            return found[:MAX_ENTRIES] if isinstance(only, ast.Call) and not only.args else []
    return []


def _put_in(module: ModuleFacts) -> Mapping[tuple[ast.ClassDef, str], Sequence[tuple[ast.expr, ast.expr]]]:
    """What the methods of a file's classes put into attributes of their objects, each with its key."""
    found = _PUT_IN.get(module)
    if found is None:
        found = _PUT_IN[module] = {}
        for _, target, value, _ in module.index.assignments:
            table = target.value if isinstance(target, ast.Subscript) else None
            if isinstance(target, ast.Subscript) and isinstance(table, ast.Attribute) and _is_own(table):
                holder = module.enclosing_class(target)
                if holder is not None:
                    found.setdefault((holder, table.attr), []).append((target.slice, value))
    return found


def _is_own(table: ast.Attribute) -> bool:
    return getattr(table.value, "id", "") == "self"
