"""Attributes that are the same in every object of a class that a program makes: `Data(root, augment=False)`.

Only where the text says it: each mention of the class is a call, each call gives the same constant, and nothing but the
constructor assigns the attribute. A dictionary that is written out gives those of its constants that nothing replaces.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from weakref import WeakKeyDictionary

from auditor.errors import ProjectError
from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.derivedswitches import ANYTHING, Switch
from auditor.static.evaluation.keptswitches import (
    MAX_BASES,
    MORE,
    agreed,
    given_to,
    is_alike,
    items,
    kept,
    switch_of_default,
)
from auditor.static.evaluation.modes import sets_by_name, sets_switches
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.callers import passed_to
from auditor.static.resolution.members import first_base
from auditor.static.resolution.seedvalue import GIVEN, Entries, Seen, constant, holding
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.syntax.bindings import BindingKind, every_argument
from auditor.static.syntax.elements import call_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.evaluation.classmentions import ClassMentions

MAX_FILES = 40
"""Files that name one class; of those that more of them name nothing is known."""

MAX_OBJECTS = 200
"""Objects of which each is looked at by itself; of those that come after, what all of their class agree on counts."""

MAX_PARAMETERS = 100
"""Parameters of functions that hand them on to such a class; of those that come after nothing is known."""

_TESTED: WeakKeyDictionary[ModuleFacts, dict[ast.ClassDef, frozenset[str]]] = WeakKeyDictionary()


class Switches:
    """The classes of one program."""

    def __init__(self, mentions: ClassMentions, paths: AbstractSet[str]) -> None:
        """`paths`: the files that are followed."""
        self._mentions = mentions
        self._project = mentions.project
        self._paths = paths
        self._known: dict[ast.ClassDef, Mapping[str, Seen]] = {}
        self._calls: dict[ast.ClassDef, set[ast.Call]] = {}
        self._made: dict[ast.ClassDef, set[ast.Call | None]] = {}
        self._objects: dict[ast.Call, Mapping[str, Seen]] = {}
        self._parameters: dict[tuple[ast.AST, str], ast.Constant | None] = {}

    def of(self, cls: ClassRef) -> Mapping[str, Seen]:
        """Attributes by name, with what they are in every object of the class."""
        if cls.node not in self._known:
            tested = _tested(cls)
            known = self._read(cls, tested) if tested else {}
            is_named = self._made.get(cls.node, set()) <= self._calls.get(cls.node, set())
            self._known[cls.node] = known if is_named else {}
        return self._known[cls.node]

    def of_object(self, made: Instance) -> Mapping[str, Seen]:
        """Attributes of one object whose class a call names: of all objects others may hold `split="test"`."""
        cls, call, module = made.of, made.made_by, made.module
        if not isinstance(cls, ClassRef) or call is None or module is None:
            return {}
        if call not in self._objects and len(self._objects) < MAX_OBJECTS:
            self._objects[call] = self._read_object(cls, call, module)
        return self._objects.get(call, {})

    def _read_object(self, cls: ClassRef, call: ast.Call, module: ModuleFacts) -> Mapping[str, Seen]:
        named, tested = module.names.value(call.func), _tested(cls)
        made = cls.module.names.attribute(Instance(cls), "__init__") if tested else None
        is_plain = isinstance(named, ClassRef) and named.node is cls.node and not cls.node.decorator_list
        if not isinstance(made, FunctionRef) or not is_plain or cls.node.keywords:
            return {}
        found = kept(cls, given_to(module, made.node, call, self._handed))
        constants = {name: value for name, value in found.items() if name in tested and isinstance(value, ast.Constant)}
        assigned = self._assigned_elsewhere(cls, constants)
        return {name: constant(value.value) for name, value in constants.items() if name not in assigned}

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
        anything = {argument.arg: ANYTHING for argument in every_argument(made.node.args)}
        if tested.isdisjoint(kept(cls, {**anything, MORE: ANYTHING})):
            return {}
        calls = self._calls_of(cls)
        if not calls:
            return {}
        self._calls[cls.node] = {call for _, call in calls}
        given = agreed([given_to(module, made.node, call, self._handed) for module, call in calls])
        given = {
            name: self._steady(cls, value) if isinstance(value, ast.Dict) else value for name, value in given.items()
        }
        found = kept(cls, given)
        assigned = self._assigned_elsewhere(cls, found)
        return {name: _seen(value) for name, value in found.items() if name not in assigned}

    def _handed(self, module: ModuleFacts, node: ast.Name) -> ast.Constant | None:
        """What each call of a function gives the parameter that it hands on, as `make(augment=False)` to `Data`."""
        function, bindings = module.enclosing_function(node), module.lookup.bindings_of(node)
        if not isinstance(function, ast.FunctionDef) or function.decorator_list or len(bindings) != 1:
            return None
        if module.parent(function) is not module.tree or bindings[0].kind is not BindingKind.PARAMETER:
            return None
        key = function, node.id
        if key not in self._parameters:
            is_much = len(self._parameters) >= MAX_PARAMETERS
            self._parameters[key] = None if is_much else self._agreed(module, function, node.id)
        return self._parameters[key]

    def _agreed(self, module: ModuleFacts, function: ast.FunctionDef, name: str) -> ast.Constant | None:
        """The constant that all calls of a function give a parameter."""
        given: list[ast.expr | None] = []
        for _, call in self._calls_of(FunctionRef(module, function)):
            if call_of(call, None).opaque:
                return None
            given.append(passed_to(call, function, name, 0) or switch_of_default(function, name))
        first = given[0] if given else None
        is_one = isinstance(first, ast.Constant) and all(is_alike(first, each) for each in given)
        return first if is_one and isinstance(first, ast.Constant) else None

    def _steady(self, cls: ClassRef, whole: ast.Dict) -> ast.Dict:
        """Of a dictionary what the class may look up, and nothing puts anything else in the place of."""
        own = cls.module.path
        held = [(key, value) for key, value in items(whole) if self._project.texts.contain(own, _quoted(key))]
        held = [(key, value) for key, value in held if not any(self._is_put(key, path) for path in sorted(self._paths))]
        return ast.Dict(keys=[ast.Constant(key) for key, _ in held], values=[value for _, value in held])

    def _is_put(self, key: str, path: str) -> bool:
        """Whether `options["noise"] = True` or `options.update(noise=True)` stands in a file."""
        if not self._project.texts.contain(path, (key,)):
            return False
        name = re.escape(key)
        put = rf"""\[\s*["']{name}["']\s*\]\s*=(?!=)|\b(?:update|setdefault)\([^)]*\b{name}\b""".encode()
        try:
            return re.search(put, self._project.source(path).code()) is not None
        except ProjectError:
            return False  # told as not analysed
        finally:
            self._project.unread(path)

    def _calls_of(self, cls: ClassRef | FunctionRef) -> list[tuple[ModuleFacts, ast.Call]]:
        """The calls of a class or function; none where it is used in any other way."""
        holding = self._mentions.holding(getattr(cls.node, "name", ""), self._paths)
        found: list[tuple[ModuleFacts, ast.Call]] = []
        for path in holding if len(holding) <= MAX_FILES else ():
            calls = self._mentions.calls(cls, path)
            if calls is None:
                return []
            found += calls
        return found

    def _assigned_elsewhere(self, cls: ClassRef, names: Collection[str]) -> set[str]:
        """The attributes that anything but a method assigns to its own object: `data.augment = True`."""
        if names and sets_switches(cls, self._mentions.holding(cls.node.name, self._paths)):
            return {*names}
        holding, assigned = self._mentions.holding, self._mentions.assigned
        return {
            name
            for name in names
            if any(name in assigned(path) for path in holding(f".{name}", self._paths))
            or any(sets_by_name(path, name, self._project) for path in sorted(self._paths))
        }


def _quoted(key: str) -> tuple[str, str]:
    return f"'{key}'", f'"{key}"'


def _seen(value: Switch) -> Seen:
    if isinstance(value, ast.Constant):
        return constant(value.value)
    return holding(GIVEN, entries=Entries({key: constant(held.value) for key, held in items(value)}, GIVEN))


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
        if isinstance(part, ast.If | ast.IfExp | ast.BoolOp):
            asked = part.values if isinstance(part, ast.BoolOp) else walk(part.test)
            for each in asked:
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
                    yield each.attr


def _takes_more(node: ast.stmt) -> bool:
    """A constructor that is given anything."""
    is_constructor = isinstance(node, ast.FunctionDef) and node.name == "__init__"
    return is_constructor and len(every_argument(node.args)) > 1  # type: ignore[attr-defined]
