"""Objects of the project that a program makes: what makes them runs, and which of their methods are called."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import recorded
from auditor.static.execution.datasetparts import divides, undivided
from auditor.static.execution.layersteps import NETWORKS, is_layer, is_own_step
from auditor.static.execution.protocols import CALLED, INDEXING, ITERATING, is_property, iterating, properties, steps
from auditor.static.execution.setters import Setters
from auditor.static.names import method_kind
from auditor.static.resolution.callables import QUIET, QUIET_MODULES, STARTED
from auditor.static.resolution.configured import COMMAND_LINES, MAX_MADE, of_command_line, opened
from auditor.static.resolution.frame import Frame
from auditor.static.resolution.members import default_factories
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance
from auditor.static.resolution.wrappers import constructor_put
from auditor.static.syntax.elements import passed
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.execution.callwalk import CallWalk
    from auditor.static.execution.walk import Walk


class MadeObjects:
    """The objects of one program."""

    def __init__(self, walk: Walk, calls: CallWalk) -> None:
        self._walk = walk
        self._calls = calls
        self._ledger = walk.ledger
        self._rng = walk.project.rng
        self._properties: dict[ast.ClassDef, list[str]] = {}
        """Properties of classes that can lead to a draw or a seed and may be read."""

        self._put: dict[ast.ClassDef, tuple[FunctionRef | None, bool]] = {}
        """What decorators put in place of constructors."""

        self.setters = Setters(walk)
        self._has_indexed = False
        """Whether an object was made whose class says what its items are."""

        self._own_steps: dict[ast.AST, bool] = {}
        """Whether only the layer itself calls that method of it."""

        self._named: dict[str, bool] = {}
        """Whether something of the program may read an attribute of that name."""

        self._read: set[str] = set()
        """Names of the properties that were found so far to lead to a draw or a seed."""

    def protocol(self, node: ast.expr, names: Iterable[str], frame: Frame) -> None:
        """The language calls these methods of an object of the project."""
        made = frame.resolve(node) if isinstance(node, ast.Name | ast.Attribute | ast.Call) else None
        if isinstance(made, Instance) and isinstance(made.of, ClassRef):
            self.methods(made, iterating(made) if names is ITERATING else names, frame, node)
        elif self._has_indexed and divides(frame.module):
            for module, each in undivided(frame.module, node):
                asked = frame.resolve(each) if module is frame.module else None
                if isinstance(asked, Instance) and isinstance(asked.of, ClassRef):
                    self.methods(asked, INDEXING, frame, node)

    def indexed(self, node: ast.expr, frame: Frame) -> None:
        """Objects of the project are asked for items by what is in brackets: `dataset[0]`."""
        if self._has_indexed:
            for part in frame.module.items_asked_in(node):
                self.protocol(part, INDEXING, frame)

    def read(self, node: ast.expr, frame: Frame) -> None:
        """Properties of objects of the project are read: what they seed is seeded from here on."""
        if not self._read or self._read.isdisjoint(frame.module.identifiers_in(node)):
            return
        for part in walk(node):
            if isinstance(part, ast.Attribute) and part.attr in self._read and isinstance(part.ctx, ast.Load):
                made = frame.resolve(part.value)
                if isinstance(made, Instance) and isinstance(made.of, ClassRef):
                    method = frame.module.names.attribute(made, part.attr)
                    if isinstance(method, FunctionRef) and is_property(method.node):
                        self._calls.functions.enter(method, None, frame, at=part)

    def construct(
        self, cls: ClassRef, node: ast.Call | None, frame: Frame, at: ast.expr | None = None, *, defaults: bool = False
    ) -> None:
        """Make an object: `__init__` where the project wrote one, else the outside class that it extends.

        `defaults`: something outside makes it, of which nothing is given that has a default.
        """
        made = Instance(cls, node, frame.module)
        self._calls.functions.make(cls, node)
        self.setters.made(cls)
        if not (self._ledger.muted or isinstance(cls.module.names.attribute(made, "__init__"), FunctionRef)):
            self._walk.evaluator.remember_attributes(cls, recorded(self._walk.evaluator, made, frame))
        for name in ("__new__", "__init__", "__post_init__"):
            method = cls.module.names.attribute(made, name)
            if name == "__init__" and cls.node.decorator_list:
                if cls.node not in self._put:
                    self._put[cls.node] = constructor_put(cls)
                put, is_asked_for = self._put[cls.node]
                if put is not None:
                    self._calls.functions.enter(put, None, frame, at=at if at is not None else node, defaults=False)
                if not is_asked_for:
                    continue
            if isinstance(method, FunctionRef):
                self._calls.functions.enter(method, node, frame, at=at, defaults=defaults or node is not None)
            elif isinstance(method, External) and name == "__init__" and node is not None:
                base = method.name.removesuffix(".__init__")
                self._calls.random.draw(base, node, frame)
                if base in self._rng.seed_calls:
                    self._calls.random.seed(self._rng.seed_calls[base], base, node, frame)
                if base in COMMAND_LINES:
                    self._calls.outside.callbacks(base, node, frame)
                    self.make_configured(node, frame)
                elif base not in QUIET and not base.startswith(QUIET_MODULES):
                    self._inherited(node, frame)
        self._has_indexed |= isinstance(cls.module.names.attribute(made, INDEXING[0]), FunctionRef)
        self._default_factories(cls, node, frame)
        place = at if at is not None else node
        if place is not None:
            self._ledger.deferring += 1
            self.methods(made, self._read_properties(cls), frame, place)
            self._ledger.deferring -= 1
            for step in steps(cls):
                with self._calls.spawned.importing():
                    self.methods(made, [step], frame, place)
            if not STARTED.isdisjoint(cls.module.base_classes(cls.node)):
                with self._calls.choices.later():
                    self.methods(made, ["run"], frame, place)

    def make_configured(self, node: ast.Call, frame: Frame) -> None:
        """A command line makes what the documents of the project name, and something outside runs it."""
        for made in of_command_line(frame.module, node):
            if len(made) > MAX_MADE:
                self._ledger.beyond = self._ledger.beyond or frame.module.location(node)
            for cls in self._calls.choices.one_of(made[:MAX_MADE], is_taken=True):
                self.construct(cls, opened(node), frame, at=node)
                self.sweep(Instance(cls), frame, node)

    def _inherited(self, node: ast.Call, frame: Frame) -> None:
        """`Runner(create_agent)` of a class without constructor: what it inherits keeps the function, and calls it."""
        with self._calls.choices.later():
            for part in passed(node):
                value = frame.resolve(part)
                if isinstance(value, FunctionRef):
                    self._calls.functions.enter(value, None, frame, at=part, defaults=False)

    def _default_factories(self, cls: ClassRef, node: ast.Call | None, frame: Frame) -> None:
        """`lr: float = field(default_factory=…)`: called for every object that is not given the field."""
        given = {word.arg for word in node.keywords} if node is not None else set()
        for factory, value in default_factories(cls, given):
            if isinstance(value, FunctionRef):
                self._calls.functions.enter(value, None, frame, at=factory)
            else:
                call = ast.copy_location(ast.Call(func=factory, args=[], keywords=[]), factory)
                self._calls.random.draw(value.name, call, Frame(cls.module))

    def _read_properties(self, cls: ClassRef) -> list[str]:
        """Properties of a class that something of the program may read, of those that can lead to a draw or a seed."""
        found = self._properties.get(cls.node)
        if found is None:
            walk = self._walk
            counting = [name for name, node in properties(cls) if walk.relevance.is_relevant(node)]
            found = self._properties[cls.node] = [name for name in counting if self._is_read(name)]
            self._read.update(found)
        return found

    def _is_own_step(self, cls: ClassRef, method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether only the other methods of a layer lead to one that matters (`layersteps`)."""
        if method.name in CALLED or not self._walk.relevance.is_relevant(method):
            return False
        if method not in self._own_steps:
            found = is_layer(cls) and is_own_step(cls, method, self._walk.project, self._walk.within)
            self._own_steps[method] = found
        return self._own_steps[method]

    def _may_be_called(self, method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether a method is a layer's own, or something of the program may call it."""
        if method.name in CALLED or not self._walk.relevance.is_relevant(method):
            return True
        if method.name not in self._named:
            self._named[method.name] = self._is_read(method.name)
        return self._named[method.name]

    def _is_read(self, name: str) -> bool:
        """Whether something of the program may read an attribute of this name."""
        hold, text = self._walk.project.texts.hold, frozenset({f".{name}"})
        return any(hold(path, text) for path in self._walk.within)

    def sweep(
        self, made: Instance, frame: Frame, at: ast.expr, *, is_taken: bool = False, is_held: bool = False
    ) -> None:
        """A framework got an object: it will call the methods that the project wrote, later.

        Of an object that extends nothing outside it knows no method: it can only call the object itself.

        `is_taken`: the object is one of several that a table holds. Class methods, which make all of these again, are
        left to those who call them.

        `is_held`: it is only kept and called; further methods count where something of the program says their names.
        """
        assert isinstance(made.of, ClassRef)
        if is_plain(made.of):
            with self._calls.choices.later():
                self.methods(made, ["__call__"], frame, at)
            return
        is_network = not NETWORKS.isdisjoint(made.of.module.base_classes(made.of.node))
        names = [
            child.name
            for child in made.of.node.body
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            and child.name not in ("__init__", "__new__")
            and not (is_taken and method_kind(child) == "class")
            and not (is_held and not self._may_be_called(child))
            and not (is_network and self._is_own_step(made.of, child))
        ]
        with self._calls.choices.later():
            self._ledger.in_network += is_network
            self.methods(made, names, frame, at)
            self._ledger.in_network -= is_network

    def methods(self, made: Instance, names: Iterable[str], frame: Frame, at: ast.expr) -> None:
        """Something calls these methods of an object, where it has them.

        Just this object is meant where `at` makes it, or names what that call alone gave; else only its class counts.
        """
        is_certain = made.made_by is not None and made.made_by in (at, _given_to(at, frame))
        for name in names:
            method = frame.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                self._calls.functions.enter(method, None, frame, at=at, made=made if is_certain else None)


def _given_to(at: ast.expr, frame: Frame) -> ast.expr | None:
    """The one expression that a name is bound to where it is used."""
    bindings = frame.module.lookup.in_force(at) if isinstance(at, ast.Name) else ()
    return bindings[0].value if len(bindings) == 1 else None


def is_plain(cls: ClassRef) -> bool:
    """Whether no base comes from outside: then nothing but the project calls its methods."""
    return all(name.startswith(".") or name == "object" for name in cls.module.base_classes(cls.node))
