"""Attributes that are the same in every object of a class that a program makes: `Data(root, augment=False)`.

Only where the text says it: each mention of the class is a call, each call gives the same constant, and nothing but the
constructor assigns the attribute.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.bindings import Function, every_argument
from auditor.static.commandline import default_of
from auditor.static.elements import call_of
from auditor.static.facts import ModuleFacts
from auditor.static.members import first_base
from auditor.static.nodes import walk
from auditor.static.seedvalue import Seen, constant
from auditor.static.values import ClassRef, FunctionRef, Instance

if TYPE_CHECKING:
    from auditor.static.classmentions import ClassMentions

MAX_BASES = 5
MAX_FILES = 40
"""Files that name one class; of those that more of them name nothing is known."""

_MODES = frozenset({"training"})
"""Attributes that frameworks switch."""

_TESTED: WeakKeyDictionary[ModuleFacts, dict[ast.ClassDef, frozenset[str]]] = WeakKeyDictionary()

Constants = Mapping[str, ast.Constant]


class Switches:
    """The classes of one program."""

    def __init__(self, mentions: ClassMentions, paths: AbstractSet[str]) -> None:
        """`paths`: the files that are followed."""
        self._mentions = mentions
        self._paths = paths
        self._known: dict[ast.ClassDef, Mapping[str, Seen]] = {}
        self._calls: dict[ast.ClassDef, set[ast.Call]] = {}
        self._made: dict[ast.ClassDef, set[ast.Call | None]] = {}

    def of(self, cls: ClassRef) -> Mapping[str, Seen]:
        """Attributes by name, with what they are in every object of the class."""
        if cls.node not in self._known:
            tested = _tested(cls)
            known = self._read(cls, tested) if tested else {}
            is_named = self._made.get(cls.node, set()) <= self._calls.get(cls.node, set())
            self._known[cls.node] = known if is_named else {}
        return self._known[cls.node]

    def is_made(self, cls: ClassRef, node: ast.Call | None) -> None:
        """An object of the class is made, perhaps by a call that does not name it."""
        self._made.setdefault(cls.node, set()).add(node)
        if self._known.get(cls.node) and node not in self._calls[cls.node]:
            self._known[cls.node] = {}

    def _read(self, cls: ClassRef, tested: frozenset[str]) -> Mapping[str, Seen]:
        made = cls.module.names.attribute(Instance(cls), "__init__")
        if not isinstance(made, FunctionRef) or cls.node.decorator_list or cls.node.keywords:
            return {}
        # Of most classes no parameter is kept that a condition asks: who makes them need not be looked for.
        anything = {argument.arg: ast.Constant(None) for argument in every_argument(made.node.args)}
        if tested.isdisjoint(_kept(cls, anything)):
            return {}
        calls = self._calls_of(cls)
        if not calls:
            return {}
        self._calls[cls.node] = set(calls)
        given = [_given(made.node, call) for call in calls]
        first = given[0]
        agreed = {
            name: value for name, value in first.items() if all(_is_alike(each.get(name), value) for each in given)
        }
        found = _kept(cls, agreed)
        assigned = self._assigned_elsewhere(found)
        return {name: constant(value.value) for name, value in found.items() if name not in assigned}

    def _calls_of(self, cls: ClassRef) -> list[ast.Call]:
        """The calls of the class; none where it is used in any other way."""
        holding = self._mentions.holding(cls.node.name, self._paths)
        found: list[ast.Call] = []
        for path in holding if len(holding) <= MAX_FILES else ():
            calls = self._mentions.calls(cls, path)
            if calls is None:
                return []
            found += calls
        return found

    def _assigned_elsewhere(self, names: Iterable[str]) -> set[str]:
        """The attributes that anything but a method assigns to its own object: `data.augment = True`."""
        holding, assigned = self._mentions.holding, self._mentions.assigned
        return {name for name in names if any(name in assigned(path) for path in holding(f".{name}", self._paths))}


def _is_alike(one: ast.Constant | None, other: ast.Constant) -> bool:
    return one is not None and type(one.value) is type(other.value) and one.value == other.value


def _given(function: Function, call: ast.Call) -> dict[str, ast.Constant]:
    """The constants that a call gives the parameters of a constructor; of defaults those that are switches."""
    arguments = function.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)][1:]
    names = [*positional, *(argument.arg for argument in arguments.kwonlyargs)]
    made = call_of(call, None)
    found: dict[str, ast.Constant] = {}
    for name in names:
        value = made.argument(name, positional.index(name) if name in positional else None)
        if value is None and not made.opaque:
            default = default_of(function, name)
            value = default if isinstance(default, ast.Constant) and isinstance(default.value, bool) else None
        if isinstance(value, ast.Constant):
            found[name] = value
    return found


def _kept(cls: ClassRef, given: Constants) -> dict[str, ast.Constant]:
    """The attributes that a constructor sets to its parameters, and those of the classes that it extends."""
    found: dict[str, ast.Constant] = {}
    assigned: set[str] = set()
    twice: set[str] = set()
    current: ClassRef | None = cls
    for _ in range(MAX_BASES):
        if current is None:
            break
        module, function = current.module, _constructor(current)
        for name, values in module.self_attributes(current.node).items():
            if name in assigned or len(values) > 1:
                twice.add(name)
            assigned.add(name)
            value = values[0]
            if function is None or not isinstance(value, ast.Name) or module.enclosing_function(value) is not function:
                continue
            if value.id in given and len(module.index.scopes[function].bindings[value.id]) == 1:
                found[name] = given[value.id]
        base = first_base(current)
        base = base if isinstance(base, ClassRef) else None
        if function is not None:
            given = _handed_on(module, function, base, given)
        current = base
    return {name: value for name, value in found.items() if name not in twice and name not in _MODES}


def _constructor(cls: ClassRef) -> Function | None:
    found = (child for child in cls.node.body if isinstance(child, ast.FunctionDef) and child.name == "__init__")
    return next(found, None)


def _handed_on(module: ModuleFacts, function: Function, base: ClassRef | None, given: Constants) -> Constants:
    """What `super().__init__(root, augment=augment)` gives."""
    made = base.module.names.attribute(Instance(base), "__init__") if base is not None else None
    for call, holder, _ in module.index.calls:
        if holder is function and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
            if not isinstance(made, FunctionRef):
                return {}
            words = [ast.keyword(arg=each.arg, value=_constant_of(each.value, given)) for each in call.keywords]
            args = [_constant_of(each, given) for each in call.args]
            return _given(made.node, ast.Call(func=call.func, args=args, keywords=words))
    return {}


def _constant_of(node: ast.expr, given: Constants) -> ast.expr:
    return given.get(node.id, node) if isinstance(node, ast.Name) else node


def _tested(cls: ClassRef) -> frozenset[str]:
    """The attributes of its own object that a class asks in conditions; those of its bases too."""
    found: set[str] = set()
    current: ClassRef | None = cls
    for _ in range(MAX_BASES):
        if current is None:
            break
        kept = _TESTED.setdefault(current.module, {})
        if current.node not in kept:
            kept[current.node] = frozenset(_asked_in(current.node))
        found |= kept[current.node]
        base = first_base(current)
        current = base if isinstance(base, ClassRef) else None
    return frozenset(found)


def _asked_in(node: ast.ClassDef) -> Iterable[str]:
    for part in walk(node) if any(_takes_more(child) for child in node.body) else ():
        if isinstance(part, ast.If | ast.IfExp):
            for each in walk(part.test):
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
                    yield each.attr


def _takes_more(node: ast.stmt) -> bool:
    """A constructor that is given anything."""
    is_constructor = isinstance(node, ast.FunctionDef) and node.name == "__init__"
    return is_constructor and len(every_argument(node.args)) > 1  # type: ignore[attr-defined]
