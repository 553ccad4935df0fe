"""What a call leads to: functions and classes of the project, commands, or one of several things."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.choices import Choices
from auditor.static.evaluation.converted import copies_into_network, hands_over_state, takes_weights
from auditor.static.evaluation.dispatchtables import called_out_of, picks_by_key
from auditor.static.evaluation.spread import bound_before
from auditor.static.execution.experiments import configured_seed
from auditor.static.execution.functions import Functions
from auditor.static.execution.initialweights import fills_given
from auditor.static.execution.inturn import are_called_in_turn, named_here
from auditor.static.execution.loadercalls import LoaderCalls
from auditor.static.execution.madeobjects import MadeObjects
from auditor.static.execution.outsidecalls import OutsideCalls
from auditor.static.execution.protocols import CALLED, THREAD_STARTING, starts_base
from auditor.static.execution.randomcalls import RandomCalls
from auditor.static.execution.spawned import Spawned
from auditor.static.execution.weights import is_loading, loads_weights, may_load_all, unpickles_model
from auditor.static.resolution.callables import EXITS
from auditor.static.resolution.candidates import MAX_VALUES
from auditor.static.resolution.configured import COMMAND_LINES, MAX_MADE, configured, finds_only, opened
from auditor.static.resolution.endings import ends_program
from auditor.static.resolution.frame import End, Frame
from auditor.static.resolution.indirect import called_later, dispatched, fills, running
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.members import entry_of, table_of
from auditor.static.resolution.picked import MAX_PICKED, looked_into, picked
from auditor.static.resolution.receiver import on_own_object
from auditor.static.resolution.registries import MAX_TAKEN
from auditor.static.resolution.unknownimports import is_out_of_unknown
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, ModuleRef, Value, named_once
from auditor.static.resolution.wanted import keyed
from auditor.static.syntax.elements import call_of, passed
from auditor.static.text.commandgroups import RUNNING_COMMANDS, registration

if TYPE_CHECKING:
    from auditor.static.execution.walk import Walk
    from auditor.static.facts import ModuleFacts

MAX_GROUPS = 4
"""Groups of commands that are followed one in the other; a dozen that hold each other are many ways."""


class CallWalk:
    """The calls of one program being followed."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger
        self.functions = Functions(walk)
        self.spawned = Spawned(walk)
        self.choices = Choices(walk)
        self.random = RandomCalls(walk)
        self.objects = MadeObjects(walk, self)
        self.loaders = LoaderCalls(walk, self)
        self.outside = OutsideCalls(walk, self)
        self._stored: dict[str, list[FunctionRef | ClassRef]] = {}
        """Functions and classes kept in options (`set_defaults(run=train)`), by the option's name."""

        self._experiments: dict[tuple[ModuleFacts, Value], ast.expr | None] = {}
        """The seeds of the experiments of files."""

        self._written_out: dict[ast.Call, ast.Call | None] = {}
        """Calls of partials with what was bound before."""

        self._loading: dict[tuple[ast.Call, str | None], bool] = {}
        """Whether calls load weights, by what they call outside of the project."""

        self._groups: list[FunctionRef | Instance] = []
        """Groups of commands that are being run."""

    def close(self) -> None:
        """Let go of everything; its parts refer to it."""
        vars(self).clear()

    def call(self, node: ast.Call, frame: Frame) -> End:
        """Follow one call whose arguments have been executed."""
        is_hooking = getattr(node.func, "attr", "") in frame.module.project.networks.hooking
        self._ledger.in_network += is_hooking
        end = self._follow(node, frame)
        self._ledger.in_network -= is_hooking
        self._walk.changes.called(node, passed(node), frame)
        return end

    def _follow(self, node: ast.Call, frame: Frame) -> End:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "set_defaults":
            self._store(node, frame)
            return End.FALLS_THROUGH
        if self._registers(node, frame):
            return End.FALLS_THROUGH
        value = frame.resolve(node.func)
        self._ledger.note_loading(
            all_weights=self._loads_weights(node, value, frame)
            or (not self._ledger.deferring and self._converts(node, value, frame)),
            some=isinstance(node.func, ast.Attribute) and is_loading(node.func.attr),
        )
        if may_load_all(node) and isinstance(node.func, ast.Attribute):
            model = frame.resolve(node.func.value)
            if isinstance(model, Instance) and model.made_by is not None and model.module is not None:
                self._ledger.load(model.module.location(model.made_by))
        if isinstance(value, External):
            self.outside.call(value.name, node, frame)
            self._configured(value, node, frame)
            if value.name in COMMAND_LINES:
                self.objects.make_configured(node, frame)
            self._build(node, frame)
            if value.name in RUNNING_COMMANDS and isinstance(node.func, ast.Attribute):
                group = frame.resolve(node.func.value)
                if isinstance(group, Instance):
                    self._commands(group, node, frame)
            if starts_base(value.name) and isinstance(node.func, ast.Attribute):
                made = frame.resolve(node.func.value)
                if isinstance(made, Instance) and isinstance(made.of, ClassRef):
                    if value.name == THREAD_STARTING:
                        self.objects.methods(made, ["run"], frame, node)
                    self.objects.sweep(made, frame, node)
            return End.STOPS if value.name in EXITS else End.FALLS_THROUGH
        if isinstance(value, FunctionRef) and (bound := self._bound(value, node, frame)) is not None:
            before = self._ledger.state.pending
            end = self._follow(bound, frame)
            assert isinstance(value.node.body, ast.Call)  # what a partial is read as, and what it makes is known by
            self.random.remember(value.node.body, before)
            return end
        if isinstance(value, FunctionRef):
            # Where it is made, a layer has nothing yet that its function could add noise to.
            self._ledger.initialising += (fills := frame.is_making and fills_given(frame.module, node))
            with self.spawned.calling(value, node):
                frame.results[node] = self.functions.enter(on_own_object(value, node, frame), node, frame)
            self._ledger.initialising -= fills
            self._alternatives(dispatched(value), node, frame)
            self._configured(value, node, frame)
            self._commands(value, node, frame)
            if not self._walk.relevance.is_relevant(value.node) and ends_program(frame.module, node, value):
                return End.STOPS
        elif isinstance(value, ClassRef):
            with self.spawned.calling(value, node):
                self.objects.construct(value, node, frame)
        elif isinstance(value, Instance):
            self._call_object(value, node, frame)
        else:
            self._unresolved(node, frame)
        return End.FALLS_THROUGH

    def _bound(self, value: FunctionRef, node: ast.Call, frame: Frame) -> ast.Call | None:
        """`DataLoader(data, shuffle=True)` for `make(data)`, of a `partial` made in the same function or file."""
        names = value.module.names
        if value.module is not frame.module or names.wrapped(value) is value:
            return None
        if value.module.enclosing_function(value.node) not in (None, frame.function):
            return None
        if node not in self._written_out:
            made = bound_before(call_of(node, None), frame.module).node
            inner = names.value(made.func)
            is_whole = not isinstance(inner, FunctionRef) or inner.module.names.wrapped(inner) is inner
            # What a parameter stands for, only the frame knows.
            self._written_out[node] = made if is_whole and made is not node else None
        return self._written_out[node]

    def _unresolved(self, node: ast.Call, frame: Frame) -> None:
        """Nobody knows what is called: a table of functions, a method of an unknown object."""
        if isinstance(node.func, ast.Name) and node.func.id in frame.settled:
            seen = frame.values.get(node.func.id)
            if seen is not None and seen.is_constant and seen.kind is SeedValue.FIXED:
                return  # `default(size, 1)` does not call what others give `default`
        called = (keyed(frame.module, node.func, wanted) if (wanted := frame.wanted) else None) or node.func
        registered = self.choices.some_of(self._walk.registered(called, frame), MAX_TAKEN, node, frame.module)
        if registered:
            self._alternatives(registered, node, frame, is_taken=True)
            return
        values: list[Value] = []
        if isinstance(called, ast.Subscript):
            entry = entry_of(frame.module, called)
            values = [entry] if entry is not None else table_of(frame.module, called.value)
            self._alternatives(values, node, frame)
        if kept := called_out_of(frame.module, called):
            self._alternatives(self.choices.some_of(kept, MAX_VALUES, node, frame.module), node, frame)
            return
        stored = self._stored.get(_entry(frame.module.origin(node.func)))
        if stored is not None:
            self._alternatives(stored, node, frame)
            return
        if isinstance(node.func, ast.Attribute):
            self.random.draw(None, node, frame)
        found = self.choices.some_of(picked(frame.module, node), MAX_PICKED, node, frame.module)
        for value in found:
            if isinstance(value, External):
                self.random.draw(value.name, node, frame)
        if found:
            outer = self._ledger.picked_at
            self._ledger.picked_at = outer or frame.module.location(node)
            self._alternatives(found, node, frame)
            self._ledger.picked_at = outer
        possible: Sequence[Value] = ()
        is_told = any(values) or (isinstance(called, ast.Subscript) and not picks_by_key(frame.module, called))
        if not (is_told or found or self._is_looked_into(node.func, frame)):
            possible = named_here(self._walk.possible(frame.module, node.func), node.func, frame)
            in_turn = are_called_in_turn(self._walk, frame.module, node.func)
            self._alternatives(possible, node, frame, is_taken=self._walk.is_taken(node.func), in_turn=in_turn)
            if not possible and (fills(frame, node.func) or is_out_of_unknown(frame.module, node.func)):
                self._ledger.unnamed = self._ledger.unnamed or frame.module.location(node)
        for part in passed(node) if not self.loaders.are_all((*found, *possible)) else ():
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                with self.choices.later(), self.spawned.perhaps_in_pool(node):
                    self.functions.enter(value, None, frame, at=part, defaults=False)
            elif (
                isinstance(value, Instance)
                and isinstance(value.of, ClassRef)
                and not self.loaders.collects(node, frame)
            ):
                self.objects.sweep(value, frame, part)

    def _configured(self, value: FunctionRef | External, node: ast.Call, frame: Frame) -> None:
        """`instantiate_from_config(config.model)` makes one of what the documents of the project name."""
        found = configured(frame.module, node, value)
        if found:
            self._ledger.is_named = True
            if len(found) > MAX_MADE:
                self._ledger.beyond = self._ledger.beyond or frame.module.location(node)
                found = found[:MAX_MADE]
            paths = [each.module.path for each in found if isinstance(each, FunctionRef | ClassRef)]
            for path in self.choices.one_of([each for each in paths if not self._walk.was_executed(each)]):
                self._walk.run_imported(path, frame.module.location(node))
            made = [each for each in found if not finds_only(frame.module, node, value, each)]
            self._alternatives(made, opened(node), frame, is_taken=True)
        elif found is not None:
            self._ledger.unnamed = self._ledger.unnamed or frame.module.location(node)

    def _is_looked_into(self, node: ast.expr, frame: Frame) -> bool:
        """Whether it is looked up in a module that is known for certain."""
        looked = looked_into(frame.module, node)
        return looked is not None and isinstance(looked[1], ModuleRef | External)

    def _alternatives(
        self, values: Iterable[Value], node: ast.Call, frame: Frame, *, is_taken: bool = False, in_turn: bool = False
    ) -> None:
        """One of these is called, and it is not known which, or all `in_turn`; `is_taken`: they come out of a table."""
        called = [
            value
            for value in named_once(values)
            if isinstance(value, FunctionRef | ClassRef | External)
            or (isinstance(value, Instance) and isinstance(value.of, ClassRef))
        ]
        for value in called if in_turn else self.choices.one_of(called, is_taken=is_taken):
            if isinstance(value, FunctionRef):
                with self.spawned.calling(value, node):
                    self.functions.enter(value, node, frame)
            elif isinstance(value, ClassRef):
                with self.spawned.calling(value, node):
                    self.objects.construct(value, node, frame)
            elif isinstance(value, Instance):
                self._call_object(value, node, frame)
            elif isinstance(value, External):
                self.outside.call(value.name, node, frame)

    def _call_object(self, made: Instance, node: ast.Call, frame: Frame) -> None:
        """`model(x)`: `__call__`, or `forward` where a framework's `__call__` leads there."""
        if isinstance(made.of, External):
            self.outside.call(f"{made.of.name}.__call__", node, frame)
            self._commands(made, node, frame)
            return
        for name in CALLED:
            method = frame.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                # `Reader(mono="mix")(path)`
                own = made if made.made_by is not None and made.made_by is node.func else None
                frame.results[node] = self.functions.enter(method, node, frame, made=own)
                return

    def _build(self, node: ast.Call, frame: Frame) -> None:
        """`MODELS.build(cfg)`, `build_from_cfg(cfg, MODELS)` of a library: it makes one of what is registered."""
        built = self.choices.some_of(self._walk.built(node, frame), MAX_TAKEN, node, frame.module)
        for value in self.choices.one_of(built, is_taken=True):
            if isinstance(value, ClassRef):
                self.objects.construct(value, None, frame, at=node)
            elif isinstance(value, FunctionRef):
                self.functions.enter(value, None, frame, at=node, defaults=False)

    def call_by_name(self, dotted: str, frame: Frame) -> None:
        """Call a function of a module that was executed, as a console script does."""
        value: Value = None
        for number, name in enumerate(dotted.split(".")):
            names = frame.module.names
            value = names.attribute(value, name) if number else names.export(name)
        if isinstance(value, FunctionRef):
            self.functions.enter(value, None, Frame(value.module))
        if isinstance(value, FunctionRef | Instance):
            call = ast.Call(func=ast.Name(id=dotted, ctx=ast.Load()), args=[], keywords=[])
            self._commands(value, ast.copy_location(call, frame.module.tree.body[0]), frame)

    def decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> None:
        """A function is defined: what stands above it may call it at once, or when the program ends."""
        decorator = called_later(frame.module, node)
        itself = running(frame.module, node) if frame.is_main else None
        if itself is not None:
            self._begin(itself, frame)
            self.functions.enter(FunctionRef(frame.module, node), None, frame, defaults=False)
        elif decorator is not None:
            with self.choices.later():
                self._begin(decorator, frame)
                self.functions.enter(FunctionRef(frame.module, node), None, frame, at=decorator)

    def _begin(self, decorator: ast.expr, frame: Frame) -> None:
        """An experiment seeds, if it is given a seed, before it calls the function below its decorator."""
        name = frame.module.resolve(decorator)
        seed = self._walk.project.rng.seed_calls.get(name) if name is not None else None
        if seed is None or name is None or not isinstance(decorator, ast.Attribute):
            return
        made = frame.module.names.value(decorator.value)
        files = (frame.module, made.module if isinstance(made, Instance) else None)
        found = (self._seed_of(made, each) for each in files if each is not None)
        given = next((each for each in found if each is not None), None)
        if given is not None:
            call = ast.Call(func=decorator, args=[], keywords=[ast.keyword(arg=seed.argument, value=given)])
            self.random.seed(seed, name, ast.copy_location(call, decorator), frame)

    def _seed_of(self, experiment: Value, module: ModuleFacts) -> ast.expr | None:
        """What a file configures as the seed of an experiment: one that imports it, or the one that makes it."""
        if (module, experiment) not in self._experiments:
            self._experiments[module, experiment] = configured_seed(module, experiment)
        return self._experiments[module, experiment]

    def decorate(self, node: ast.expr, frame: Frame) -> None:
        """A decorator of the project is called with the class below it; `@seeded(3)` gives the function that is."""
        value = frame.resolve(node.func if isinstance(node, ast.Call) else node)
        if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda):
            return
        if not isinstance(node, ast.Call):
            self.functions.enter(value, None, frame, at=node, defaults=False)
            return
        names = [returned.id for returned in value.module.returns(value.node) if isinstance(returned, ast.Name)]
        for child in value.node.body:
            if isinstance(child, ast.FunctionDef) and child.name in names:
                outer = self.functions.frames.frame_of(value, node, frame)
                self.functions.enter(FunctionRef(value.module, child), None, outer, at=node, defaults=False)

    def _store(self, node: ast.Call, frame: Frame) -> None:
        """`parser.set_defaults(run=train)`: called later as `args.run(args)`."""
        for word in node.keywords:
            value = frame.resolve(word.value)
            if word.arg and isinstance(value, FunctionRef | ClassRef):
                self._stored.setdefault(word.arg, []).append(value)

    def _loads_weights(self, node: ast.Call, value: Value, frame: Frame) -> bool:
        """Whether a call gives a model stored weights by itself."""
        key = node, value.name if isinstance(value, External) else None
        if key not in self._loading:
            self._loading[key] = (
                loads_weights(*key) or unpickles_model(frame.module, node) or takes_weights(frame.module, node)
            )
        return self._loading[key]

    def _converts(self, node: ast.Call, value: Value, frame: Frame) -> bool:
        """Whether a network is filled by hand here. What something outside may call later does not count."""
        if copies_into_network(frame.module, node):
            return True
        return isinstance(value, FunctionRef) and hands_over_state(frame.module, node, value)

    def _registers(self, node: ast.Call, frame: Frame) -> bool:
        """Whether a call only adds a command to a group that is known, by no method of the project's own."""
        registered = registration(node)
        if registered is None or isinstance(frame.resolve(node.func), FunctionRef):
            return False
        group = frame.resolve(registered[0])
        return isinstance(group, FunctionRef | Instance) and group.module is not None

    def _commands(self, group: FunctionRef | Instance, node: ast.Call, frame: Frame) -> None:
        """A click group or typer application is run: it calls one of its commands, which may be groups again."""
        found = group.module.commands(group) if group.module is not None else []
        found = [*found, *self._walk.relevance.commands(group, self._walk.within)]
        first = group.module.preparations(group) if group.module is not None else []
        if not (found or first) or group in self._groups:
            return
        if len(self._groups) >= MAX_GROUPS:
            self._ledger.more = self._ledger.more or frame.module.location(node)
            return
        self._groups.append(group)
        for function in first:
            if isinstance(function, FunctionRef):
                self.functions.enter(function, node, frame)
        for command in self.choices.one_of(found):
            if isinstance(command, FunctionRef):
                self.functions.enter(command, node, frame)
            self._commands(command, node, frame)
        self._groups.pop()


def _entry(node: ast.expr) -> str:
    """The name of what is taken out of options: `args.run`, `vars(args)["run"]`, `vars(args).pop("run")`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    key = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and node.args and getattr(node.func, "attr", "") in ("get", "pop"):
        key = node.args[0]
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
