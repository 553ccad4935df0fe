"""What a call leads to: seeds and draws of libraries, functions and classes of the project, callbacks, loaders."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.model.location import Location
from auditor.ruleset.library import NoneMeaning, SeedCall
from auditor.static.bindings import Function
from auditor.static.elements import Call
from auditor.static.frame import End, Frame
from auditor.static.knowledge import draws
from auditor.static.library_verdict import SeedValue
from auditor.static.names import method_kind
from auditor.static.rngstate import Pending, Rank, State, join
from auditor.static.seedvalue import FIXED, GIVEN, Seen, entropy
from auditor.static.values import Arguments, ClassRef, External, FunctionRef, Instance, Value

if TYPE_CHECKING:
    from auditor.static.walk import Walk

MAX_CALLS = 20_000
"""Functions entered for one program; what comes after is not followed, and the verdicts say so."""

MAX_DEPTH = 30
"""Calls inside calls."""

RUNNERS = frozenset(
    {
        "fire.Fire", "typer.run", "tyro.cli", "absl.app.run", "jsonargparse.CLI", "jsonargparse.auto_cli", "defopt.run",
        "plac.call", "clize.run", "asyncio.run", "trio.run", "anyio.run",
    }
)  # fmt: skip
"""Callables that call the function they are given with its defaults."""

QUIET = frozenset(
    {
        "callable", "collections.OrderedDict", "copy.copy", "copy.deepcopy", "dataclasses.field", "dict", "dir",
        "frozenset", "functools.partial", "getattr", "hasattr", "hash", "id", "isinstance", "issubclass", "json.dump",
        "json.dumps", "len", "list", "pickle.dump", "pickle.dumps", "print", "repr", "set", "setattr", "str", "super",
        "torch.save", "tuple", "type", "types.SimpleNamespace", "typing.cast", "vars",
    }
)  # fmt: skip
"""Callables that call nothing of what they are given."""

EXITS = frozenset({"sys.exit", "os._exit", "exit", "quit", "os.abort"})
LOADER_METHODS = ("__getitem__", "__getitems__", "__iter__", "__next__")


@dataclass(frozen=True, slots=True)
class Effect:
    """What following a function did to the state that it was entered with."""

    state: State
    result: Seen
    seeded: tuple[tuple[str, Rank], ...]
    """Libraries that it seeded, and with what."""


class CallWalk:
    """The calls of one program being followed."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._ledger = walk.ledger
        self._rng = walk.project.rng
        self._effects: dict[object, Effect] = {}
        self._active: list[object] = []
        self._wrapping: dict[Function, tuple[ast.Call | None, Frame]] = {}
        self._made: dict[ast.Call, frozenset[Pending]] = {}
        self._stored: dict[str, list[FunctionRef]] = {}
        """Functions kept in options (`set_defaults(run=train)`), by the option's name."""

        self._entered = 0

    def call(self, node: ast.Call, frame: Frame) -> End:
        """Follow one call whose arguments have been executed."""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "set_defaults":
            self._store(node, frame)
            return End.FALLS_THROUGH
        if isinstance(node.func, ast.Attribute) and node.func.attr == "load_state_dict" and not self._ledger.conditions:
            strict = _as_call(node, None).argument("strict", 1)
            self._ledger.loads_weights = self._ledger.loads_weights or strict is None
        value = frame.resolve(node.func)
        if isinstance(value, External):
            self._external(value.name, node, frame)
            return End.STOPS if value.name in EXITS else End.FALLS_THROUGH
        if isinstance(value, FunctionRef):
            frame.results[node] = self.enter(value, node, frame)
            self._commands(value, node, frame)
        elif isinstance(value, ClassRef):
            self._construct(value, node, frame)
        elif isinstance(value, Instance):
            self._call_object(value, node, frame)
        else:
            self._unresolved(node, frame)
        return End.FALLS_THROUGH

    def call_by_name(self, dotted: str, frame: Frame) -> None:
        """Call a function of a module that was executed, as a console script does."""
        value: Value = None
        for number, name in enumerate(dotted.split(".")):
            names = frame.module.names
            value = names.attribute(value, name) if number else names.export(name)
        if isinstance(value, FunctionRef):
            self.enter(value, None, Frame(value.module))
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
        if name in self._rng.loaders:
            self._loader(node, frame)
        elif name not in QUIET:
            self._callbacks(name, node, frame)

    def _seed(self, seed: SeedCall, name: str, node: ast.Call, frame: Frame) -> None:
        given = _as_call(node, name).argument(seed.argument, seed.position) if seed.argument else None
        value: Seen | None
        if given is not None:
            value = self._walk.evaluator.value(given, frame)
            if value.kind is SeedValue.NONE:
                value = _unset(seed.none, value)
        elif seed.argument and _as_call(node, name).opaque:
            value = GIVEN
        else:
            value = _unset(seed.missing, entropy("no seed is given"))
        if value is None:
            return
        text = frame.module.text(given) if given is not None else ""
        for library in seed.seeds:
            self._ledger.seed(library, name, node, value, text, frame)

    def _draw(self, name: str | None, node: ast.Call, frame: Frame) -> None:
        call = _as_call(node, name)
        evaluator = self._walk.evaluator

        def is_none(part: object) -> bool:
            return evaluator.value(part, frame).kind is SeedValue.NONE  # type: ignore[arg-type]

        def equals(part: object, wanted: object) -> bool:
            seen = evaluator.value(part, frame)  # type: ignore[arg-type]
            return seen.is_constant and seen.constant == wanted

        for fact in draws(self._rng, call, is_none, equals):
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

    def iterated(self, made_by: ast.Call) -> None:
        """The object that this call made is iterated: what it draws is drawn now."""
        self._ledger.happen(self._made.get(made_by, frozenset()))

    def _loader(self, node: ast.Call, frame: Frame) -> None:
        """A DataLoader: its dataset and collate function are called later, perhaps in workers."""
        call = _as_call(node, None)
        workers = call.argument("num_workers", 5)
        unset = GIVEN if call.opaque else Seen(SeedValue.FIXED, 0, True)
        seen = self._walk.evaluator.value(workers, frame) if workers is not None else unset
        in_worker = seen.constant > 0 if seen.is_constant and isinstance(seen.constant, int) else None
        parts = [*node.args, *(word.value for word in node.keywords if word.arg != "worker_init_fn")]
        before = self._ledger.state.pending
        kept, self._ledger.worker = self._ledger.worker, in_worker
        self._ledger.deferring += 1
        for part in parts:
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                self.enter(value, None, frame, at=part)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._methods(value, LOADER_METHODS, frame, part)
        self._ledger.deferring -= 1
        self._ledger.worker = kept
        self._remember(node, before)

    def _callbacks(self, name: str, node: ast.Call, frame: Frame) -> None:
        """Functions passed by name are called; objects of classes that extend the outside have their methods called."""
        for part in _passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                self.enter(value, None, frame, at=part, defaults=name in RUNNERS)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._sweep(value, frame, part)
            elif isinstance(value, ClassRef) and not _is_plain(value):
                self._construct(value, None, frame, at=part)
                self._sweep(Instance(value), frame, part)

    def _sweep(self, made: Instance, frame: Frame, at: ast.expr) -> None:
        """A framework got an object: it will call the methods that the project wrote, later."""
        assert isinstance(made.of, ClassRef)
        if _is_plain(made.of):
            return
        names = [
            child.name
            for child in made.of.node.body
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name not in ("__init__", "__new__")
        ]
        self._ledger.deferring += 1
        self._methods(made, names, frame, at)
        self._ledger.deferring -= 1

    def _methods(self, made: Instance, names: Iterable[str], frame: Frame, at: ast.expr) -> None:
        for name in names:
            method = frame.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                self.enter(method, None, frame, at=at)

    # -- inside the project ---------------------------------------------------------------------------------------

    def enter(
        self,
        ref: FunctionRef,
        node: ast.Call | None,
        frame: Frame,
        *,
        at: ast.expr | None = None,
        defaults: bool = True,
    ) -> Seen:
        """Follow a function of the project; gives what it returns.

        `node` is the call, None where something else calls it; `defaults`: parameters that are not given have their
        defaults, otherwise nothing is known of them.
        """
        if ref.node in self._wrapping or not self._wrappers(ref):
            return self._enter_plain(ref, node, frame, at, defaults=defaults)
        self._wrapping[ref.node] = (node, frame)
        try:
            result = GIVEN
            for wrapper, arguments in self._wrappers(ref):
                inside = Frame(wrapper.module, wrapper.node)
                inside.arguments = Arguments(arguments)
                place = at if at is not None else node
                result = self._follow(wrapper, inside, frame.module.location(place) if place is not None else None)
            return result
        finally:
            del self._wrapping[ref.node]

    def _wrappers(self, ref: FunctionRef) -> list[tuple[FunctionRef, dict[tuple[ast.AST, str], Value]]]:
        """The functions that the project's own decorators put around a function, the outermost first."""
        if isinstance(ref.node, ast.Lambda):
            return []
        found = []
        for decorator in ref.node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            value = ref.module.names.value(called)
            if isinstance(value, FunctionRef) and not isinstance(value.node, ast.Lambda):
                inner = _innermost(value.node, levels=2 if isinstance(decorator, ast.Call) else 1)
                if inner is not None:
                    holder, wrapper = inner
                    first = holder.args.args[:1]
                    arguments: dict[tuple[ast.AST, str], Value] = {(holder, arg.arg): ref for arg in first}
                    found.append((FunctionRef(value.module, wrapper), arguments))
        return found

    def _enter_plain(
        self, ref: FunctionRef, node: ast.Call | None, frame: Frame, at: ast.expr | None, *, defaults: bool
    ) -> Seen:
        if node is not None and _as_call(node, None).opaque and ref.node in self._wrapping:
            node, frame = self._wrapping[ref.node]
        inside = self._frame(ref, node, frame, defaults=defaults)
        if not self._can_matter(ref, inside):
            return GIVEN
        place = at if at is not None else node
        return self._follow(ref, inside, frame.module.location(place) if place is not None else None)

    def _follow(self, ref: FunctionRef, inside: Frame, at: Location | None) -> Seen:
        """Execute a function in its frame, or apply what doing so in the same circumstances did before."""
        ledger = self._ledger
        key = self._circumstances(ref, inside)
        known = self._effects.get(key)
        if known is not None:
            for library, rank in known.seeded:
                ledger.settle(library, rank)
            self._walk.set_state(_replayed(ledger.state, known.state))
            return known.result
        mark = (ref.node, ref.owner)
        if mark in self._active or len(self._active) > MAX_DEPTH:
            return GIVEN
        if self._entered >= MAX_CALLS:
            ledger.truncated = True
            return GIVEN
        self._entered += 1
        self._walk.evaluator.modules[ref.module.path] = ref.module
        self._active.append(mark)
        seeded = len(ledger.settled)
        try:
            result = self._walk.run_function(ref.node, inside, at)
        finally:
            self._active.pop()
        if ref.owner is not None and getattr(ref.node, "name", "") == "__init__":
            self._walk.evaluator.remember_object(ref.owner, inside)
        self._effects[key] = Effect(ledger.state, result, tuple(dict.fromkeys(ledger.settled[seeded:])))
        return result

    def _can_matter(self, ref: FunctionRef, inside: Frame) -> bool:
        """Whether the function, or anything of the project that it is given, can lead to a draw or a seed."""
        relevance = self._walk.project.relevance
        if relevance.is_relevant(ref.node):
            return True
        for value in _names_key(inside):
            made = value.of if isinstance(value, Instance) else value
            if not isinstance(made, FunctionRef | ClassRef) or made == ref.owner:
                continue
            if relevance.is_relevant(made.node):
                return True
        return False

    def _circumstances(self, ref: FunctionRef, inside: Frame) -> object:
        """Everything that what a function does to the state depends on."""
        ledger = self._ledger
        return (
            ref.node,
            ref.owner,
            tuple(sorted(inside.values.items(), key=lambda item: item[0])),
            _names_key(inside),
            ledger.state.key(),
            ledger.deferring > 0,
            ledger.worker,
            bool(ledger.conditions),
        )

    def _frame(self, ref: FunctionRef, node: ast.Call | None, frame: Frame, *, defaults: bool) -> Frame:
        """A frame with the parameters bound as the call gives them."""
        module, function = ref.module, ref.node
        parent = self._walk.module_frame(module)
        if (
            frame.module is module
            and frame.function is not None
            and module.enclosing_function(function) is frame.function
        ):
            parent = frame
        inside = Frame(module, function, parent)
        positional = [*function.args.posonlyargs, *function.args.args]
        if ref.owner is not None and method_kind(function) != "static" and positional and _is_method(ref):
            first = positional.pop(0)
            own: Value = ref.owner if method_kind(function) == "class" else Instance(ref.owner)
            inside.bind(function, first.arg, own)
        given = _bound(node, [argument.arg for argument in positional], [arg.arg for arg in function.args.kwonlyargs])
        for argument in (*positional, *function.args.kwonlyargs):
            name = argument.arg
            if name in given:
                inside.values[name] = self._walk.evaluator.value(given[name], frame)
                value = frame.resolve(given[name])
                if value is not None:
                    inside.bind(function, name, value)
            elif defaults and not (node is not None and _as_call(node, None).opaque):
                inside.values[name] = self._walk.evaluator.parameter(inside, function, name)
            else:
                inside.values[name] = GIVEN
        return inside

    def _construct(self, cls: ClassRef, node: ast.Call | None, frame: Frame, at: ast.expr | None = None) -> None:
        """Make an object: `__init__` where the project wrote one, else the outside class that it extends."""
        made = Instance(cls, node, frame.module)
        for name in ("__new__", "__init__", "__post_init__"):
            method = cls.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                self.enter(method, node, frame, at=at, defaults=node is not None)
            elif isinstance(method, External) and name == "__init__" and node is not None:
                base = method.name.removesuffix(".__init__")
                self._draw(base, node, frame)
                if base in self._rng.seed_calls:
                    self._seed(self._rng.seed_calls[base], base, node, frame)

    def _call_object(self, made: Instance, node: ast.Call, frame: Frame) -> None:
        """`model(x)`: `__call__`, or `forward` where a framework's `__call__` leads there."""
        if isinstance(made.of, External):
            self._external(f"{made.of.name}.__call__", node, frame)
            self._commands(made, node, frame)
            return
        for name in ("__call__", "forward", "call"):
            method = frame.module.names.attribute(made, name)
            if isinstance(method, FunctionRef):
                frame.results[node] = self.enter(method, node, frame)
                return

    def _commands(self, group: FunctionRef | Instance, node: ast.Call, frame: Frame) -> None:
        """A click group or typer application is run: it calls one of the functions decorated by `@group.command()`."""
        module = group.module
        found = module.commands(group) if module is not None else []
        if found and module is not None:
            self._alternatives([FunctionRef(module, function) for function in found], node, frame)

    def _unresolved(self, node: ast.Call, frame: Frame) -> None:
        """Nobody knows what is called: a table of functions, a method of an unknown object."""
        if isinstance(node.func, ast.Subscript):
            table = frame.module.origin(node.func.value)
            parts = table.values if isinstance(table, ast.Dict) else getattr(table, "elts", [])
            self._alternatives([frame.resolve(part) for part in parts], node, frame)
        elif isinstance(node.func, ast.Attribute):
            if node.func.attr in self._stored:
                self._alternatives(self._stored[node.func.attr], node, frame)
                return
            self._draw(None, node, frame)
        self._ledger.deferring += 1
        for part in _passed(node):
            value = frame.resolve(part)
            if isinstance(value, FunctionRef):
                self.enter(value, None, frame, at=part, defaults=False)
            elif isinstance(value, Instance) and isinstance(value.of, ClassRef):
                self._sweep(value, frame, part)
        self._ledger.deferring -= 1

    def _store(self, node: ast.Call, frame: Frame) -> None:
        """`parser.set_defaults(run=train)`: called later as `args.run(args)`."""
        for word in node.keywords:
            value = frame.resolve(word.value)
            if word.arg and isinstance(value, FunctionRef):
                self._stored.setdefault(word.arg, []).append(value)

    def _alternatives(self, values: Iterable[Value], node: ast.Call, frame: Frame) -> None:
        """One of these is called, and it is not known which."""
        before = self._ledger.state
        states: list[tuple[State, str | None]] = []
        for value in values:
            self._walk.set_state(before)
            if isinstance(value, FunctionRef):
                self.enter(value, node, frame)
                states.append((self._ledger.state, None))
            elif isinstance(value, ClassRef):
                self._construct(value, node, frame)
                states.append((self._ledger.state, None))
        joined = join(states)
        self._walk.set_state(joined if joined is not None else before)


def _as_call(node: ast.Call, name: str | None) -> Call:
    called = node.func
    return Call(
        node=node,
        callee=name,
        method=called.attr if isinstance(called, ast.Attribute) else None,
        receiver=called.value if isinstance(called, ast.Attribute) else None,
        function=None,
        in_loop=False,
    )


def _unset(meaning: NoneMeaning, value: Seen) -> Seen | None:
    """What a seed call does that got no seed."""
    if meaning is NoneMeaning.FIXED:
        return FIXED
    return None if meaning is NoneMeaning.NOTHING else value


def _passed(node: ast.Call) -> list[ast.expr]:
    """The arguments, those inside displays too: `callbacks=[Seeder()]`."""
    found: list[ast.expr] = []
    for part in (*node.args, *(word.value for word in node.keywords)):
        if isinstance(part, ast.List | ast.Tuple | ast.Set):
            found.extend(part.elts)
        elif isinstance(part, ast.Dict):
            found.extend(part.values)
        else:
            found.append(part.value if isinstance(part, ast.Starred) else part)
    return found


def _is_plain(cls: ClassRef) -> bool:
    """Whether no base comes from outside: then nothing but the project calls its methods."""
    return all(name.startswith(".") or name == "object" for name in cls.module.base_classes(cls.node))


def _is_method(ref: FunctionRef) -> bool:
    return ref.bound or method_kind(ref.node) == "class"


def _bound(node: ast.Call | None, positional: list[str], keyword_only: list[str]) -> Mapping[str, ast.expr]:
    """Parameters and the arguments that a call gives them; what follows a `*args` is not known."""
    if node is None:
        return {}
    found: dict[str, ast.expr] = {}
    for name, argument in zip(positional, node.args, strict=False):
        if isinstance(argument, ast.Starred):
            break
        found[name] = argument
    known = {*positional, *keyword_only}
    found.update({word.arg: word.value for word in node.keywords if word.arg in known})
    return found


def _innermost(function: Function, levels: int) -> tuple[Function, Function] | None:
    """The function that a decorator returns, and the one around it that takes the decorated function."""
    holder: Function = function
    current: Function | None = function
    for _ in range(levels):
        if current is None or isinstance(current, ast.Lambda):
            return None
        holder = current
        nested = [child for child in current.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]
        if not nested:
            return None
        current = nested[-1]
    return (holder, current) if current is not None else None


def _names_key(frame: Frame) -> tuple[object, ...]:
    """What the parameters of the frame's own function stand for."""
    return tuple(value for (function, _), value in frame.arguments.items() if function is frame.function)


def _replayed(before: State, after: State) -> State:
    """Apply a remembered effect to a state with the same levels."""
    drawn = {
        library: before.drawn.get(library, frozenset()) | after.drawn.get(library, frozenset())
        for library in sorted({*before.drawn, *after.drawn})
    }
    return State(after.levels, drawn, before.pending | after.pending, {**before.options, **after.options})
