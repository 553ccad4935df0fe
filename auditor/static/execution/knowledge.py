"""The RNG libraries, arranged for looking up the calls of a program."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.ruleset import Ruleset
from auditor.ruleset.library import ConditionalDraw, Library
from auditor.static.resolution.values import External, Instance
from auditor.static.syntax.elements import call_of
from auditor.static.text.builtinnames import with_wrapping

if TYPE_CHECKING:
    from auditor.static.resolution.values import Value
    from auditor.static.syntax.elements import Call


@dataclass(frozen=True, slots=True)
class DrawFact:
    """A call that takes numbers from a library's shared state; `deferred`: only when its result is used."""

    library: Library
    deferred: bool
    switch: ast.expr | None = None
    """An argument that turns it off: `training=self.training`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that may draw; `condition` None: whatever its arguments are."""

    library: Library
    condition: ConditionalDraw | None


_PARTS = 3
"""Dots in the least name of a method of a part: `torch.nn.Parameter.normal_`."""

_EVEN = frozenset({"Constant", "Identity", "Ones", "Zeros"})
"""Initialisers of Keras that draw nothing."""

_STARTED_FROM = frozenset({"weights"})
"""What Keras's layers take in place of what their initialisers drew: `Embedding(10, 3, weights=[matrix])`."""


class RngIndex:
    """Draws and seeds by the name of what is called."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.libraries = ruleset.libraries
        self.seed_calls = ruleset.seed_calls
        self.loaders = frozenset(loader for library in self.libraries.values() for loader in library.loaders)
        self.generators = frozenset(name for library in self.libraries.values() for name in library.generators)
        self.run_in_loaders = tuple(name for library in self.libraries.values() for name in library.run_in_loaders)
        self.returns = {name: made for library in self.libraries.values() for name, made in library.returns.items()}
        self.tokens = frozenset(token for library in self.libraries.values() for token in library.tokens)
        self.top_names = frozenset(library.module.partition(".")[0] for library in self.libraries.values())
        """Top-level modules that hold generators: `numpy`, `torch`."""

        tops = ((name.partition(".")[0], made.partition(".")[0]) for name, made in self.returns.items())
        self.makers = tuple(sorted({(maker, made) for maker, made in tops if maker != made}))
        """Packages whose calls return objects of another package, with that other one."""

        self.state_getters = {name: library.id for library in self.libraries.values() for name in library.state_get}
        self.state_setters = frozenset(name for library in self.libraries.values() for name in library.state_set)
        self._candidates: dict[str, tuple[Candidate, ...]] = {}
        self._methods: dict[str, tuple[Library, ...]] = {}
        for library in self.libraries.values():
            for method in library.draw_methods:
                self._methods[method] = (*self._methods.get(method, ()), library)

    @cached_property
    def packages(self) -> frozenset[str]:
        """The top-level names of all that seeds or draws: `sklearn`, `keras`."""
        drawing = (library.draw_names for library in self.libraries.values())
        callees = (draw.callees for library in self.libraries.values() for draw in library.conditional)
        names = (self.seed_calls, *drawing, *callees)
        return with_wrapping({name.partition(".")[0] for each in names for name in each})

    @cached_property
    def classes(self) -> frozenset[str]:
        """Classes of which a method seeds or draws: `fastai.vision.all.ImageDataLoaders`."""
        callees = (draw.callees for library in self.libraries.values() for draw in library.conditional)
        holders = (name.rpartition(".")[0] for names in (self.seed_calls, *callees) for name in names)
        return frozenset(name for name in holders if name.rpartition(".")[2][:1].isupper())

    @cached_property
    def object_methods(self) -> frozenset[str]:
        """Methods that draw, of objects that calls of libraries return: `sample` of a table."""
        callees = (name for library in self.libraries.values() for draw in library.conditional for name in draw.callees)
        names = {*callees, *(name for library in self.libraries.values() for name in library.draw_names)}
        made = {*self.returns.values()}
        return frozenset(name.rpartition(".")[2] for name in names if name.rpartition(".")[0] in made)

    def is_known(self, name: str) -> bool:
        """Whether `name` is a seed or may be a draw."""
        return name in self.seed_calls or bool(self.candidates(name))

    def candidates(self, callee: str) -> tuple[Candidate, ...]:
        """What a call of `callee` may draw from; its arguments decide."""
        found = self._candidates.get(callee)
        if found is None:
            found = self._candidates[callee] = tuple(self._search(callee))
        return found

    def _search(self, callee: str) -> list[Candidate]:
        seed = None if callee.rpartition(".")[2][:1].isupper() else self.seed_calls.get(callee)
        found: list[Candidate] = []
        for library in self.libraries.values():
            if seed is not None and library.id in seed.seeds:
                continue
            if library.is_draw(callee):
                found.append(Candidate(library, None))
            else:
                named, formed = self._conditional[library.id]
                numbers = sorted({*named.get(callee, ()), *formed})
                draws = (library.conditional[number] for number in numbers)
                found.extend(Candidate(library, draw) for draw in draws if draw.covers(callee))
        return found

    @cached_property
    def _conditional(self) -> Mapping[str, tuple[Mapping[str, Sequence[int]], Sequence[int]]]:
        """By library: which of its conditional draws speak about a name, and which about names of some form."""
        found: dict[str, tuple[dict[str, list[int]], list[int]]] = {}
        for library in self.libraries.values():
            named, formed = found[library.id] = {}, []
            for number, draw in enumerate(library.conditional):
                if any("*" in name for name in draw.callees):
                    formed.append(number)
                else:
                    for name in draw.callees:
                        named.setdefault(name, []).append(number)
        return found

    def by_method(self, method: str) -> tuple[Library, ...]:
        """The libraries that a method of this name draws from, whatever it is called on."""
        return self._methods.get(method, ())


def draws(
    index: RngIndex,
    call: Call,
    is_none: Callable[[object], bool],
    equals: Callable[[object, object], bool],
    resolve: Callable[[ast.expr], Value],
    may_be_put: Callable[[str, ast.expr], bool] = lambda *_: False,
    is_set_later: Callable[[Mapping[str, str]], bool] = lambda _: False,
) -> list[DrawFact]:
    """The draws of one call.

    `is_none(node)`: that argument is None; `equals(node, value)`: it is surely `value`; `resolve(node)`: what it is;
    `may_be_put(name, node)`: an attribute of that name may be given another value than the argument's in a plain run;
    `is_set_later(later)`: what the call makes gets a state of its own.
    """

    def is_fixed(node: ast.expr | None) -> bool:
        """Whether an argument is an initialiser that draws nothing here, or one of two such."""
        return all(
            draws_nothing(each) for each in ([node.body, node.orelse] if isinstance(node, ast.IfExp) else [node])
        )

    def draws_nothing(node: ast.expr | None) -> bool:
        """`"zeros"`, `GlorotUniform(seed=1)`."""
        if node is None or equals(node, "zeros") or equals(node, "ones"):
            return node is not None
        value = resolve(node)
        made = value.made_by if isinstance(value, Instance) else node
        called = value.of if isinstance(value, Instance) else resolve(getattr(node, "func", node))
        if not isinstance(made, ast.Call) or not isinstance(called, External):
            return False
        name = called.name
        if name.rpartition(".")[2] in _EVEN:
            return True
        return bool(index.candidates(name)) and not draws(index, call_of(made, name), is_none, equals, resolve)

    if call.callee is None:
        methods = index.by_method(call.method or "") if call.receiver is not None else ()
        return [DrawFact(library, False) for library in methods if not _given(call, library.own_generator, is_none)]
    found: dict[str, DrawFact] = {}
    for library in _filled_in_place(index, call):
        if not _given(call, library.own_generator, is_none):
            found[library.id] = DrawFact(library, False)
    for candidate in index.candidates(call.callee):
        library, condition = candidate.library, candidate.condition
        if library.id in found or _given(call, library.own_generator, is_none):
            continue
        if condition is None:
            found[library.id] = DrawFact(library, False)
        elif condition.fixed_by and (
            _given(call, _STARTED_FROM, is_none)
            or (
                all(is_fixed(call.argument(name)) for name in condition.fixed_by)
                and ((biases := call.argument("bias_initializer")) is None or is_fixed(biases))
            )
        ):
            continue
        elif _asked_for(call, condition, is_none, equals, may_be_put) and not is_set_later(condition.later):
            switches = (
                call.argument(name, position) for name, (position, value, _) in condition.off.items() if value is False
            )
            found[library.id] = DrawFact(library, condition.deferred, next(switches, None))
    return list(found.values())


def _filled_in_place(index: RngIndex, call: Call) -> Iterable[Library]:
    """Libraries that fill a part of an object: `nn.Parameter(…).data.normal_()`, `self.linear.weight.normal_()`."""
    top = (call.callee or "").partition(".")[0]
    if call.receiver is None or not call.method or (call.callee or "").count(".") < _PARTS:
        return ()
    return (library for library in index.by_method(call.method) if library.module.partition(".")[0] == top)


def _given(call: Call, names: frozenset[str], is_none: Callable[[object], bool]) -> bool:
    return any((node := call.argument(name)) is not None and not is_none(node) for name in names)


def _asked_for(
    call: Call,
    condition: ConditionalDraw,
    is_none: Callable[[object], bool],
    equals: Callable[[object, object], bool],
    may_be_put: Callable[[str, ast.expr], bool],
) -> bool:
    if condition.given and not _given(call, condition.given, is_none):
        return False
    for name, position in condition.unless.items():
        node = call.argument(name, position)
        if node is not None and not is_none(node):
            return False
    if condition.unless and call.opaque:
        # What `**kwargs` bring is not known.
        return False
    for name, (position, wanted, default) in condition.when.items():
        node = call.argument(name, position)
        if node is None and (default != wanted or call.opaque):
            return False
        if node is not None and not equals(node, wanted):
            return False
    for name, (position, switched_off, default) in condition.off.items():
        node = call.argument(name, position)
        if equals(node, switched_off) if node is not None else default == switched_off and not call.opaque:
            return False
    for name, position in condition.needs.items():
        node = call.argument(name, position)
        if node is None or is_none(node) or equals(node, 0):
            return False
    for name, position in condition.idle.items():
        node = call.argument(name, position)
        # `net.drop.p = 0.5`: what a layer or a transform was given it keeps under that name.
        if node is not None and equals(node, 0) and not may_be_put(name, node):
            return False
    if any(_is_number(call.argument(name, position)) for name, position in condition.ranges.items()):
        return False
    if not condition.amounts or call.opaque:
        return True
    amounts = ((name, call.argument(name, position)) for name, position in condition.amounts.items())
    return not all(
        (node is None or equals(node, 0)) and not may_be_put(name, ast.Constant(0) if node is None else node)
        for name, node in amounts
    )


def _is_number(node: ast.expr | None) -> bool:
    """`sigma=1.0`, or a range of which both ends are written alike."""
    if isinstance(node, ast.Tuple | ast.List) and len({ast.dump(end) for end in node.elts}) == 1:
        node = node.elts[0]
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
