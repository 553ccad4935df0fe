"""Whether what a constructor makes of an argument is used after a call of it: an object may only describe itself."""

from __future__ import annotations

import ast
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.flow import uses
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_METHODS = 100
"""Methods of a class that are looked at; what those of a larger one do is not known."""

_SEEDING = frozenset({"bit_generator", "seed", "set_state", "setstate"})


class Made:
    """What becomes of a parameter of a function, in the objects that it makes where it is a constructor."""

    def __init__(self, module: ModuleFacts, function: Function, name: str) -> None:
        holder = module.parent(function)
        self._holder = holder if isinstance(holder, ast.ClassDef) else None
        self._function = function
        self._name = name

    def is_used(self, caller: ModuleFacts, call: ast.Call) -> bool:
        """Whether the call makes no object of the class, or one with which more is done than not to use it."""
        if getattr(self._function, "name", "") != "__init__" or getattr(call.func, "attr", "") == "__init__":
            return True
        using, parent = self._using, caller.parent(call)
        if isinstance(parent, ast.List | ast.Tuple) and _is_left_alone(caller, parent, call):
            return False
        target = only_target(parent)
        read = [caller.parent(node) for node in uses(caller, target)] if isinstance(target, ast.Name) else []
        if any(isinstance(each, ast.Attribute) and self._is_seeded_by(each, caller) for each in read):
            return False
        if using is None:
            return True
        if isinstance(parent, ast.Expr):
            return False
        if isinstance(parent, ast.Attribute):
            return parent.attr in using or parent.attr not in self._own
        if not isinstance(target, ast.Name) or isinstance(caller.parent(caller.statement(call)), ast.ClassDef):
            return True
        if caller.enclosing_function(call) is None and caller.project.is_imported(caller.path):
            return True
        return any(
            not isinstance(each, ast.Attribute) or each.attr in using or each.attr not in self._own for each in read
        )

    def _is_seeded_by(self, used: ast.Attribute, caller: ModuleFacts) -> bool:
        """Whether the object gets another generator, or that one a seed: `walk.rng = …`, `walk.rng.seed(3)`."""
        kept = {attr for attr, value in self._stored if self._names(value)}
        if used.attr in kept:
            above = caller.parent(used)
            return isinstance(used.ctx, ast.Store) or getattr(above, "attr", "") in _SEEDING
        method = self._methods.get(used.attr)
        return method is not None and not kept.isdisjoint(_stored_in(method))

    @cached_property
    def _methods(self) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
        body = self._holder.body if self._holder is not None else []
        return {each.name: each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}

    @cached_property
    def _own(self) -> set[str]:
        """Attributes that every object of the class has."""
        return self._methods.keys() | {attr for attr, _ in self._stored}

    @cached_property
    def _stored(self) -> list[tuple[str, ast.expr]]:
        stored = (each for each in walk(self._function) if isinstance(each, ast.Assign))
        return [
            (target.attr, each.value)
            for each in stored
            for target in each.targets
            if isinstance(target, ast.Attribute) and _is_self(target.value)
        ]

    @cached_property
    def _using(self) -> set[str] | None:
        """Attributes and methods that rest on the parameter; None where anything may."""
        holder = self._holder
        if holder is None or holder.bases or holder.keywords or len(self._methods) > MAX_METHODS:
            return None
        using = {attr for attr, value in self._stored if self._names(value)}
        kept = sum(self._names(value) for attr, value in self._stored)
        if kept != self._names(self._function):
            return None  # it may draw at once
        reads = {name: _read(method) for name, method in self._methods.items()}
        pending = list(using)
        for found in pending:
            further = {name for name, read in reads.items() if found in read}
            further = {attr for name in further for attr in (name, *_stored_in(self._methods[name]))} - using
            using |= further
            pending += sorted(further)
        return using if using.isdisjoint(_read(self._function)) else None

    def _names(self, node: ast.AST) -> int:
        loads = (each for each in walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load))
        return sum(each.id == self._name for each in loads)


def _read(function: ast.AST) -> set[str]:
    """Attributes of its own object that a method reads."""
    return {
        each.attr
        for each in walk(function)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Load) and _is_self(each.value)
    }


def _stored_in(function: ast.AST) -> set[str]:
    return {
        each.attr
        for each in walk(function)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and _is_self(each.value)
    }


def _is_left_alone(module: ModuleFacts, parent: ast.List | ast.Tuple, call: ast.Call) -> bool:
    """Whether only other elements of what the call makes a part of are used, as `agents[1]`."""
    target = only_target(module.parent(parent))
    if not isinstance(target, ast.Name):
        return False
    keys = [
        above.slice.value
        if isinstance(above := module.parent(node), ast.Subscript) and isinstance(above.slice, ast.Constant)
        else None
        for node in uses(module, target)
    ]
    return all(isinstance(key, int) and key >= 0 and key != parent.elts.index(call) for key in keys)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
