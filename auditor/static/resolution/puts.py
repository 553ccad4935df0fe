"""What functions put into tables: items of dictionaries and lists that are parameters of theirs."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.bindings import BindingKind, Function, every_argument
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_BINDINGS = 60
"""Bindings of one name that are looked at."""


class Puts:
    """Where the functions of one file put what they are given."""

    def __init__(self, module: ModuleFacts) -> None:
        self.attributes: dict[ast.ClassDef, set[str]] = {}
        """Attributes of a class or of its objects whose items are parameters of its methods."""

        self.tables: dict[Function, list[ast.Name | ast.Attribute]] = {}
        """Names of tables by the function, one that stands in no other, whose parameters become their items."""

        self.handed: dict[Function, list[ast.Call]] = {}
        """Calls by which such a function hands its parameters on."""

        for _, target, value, function in module.index.assignments:
            if isinstance(target, ast.Subscript) and function is not None and _is_parameter(module, value):
                self._put(module, target.value, function)
        for call, function, _ in module.index.calls:
            if function is None or not any(_is_parameter(module, part) for part in call.args):
                continue
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("append", "setdefault"):
                self._put(module, call.func.value, function)
            else:
                self.handed.setdefault(outermost(module, function), []).append(call)

    def _put(self, module: ModuleFacts, table: ast.expr, function: Function) -> None:
        outer = outermost(module, function)
        owner = module.parent(outer)
        while isinstance(table, ast.Subscript):
            table = table.value
        first = every_argument(outer.args)[:1]
        if isinstance(table, ast.Attribute) and isinstance(table.value, ast.Name):
            own = isinstance(owner, ast.ClassDef) and first and first[0].arg == table.value.id
            cls = module.names.value(table.value) if not own else None
            if own and isinstance(owner, ast.ClassDef):
                self.attributes.setdefault(owner, set()).add(table.attr)
            elif isinstance(cls, ClassRef) and cls.module is module:
                self.attributes.setdefault(cls.node, set()).add(table.attr)
        if isinstance(table, ast.Name | ast.Attribute):
            self.tables.setdefault(outer, []).append(table)


def outermost(module: ModuleFacts, function: Function) -> Function:
    """The function, or the one around it that stands in no other."""
    outer = function
    while (around := module.enclosing_function(outer)) is not None:
        outer = around
    return outer


def _is_parameter(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a name is a parameter, or the class that a metaclass makes: `cls = super().__new__(…)`."""
    if not isinstance(node, ast.Name):
        return False
    bindings = module.lookup.bindings_of(node)[:MAX_BINDINGS]
    return any(binding.kind is BindingKind.PARAMETER or _is_made_class(binding.value) for binding in bindings)


def _is_made_class(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "__new__"


def is_written_to(module: ModuleFacts, table: ast.expr, key: str) -> bool:
    """Whether a file may put something under a key into the dictionary that a name stands for."""
    text = dotted_text(table)
    called = (call.func for call, _, _ in module.index.calls if isinstance(call.func, ast.Attribute))
    if any(each.attr in ("update", "setdefault", "pop") and dotted_text(each.value) == text for each in called):
        return True
    targets = [target for _, target, _, _ in module.index.assignments if isinstance(target, ast.Subscript)]
    return any(
        target.slice.value == key if isinstance(target.slice, ast.Constant) else dotted_text(target.value) == text
        for target in targets
    )
