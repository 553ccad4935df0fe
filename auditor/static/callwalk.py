"""What a call leads to: seeds and draws of libraries, functions and classes of the project, callbacks, loaders."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from auditor.model.annotations import TYPE_CHECKING, TypeVar
from auditor.model.lean import replace
from auditor.ruleset.library import NoneMeaning, SeedCall
from auditor.static.callables import (
    CALLING_BUILTINS,
    EXITS,
    OFFERING_OBJECTS,
    QUIET,
    QUIET_MODULES,
    RUNNERS,
    RUNNING_MAIN,
    SPAWNERS,
)
from auditor.static.commandgroups import registration
from auditor.static.elements import call_of
from auditor.static.exposed import offered_functions, offered_methods
from auditor.static.frame import End, Frame
from auditor.static.functions import Functions
from auditor.static.importcalls import IMPORTING, imported_by, is_repeated
from auditor.static.indirect import APPLYING, LAUNCHING, applied, called_later, dispatched, launched, runs_itself
from auditor.static.instantiated import INSTANTIATING, instantiated
from auditor.static.knowledge import draws
from auditor.static.library_verdict import SeedValue
from auditor.static.maybetrue import may_be_true
from auditor.static.members import default_factories, table_of
from auditor.static.modes import BRANCHING
from auditor.static.picked import looked_into, picked
from auditor.static.protocols import ENTERING, INDEXING, STACKING, properties, starts_base
from auditor.static.receiver import on_own_object
from auditor.static.rngstate import Pending, State, join
from auditor.static.seedvalue import FIXED, GIVEN, UNSEEDED_STATE, Seen, entropy
from auditor.static.spawned import Spawned
from auditor.static.spread import spread
from auditor.static.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value
from auditor.static.weights import drawn_by, is_loading, loads_weights, makes_weights, may_load_all, unpickles_model

if TYPE_CHECKING:
    from auditor.static.walk import Walk

Choice = TypeVar("Choice")
MAX_GROUPS = 4
"""Groups of commands that are followed one in the other; a dozen that hold each other are many ways."""

LOADER_METHODS = ("__getitem__", "__getitems__", "__iter__", "__next__")


class CallWalk:
    """The calls of one program being followed."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger
        self._rng = walk.project.rng
        self._functions = Functions(walk)
        self._spawned = Spawned(walk)
        self._made: dict[ast.Call, frozenset[Pending]] = {}
        self._stored: dict[str, list[FunctionRef]] = {}
        """Functions kept in options (`set_defaults(run=train)`), by the option's name."""

        self._groups: list[FunctionRef | Instance] = []
        """Groups of commands that are being run."""

        self._properties: dict[ast.ClassDef, list[str]] = {}
        """Properties of classes that can lead to a draw or a seed and may be read."""

        self._has_indexed = False
        """Whether an object was made whose class says what its items are."""

    def call(self, node: ast.Call, frame: Frame) -> End:
        """Follow one call whose arguments have been executed."""
        end = self._follow(node, frame)
        self._walk.changes.called(node, _passed(node), frame)
        return end

    def _follow(self, node: ast.Call, frame: Frame) -> End:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "set_defaults":
            self._store(node, frame)
            return End.FALLS_THROUGH
        if self._registers(node, frame):
            return End.FALLS_THROUGH
        value = frame.resolve(node.func)
        self._ledger.loads_weights = (
            self._ledger.loads_weights
            or loads_weights(node, value.name if isinstance(value, External) else None)
            or unpickles_model(frame.module, node)
        )
        self._ledger.loads_some |= isinstance(node.func, ast.Attribute) and is_loading(node.func.attr)
        if may_load_all(node) and isinstance(node.func, ast.Attribute):
            model = frame.resolve(node.func.value)
            if isinstance(model, Instance) and model.made_by is not None and model.module is not None:
                self._ledger.load(model.module.location(model.made_by))
        if isinstance(value, External):
            self._external(value.name, node, frame)
            self._build(node, frame)
            if starts_base(value.name) and isinstance(node.func, ast.Attribute):
                made = frame.resolve(node.func.value)
                if isinstance(made, Instance) and isinstance(made.of, ClassRef):
                    self._sweep(made, frame, node)
            return End.STOPS if value.name in EXITS else End.FALLS_THROUGH
        if isinstance(value, FunctionRef):
            with self._spawned.calling(value, node):
                frame.results[node] = self._functions.enter(on_own_object(value, node, frame), node, frame)
            self._alternatives(dispatched(value), node, frame)
            self._commands(value, node, frame)
        elif isinstance(value, ClassRef):
            with self._spawned.calling(value, node):
                self._construct(value, node, frame)
        elif isinstance(value, Instance):
            self._call_object(value, node, frame)
        else:
            self._unresolved(node, frame)
        return End.FALLS_THROUGH

    def protocol(self, node: ast.expr, names: Iterable[str], frame: Frame) -> None:
        """The language calls these methods of an object of the project."""
        made = frame.resolve(node) if isinstance(node, ast.Name | ast.Attribute | ast.Call) else None
        if isinstance(made, Instance) and isinstance(made.of, ClassRef):
            self._methods(made, names, frame, node)

    def decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> None:
        """A function is defined: what stands above it may call it at once, or when the program ends."""
        decorator = called_later(frame.module, node)
        if frame.is_main and runs_itself(frame.module, node):
            self._functions.enter(FunctionRef(frame.module, node), None, frame, defaults=False)
        elif decorator is not None:
            with self._later():
                self._functions.enter(FunctionRef(frame.module, node), None, frame, at=decorator)

    def decorate(self, node: ast.expr, frame: Frame) -> None:
        """A decorator of the project is called with the class below it; `@seeded(3)` gives the function that is."""
        value = frame.resolve(node.func if isinstance(node, ast.Call) else node)
        if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda):
            return
        if not isinstance(node, ast.Call):
            self._functions.enter(value, None, frame, at=node, defaults=False)
            return
        names = [returned.id for returned in value.module.returns(value.node) if isinstance(returned, ast.Name)]
        for child in value.node.body:
            if isinstance(child, ast.FunctionDef) and child.name in names:
                outer = self._functions.frame_of(value, node, frame)
                self._functions.enter(FunctionRef(value.module, child), None, outer, at=node, defaults=False)

    def call_by_name(self, dotted: str, frame: Frame) -> None:
        """Call a function of a module that was executed, as a console script does."""
        value: Value = None
        for number, name in enumerate(dotted.split(".")):
            names = frame.module.names
            value = names.attribute(value, name) if number else names.export(name)
        if isinstance(value, FunctionRef):
            self._functions.enter(value, None, Frame(value.module))
        if isinstance(value, FunctionRef | Instance):
            call = ast.Call(func=ast.Name(id=dotted, ctx=ast.Load()), args=[], keywords=[])
            self._commands(value, ast.copy_location(call, frame.module.tree.body[0]), frame)

    # -- outside the project --------------------------------------------------------------------------------------

    def _external(self, name: str, node: ast.Call, frame: Frame) -> None:
        # `super().__init__()` builds what the class of the same name builds.
        name = name.removesuffix(".__init__")
        seed = self._rng.seed_calls.get(name)
        if seed is not None:
            self._seed(seed, name, node, frame)
        self._draw(name, node, frame)
        if name in IMPORTING:
            self._import(node, frame)
        if name in INSTANTIATING:
            self._instantiate(node, frame)
        if name in APPLYING:
            with self._later():
                for method in applied(frame.module, node):
                    self._functions.enter(method, None, frame, at=node, defaults=False)
        if name in LAUNCHING and (call := launched(node)) is not None:
            function = frame.resolve(call.func)
            if isinstance(function, FunctionRef):
                self._functions.enter(function, call, frame, at=call.func)
        elif name in self._rng.loaders:
            self._loader(node, frame)
        elif name in STACKING and node.args:
            self.protocol(node.args[0], ENTERING, frame)
        elif name == "os.environ.setdefault" and len(node.args) > 1:
            self._walk.changes.set_by_default(node, frame)
        elif name in SPAWNERS and not _forks(node):
            self._spawn(name, node, frame)
        elif name in RUNNING_MAIN and call_of(node, name).argument("main", 0) is None:
            self.call_by_name("main", frame)
        elif name in OFFERING_OBJECTS:
            self._offer(node, frame)
        elif name in BRANCHING:
            self._branch(name, node, frame)
        elif name in CALLING_BUILTINS:
            self._called_by_builtin(name, node, frame)
        elif name.startswith(self._rng.run_in_loaders):
            self._held_for_loader(name, node, frame)
        elif name not in QUIET and not name.startswith(QUIET_MODULES):
            self._callbacks(name, node, frame)

    def _import(self, node: ast.Call, frame: Frame) -> None:
        """A module is imported by its name: one of several, or each of them in a loop."""
        paths = [path for path in imported_by(frame.module, node) if not self._walk.was_executed(path)]
        if is_repeated(frame.module, node):
            for path in paths:
                self._walk.run_imported(path, frame.module.location(node))
        else:
            for path in self._one_of(paths):
                self._walk.run_imported(path, frame.module.location(node))

    def _instantiate(self, node: ast.Call, frame: Frame) -> None:
        """`instantiate(cfg.model)`: what the program's configuration names is made, what it is given first."""
        for made in instantiated(frame.module, node):
            if isinstance(made.value, External) and not made.is_partial:
                self._external(made.value.name, made.call, frame)
            elif isinstance(made.value, ClassRef) and not made.is_partial:
                self._construct(made.value, made.call, frame, at=node)
            elif isinstance(made.value, FunctionRef) and not made.is_partial:
                self._functions.enter(made.value, made.call, frame, at=node)

    def _seed(self, seed: SeedCall, name: str, node: ast.Call, frame: Frame) -> None:
        if name in self._rng.state_setters and node.args and self._puts_back(node.args[0], frame):
            self._ledger.put_back(seed.seeds)
            return
        given = call_of(node, name).argument(seed.argument, seed.position) if seed.argument else None
        value: Seen | None
        if given is not None:
            value = self._walk.evaluator.value(given, frame)
            if value.kind is SeedValue.NONE:
                value = _unset(seed.none, value)
        elif seed.argument and call_of(node, name).opaque:
            value = GIVEN
        else:
            value = _unset(seed.missing, entropy("no seed is given"))
        if value is None:
            return
        text = frame.module.text(given) if given is not None else ""
        for library in seed.seeds:
            self._ledger.seed(library, name, node, value, text, frame)

    def _puts_back(self, state: ast.expr, frame: Frame) -> bool:
        """Whether it is the state of a generator that was not seeded then, which no run draws the same from."""
        if self._walk.evaluator.value(state, frame) == UNSEEDED_STATE:
            return True
        # `self.state = random.getstate()` when a context is entered, put back when it is left.
        if not isinstance(state, ast.Attribute) or self._ledger.entered is None:
            return False
        value = frame.resolve(state.value)
        owner = value.of if isinstance(value, Instance) else None
        if not isinstance(owner, ClassRef):
            return False
        stored = owner.module.self_attributes(owner.node).get(state.attr, [])
        names = {owner.module.resolve(each.func) if isinstance(each, ast.Call) else None for each in stored}
        return bool(names) and names <= self._rng.state_getters.keys()

    def _draw(self, name: str | None, node: ast.Call, frame: Frame) -> None:
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if not self._rng.by_method(method) and (name is None or not self._rng.candidates(name)):
            return
        call = call_of(spread(frame.module, node), name)
        evaluator = self._walk.evaluator

        def is_none(part: object) -> bool:
            return evaluator.value(part, frame).kind is SeedValue.NONE  # type: ignore[arg-type]

        def equals(part: object, wanted: object) -> bool:
            seen = evaluator.value(part, frame)  # type: ignore[arg-type]
            if seen.is_constant:
                return seen.constant == wanted
            return wanted is True and may_be_true(frame.module, part, 1)  # type: ignore[arg-type]

        name = drawn_by(name, call, equals)
        for fact in draws(self._rng, call, is_none, equals, frame.resolve):
            if name is not None and name.startswith("torch.rand") and makes_weights(frame.module, node):
                name = f"torch.nn.init.{name.rpartition('.')[2]}"
            before = self._ledger.state.pending
            self._ledger.draw(fact.library.id, name or (call.method or ""), node, frame, deferred=fact.deferred)
            self._remember(node, before)

    def _remember(self, node: ast.Call, before: frozenset[Pending]) -> None:
        """The draws that became pending since `before` belong to the object that this call made."""
        made = self._ledger.state.pending - before
        if made:
            self._made[node] = self._made.get(node, frozenset()) | made

    @property
    def has_made_objects(self) -> bool:
        """Whether any object was made so far that draws later."""
        return bool(self._made)

    def indexed(self, node: ast.expr, frame: Frame) -> None:
        """Objects of the project are asked for items by what is in brackets: `dataset[0]`."""
        if self._has_indexed:
            for part in frame.module.items_asked_in(node):
                self.protocol(part, INDEXING, frame)

    def iterated(self, made_by: ast.Call) -> None:
        """The object that this call made is iterated: what it draws is drawn now."""
        self._ledger.happen(self._made.get(made_by, frozenset()))

    def _loader(self, node: ast.Call, frame: Frame) -> None:
        """A DataLoader: its dataset and collate function are called later, perhaps in workers."""
        call = call_of(spread(frame.module, node), None)
        workers = call.argument("num_workers", 5)
        unset = GIVEN if call.opaque else Seen(SeedValue.FIXED, 0, True)
        seen = self._walk.evaluator.value(workers, frame) if workers is not None else unset
        in_worker = seen.constant > 0 if seen.is_constant and isinstance(seen.constant, int) else None
        self._ledger.has_workers |= in_worker is not False
        parts = [*node.args, *(word.value for word in node.keywords if word.arg != "worker_init_fn")]
        # Samplers run in the program itself, whatever the workers do.
        in_program = [call.argument(name, None) for name in ("sampler", "batch_sampler")]
        generator = call.argument("generator", None)
        if (
            in_worker
            and generator is not None
            and self._walk.evaluator.value(generator, frame).kind is not SeedValue.NONE
        ):
            # Workers take their seeds from the loader's own generator, whatever the global ones do.
            parts = [part for part in parts if part in in_program]
        before = self._ledger.state.pending
        kept = self._ledger.worker
        self._ledger.deferring += 1
        for part in parts:
            self._ledger.worker = kept if part in in_program else in_worker
            self._loaded(part, frame)
        self._ledger.deferring -= 1
        self._ledger.worker = kept
        self._remember(node, before)

    def _loaded(self, part: ast.expr, frame: Frame) -> None:
        """What a loader is given is a function that it calls, or an object that it asks for items: one of several."""
        known = frame.resolve(part)
        values = [known] if known is not None else self._possible(frame, part)
        for value in self._one_of_taken(values) if self._walk.is_taken(part) else self._one_of(values):
            if isinstance(value, FunctionRef):
                self._functions.enter(value, None, frame, at=part)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._methods(value, LOADER_METHODS, frame, part)

    def _possible(self, frame: Frame, node: ast.expr) -> Sequence[Value]:
        """What an expression may be where that is not certain, given what this program makes and hands on."""
        return self._walk.possible(frame.module, node)

    def _held_for_loader(self, name: str, node: ast.Call, frame: Frame) -> None:
        """`transforms.Compose([Blur()])`: called where a loader asks for items, perhaps in its workers."""
        kept = self._ledger.worker
        self._ledger.worker = kept or None
        self._callbacks(name, node, frame)
        self._ledger.worker = kept

    def _callbacks(self, name: str, node: ast.Call, frame: Frame) -> None:
        """Functions passed by name are called; objects of classes that extend the outside have their methods called."""
        for part in _passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                self._functions.enter(value, None, frame, at=part, defaults=name in RUNNERS)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._sweep(value, frame, part)
            elif isinstance(value, ClassRef) and not _is_plain(value) and not _only_registers(name):
                self._construct(value, None, frame, at=part)
                self._sweep(Instance(value), frame, part)

    def _branch(self, name: str, node: ast.Call, frame: Frame) -> None:
        """`tf.cond(is_training, lambda: tf.nn.dropout(x), lambda: x)`: one of two functions is called."""
        call = call_of(node, name)
        trained = self._walk.trained(call.argument("pred", 0), frame)
        arms = (call.argument("true_fn", 1), True), (call.argument("false_fn", 2), False)
        for part, holds in self._one_of(arms):
            value = frame.resolve(part) if part is not None else None
            if isinstance(value, FunctionRef):
                self._ledger.training += trained is holds
                self._functions.enter(value, None, frame, at=part)
                self._ledger.training -= trained is holds

    def _called_by_builtin(self, name: str, node: ast.Call, frame: Frame) -> None:
        """`map(random.gauss, means, deviations)`: what is called may also be a library's."""
        self._callbacks(name, node, frame)
        index = CALLING_BUILTINS[name]
        called = call_of(node, name).argument("key", None) if index is None else call_of(node, name).argument("", index)
        value = frame.resolve(called) if called is not None else None
        if called is not None and isinstance(value, External):
            call = ast.copy_location(ast.Call(func=called, args=[], keywords=[]), called)
            self._draw(value.name, call, frame)

    def _offer(self, node: ast.Call, frame: Frame) -> None:
        """`fire.Fire(Commands)`: one of the functions or methods is called, as the command line says."""
        offered: list[tuple[FunctionRef, ast.expr]] = []
        for part in _passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                offered.append((value, part))
            elif isinstance(value, ClassRef):
                self._construct(value, None, frame, at=part, defaults=True)
                offered.extend((method, part) for method in offered_methods(value))
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                offered.extend((method, part) for method in offered_methods(value.of))
        if not node.args and all(word.arg != "component" and word.arg != "components" for word in node.keywords):
            offered.extend((function, node) for function in offered_functions(frame.module))
        for function, at in self._one_of(offered):
            self._functions.enter(function, None, frame, at=at)

    def _spawn(self, name: str, node: ast.Call, frame: Frame) -> None:
        """Nothing that the program seeded holds in a new process, but for what imports seed there again."""
        function = call_of(node, None).argument(SPAWNERS[name], 0)
        value = frame.resolve(function) if function is not None else None
        with self._spawned.working() if name.startswith("ray.") else self._spawned.importing():
            if isinstance(value, FunctionRef):
                self._functions.enter(value, None, frame, at=function, defaults=False)
            elif name.startswith("ray."):
                self._callbacks(name, node, frame)

    def _sweep(self, made: Instance, frame: Frame, at: ast.expr) -> None:
        """A framework got an object: it will call the methods that the project wrote, later.

        Of an object that extends nothing outside it knows no method: it can only call the object itself.
        """
        assert isinstance(made.of, ClassRef)
        if _is_plain(made.of):
            with self._later():
                self._methods(made, ["__call__"], frame, at)
            return
        names = [
            child.name
            for child in made.of.node.body
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name not in ("__init__", "__new__")
        ]
        is_network = "torch.nn.Module" in made.of.module.base_classes(made.of.node)
        with self._later():
            self._ledger.in_network += is_network
            self._methods(made, names, frame, at)
            self._ledger.in_network -= is_network

    @contextmanager
    def _later(self) -> Iterator[None]:
        """`executor.submit(Trainer(args))`: what it seeds itself when it is called is not drawn unseeded."""
        ledger = self._ledger
        before, ledger.seeded_later = ledger.seeded_later, set()
        pending = ledger.state.pending
        ledger.deferring += 1
        yield
        ledger.deferring -= 1
        left = {each for each in ledger.state.pending - pending if not ledger.is_seeded_later(each)}
        self._walk.set_state(replace(ledger.state, pending=pending | left))
        ledger.seeded_later |= before

    def _methods(self, made: Instance, names: Iterable[str], frame: Frame, at: ast.expr) -> None:
        for name in names:
            method = frame.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                self._functions.enter(method, None, frame, at=at)

    # -- inside the project ---------------------------------------------------------------------------------------

    def _construct(
        self, cls: ClassRef, node: ast.Call | None, frame: Frame, at: ast.expr | None = None, *, defaults: bool = False
    ) -> None:
        """Make an object: `__init__` where the project wrote one, else the outside class that it extends.

        `defaults`: something outside makes it, of which nothing is given that has a default.
        """
        made = Instance(cls, node, frame.module)
        self._functions.switches.is_made(cls, node)
        for name in ("__new__", "__init__", "__post_init__"):
            method = cls.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                self._functions.enter(method, node, frame, at=at, defaults=defaults or node is not None)
            elif isinstance(method, External) and name == "__init__" and node is not None:
                base = method.name.removesuffix(".__init__")
                self._draw(base, node, frame)
                if base in self._rng.seed_calls:
                    self._seed(self._rng.seed_calls[base], base, node, frame)
        self._has_indexed |= isinstance(cls.module.names.attribute(made, INDEXING[0]), FunctionRef)
        self._default_factories(cls, node, frame)
        place = at if at is not None else node
        if place is not None:
            self._ledger.deferring += 1
            self._methods(made, self._read_properties(cls), frame, place)
            self._ledger.deferring -= 1

    def _read_properties(self, cls: ClassRef) -> list[str]:
        """Properties of a class that something of the program may read, of those that can lead to a draw or a seed."""
        found = self._properties.get(cls.node)
        if found is None:
            walk = self._walk
            counting = [name for name, node in properties(cls) if walk.relevance.is_relevant(node)]
            found = self._properties[cls.node] = [name for name in counting if self._is_read(name)]
        return found

    def _is_read(self, name: str) -> bool:
        """Whether something of the program may read an attribute of this name."""
        hold, text = self._walk.project.texts.hold, frozenset({f".{name}"})
        return any(hold(path, text) for path in self._walk.within)

    def _default_factories(self, cls: ClassRef, node: ast.Call | None, frame: Frame) -> None:
        """`lr: float = field(default_factory=…)`: called for every object that is not given the field."""
        given = {word.arg for word in node.keywords} if node is not None else set()
        for factory, value in default_factories(cls, given):
            if isinstance(value, FunctionRef):
                self._functions.enter(value, None, frame, at=factory)
            else:
                call = ast.copy_location(ast.Call(func=factory, args=[], keywords=[]), factory)
                self._draw(value.name, call, Frame(cls.module))

    def _call_object(self, made: Instance, node: ast.Call, frame: Frame) -> None:
        """`model(x)`: `__call__`, or `forward` where a framework's `__call__` leads there."""
        if isinstance(made.of, External):
            self._external(f"{made.of.name}.__call__", node, frame)
            self._commands(made, node, frame)
            return
        for name in ("__call__", "forward", "call"):
            method = frame.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                frame.results[node] = self._functions.enter(method, node, frame)
                return

    def _commands(self, group: FunctionRef | Instance, node: ast.Call, frame: Frame) -> None:
        """A click group or typer application is run: it calls one of its commands, which may be groups again."""
        found = group.module.commands(group) if group.module is not None else []
        first = group.module.preparations(group) if group.module is not None else []
        if not (found or first) or group in self._groups or len(self._groups) >= MAX_GROUPS:
            return
        self._groups.append(group)
        for function in first:
            if isinstance(function, FunctionRef):
                self._functions.enter(function, node, frame)
        for command in self._one_of(found):
            if isinstance(command, FunctionRef):
                self._functions.enter(command, node, frame)
            self._commands(command, node, frame)
        self._groups.pop()

    def _registers(self, node: ast.Call, frame: Frame) -> bool:
        """Whether a call only adds a command to a group that is known, by no method of the project's own."""
        registered = registration(node)
        if registered is None or isinstance(frame.resolve(node.func), FunctionRef):
            return False
        group = frame.resolve(registered[0])
        return isinstance(group, FunctionRef | Instance) and group.module is not None

    def _build(self, node: ast.Call, frame: Frame) -> None:
        """`MODELS.build(cfg)`, `build_from_cfg(cfg, MODELS)` of a library: it makes one of what is registered."""
        for value in self._one_of_taken(self._walk.built(node, frame)):
            if isinstance(value, ClassRef):
                self._construct(value, None, frame, at=node)
            elif isinstance(value, FunctionRef):
                self._functions.enter(value, None, frame, at=node, defaults=False)

    def _unresolved(self, node: ast.Call, frame: Frame) -> None:
        """Nobody knows what is called: a table of functions, a method of an unknown object."""
        registered = self._walk.registered(node.func, frame)
        if registered:
            self._alternatives(registered, node, frame, is_taken=True)
            return
        if isinstance(node.func, ast.Subscript):
            self._alternatives(table_of(frame.module, node.func.value), node, frame)
        elif isinstance(node.func, ast.Attribute):
            if node.func.attr in self._stored:
                self._alternatives(self._stored[node.func.attr], node, frame)
                return
            self._draw(None, node, frame)
        found = picked(frame.module, node)
        for value in found:
            if isinstance(value, External):
                self._draw(value.name, node, frame)
        if found:
            outer = self._ledger.picked_at
            self._ledger.picked_at = outer or frame.module.location(node)
            self._alternatives(found, node, frame)
            self._ledger.picked_at = outer
        if not isinstance(node.func, ast.Subscript) and not (found or self._is_looked_into(node.func, frame)):
            possible = self._possible(frame, node.func)
            self._alternatives(possible, node, frame, is_taken=self._walk.is_taken(node.func))
        for part in _passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                with self._later():
                    self._functions.enter(value, None, frame, at=part, defaults=False)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._sweep(value, frame, part)

    def _is_looked_into(self, node: ast.expr, frame: Frame) -> bool:
        """Whether it is looked up in a module that is known for certain."""
        looked = looked_into(frame.module, node)
        return looked is not None and isinstance(looked[1], ModuleRef | External)

    def _store(self, node: ast.Call, frame: Frame) -> None:
        """`parser.set_defaults(run=train)`: called later as `args.run(args)`."""
        for word in node.keywords:
            value = frame.resolve(word.value)
            if word.arg and isinstance(value, FunctionRef):
                self._stored.setdefault(word.arg, []).append(value)

    def _alternatives(self, values: Iterable[Value], node: ast.Call, frame: Frame, *, is_taken: bool = False) -> None:
        """One of these is called, and it is not known which; `is_taken`: they come out of a table."""
        called = [
            value
            for value in values
            if isinstance(value, FunctionRef | ClassRef | External)
            or (isinstance(value, Instance) and isinstance(value.of, ClassRef))
        ]
        for value in self._one_of_taken(called) if is_taken else self._one_of(called):
            if isinstance(value, FunctionRef):
                with self._spawned.calling(value, node):
                    self._functions.enter(value, node, frame)
            elif isinstance(value, ClassRef):
                with self._spawned.calling(value, node):
                    self._construct(value, node, frame)
            elif isinstance(value, Instance):
                self._call_object(value, node, frame)
            elif isinstance(value, External):
                self._external(value.name, node, frame)

    def _one_of_taken(self, values: Iterable[Value]) -> Iterator[Value]:
        """Like `_one_of`, of what came out of a table: a configuration names one, perhaps none of these."""
        self._ledger.taken += 1
        yield from self._one_of(values)
        self._ledger.taken -= 1

    def _one_of(self, choices: Iterable[Choice]) -> Iterator[Choice]:
        """Each of what may happen, from the state before; what holds after any of them holds afterwards."""
        before = self._ledger.state
        states: list[tuple[State, str | None]] = []
        for choice in choices:
            self._walk.set_state(before)
            yield choice
            states.append((self._ledger.state, None))
        joined = join(states)
        self._walk.set_state(joined if joined is not None else before)


def _forks(node: ast.Call) -> bool:
    """`start_processes(work, start_method="fork")`: the children inherit what the parent seeded."""
    method = call_of(node, None).argument("start_method", 5)
    return isinstance(method, ast.Constant) and method.value == "fork"


def _unset(meaning: NoneMeaning, value: Seen) -> Seen | None:
    """What a seed call does that got no seed."""
    if meaning is NoneMeaning.FIXED:
        return FIXED
    return None if meaning is NoneMeaning.NOTHING else value


def _passed(node: ast.Call) -> list[ast.expr]:
    """The arguments, those inside displays too: `callbacks=[Seeder()]`.

    A set is asked what it holds, and nothing in it is called: `auto_wrap_policy={Block}`.
    """
    found: list[ast.expr] = []
    for part in (*node.args, *(word.value for word in node.keywords)):
        if isinstance(part, ast.List | ast.Tuple):
            found.extend(part.elts)
        elif isinstance(part, ast.Dict):
            found.extend(part.values)
        else:
            found.append(part.value if isinstance(part, ast.Starred) else part)
    return found


def _only_registers(name: str) -> bool:
    """`AutoModel.register(Config, Model)`: what makes one later gives it stored weights, or is told by itself."""
    holder, _, method = name.rpartition(".")
    return method == "register" and holder.rpartition(".")[2][:1].isupper()


def _is_plain(cls: ClassRef) -> bool:
    """Whether no base comes from outside: then nothing but the project calls its methods."""
    return all(name.startswith(".") or name == "object" for name in cls.module.base_classes(cls.node))
