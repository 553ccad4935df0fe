"""Are random numbers dealt out in the order of something unordered?

Each turn of a loop takes the next numbers of a generator that all turns share, so another order gives them to others.
The draw stands in the loop itself or in what a turn calls: a function or a constructor of the project.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from auditor.model.lean import dataclass
from auditor.static.evaluation.flow import uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.members import member
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.bindings import Function
from auditor.static.syntax.nodes import walk

HOW = "random numbers are dealt out in that order"

_ANY = ""
"""In place of a library where nobody knows whose generator is drawn from or set."""

_DEPTH = 3
"""Calls between a turn of the loop and the draw."""

MAX_READS = 20
"""Uses of a number that are looked at."""

_GIVEN = frozenset({"generator", "random_state", "rng"})
"""Arguments that hand a draw its generator: `torch.rand(3, generator=streams[name])`."""

_DRAWING = ("random.", "numpy.random.", "torch.rand", "torch.nn.init.")
_KEYED = ("jax.random.",)
"""Beginnings of names of what is given the state that it draws from, and changes none."""

_WAITING = frozenset({"asyncio.sleep", "time.sleep"})

_GENERATORS = frozenset({"np_random", "prng", "random_state", "rng"})
_HELD = _GENERATORS | {"_rng", "_random", "_random_state", "random"}
"""Attributes that hold a generator, whatever gave it to the object: `self.rng`, `model.random`."""

_METHODS = frozenset(
    {
        "beta", "betavariate", "binomial", "choice", "choices", "exponential", "expovariate", "gamma", "gauss",
        "geometric", "integers", "lognormal", "lognormvariate", "multinomial", "multivariate_normal", "normal",
        "normalvariate", "permutation", "permuted", "poisson", "rand", "randint", "randn", "random", "random_sample",
        "randrange", "sample", "shuffle", "standard_normal", "triangular", "uniform", "vonmises", "weibull",
    }
)  # fmt: skip
"""What generators of NumPy and of Python are asked for."""

_SETTING = frozenset({"initialize_rng", "manual_seed", "reseed", "seed", "set_seed"})
"""Methods that set a generator, whosever it is."""

_Definition = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_PERHAPS = (ast.If, ast.IfExp, ast.BoolOp, ast.ExceptHandler, ast.Match)
"""What stands in them may be passed over."""

_PLAIN = frozenset({"staticmethod", "classmethod"})
"""Decorators that leave a function what it is."""


def deals_out(module: ModuleFacts, parts: Iterable[ast.AST], own: frozenset[str], *, below: bool) -> bool:
    """Whether the parts of one turn take numbers from a generator that all turns share, and set no seed.

    `own`: names that are new in every turn; `below`: what the turn calls is looked at as well.
    """
    calls = [part for part in parts if isinstance(part, ast.Call)]
    here = _Turn(module=module, own=own, is_own_self=False, depth=0 if below else _DEPTH)
    met = {event for call in calls for event in _met(here, call, is_sure=True, seen=set())}
    seeded = frozenset().union(*(each.libraries for each in met if not each.is_draw))
    drawn = frozenset().union(*(each.libraries for each in met if each.is_draw))
    if seeded:
        # What is held under a name may be what is seeded.
        drawn -= {_ANY}
    return _ANY not in seeded and not drawn <= seeded


def comprehension_deals_out(
    module: ModuleFacts, owner: Comprehension, clause: ast.comprehension, *, below: bool
) -> bool:
    """`{name: Country(name) for name in names}`; of `[random.random() for _ in names]` no number belongs to a name."""
    inner = [each for each in owner.generators if each is not clause]
    made = [owner.key, owner.value] if isinstance(owner, ast.DictComp) else [owner.elt]
    own = frozenset(part.id for each in owner.generators for part in walk(each.target) if isinstance(part, ast.Name))

    def deal_out(parts: Iterable[ast.AST]) -> bool:
        return deals_out(module, chain.from_iterable(map(walk, parts)), own, below=below)

    def asks(parts: Iterable[ast.AST]) -> bool:
        return any(isinstance(part, ast.Name) and part.id in own for each in parts for part in walk(each))

    if not asks(made):
        # Whatever is asked of the members, as many are kept, unless chance is asked as well.
        return asks([*clause.ifs, *inner]) and deal_out([*clause.ifs, *inner])
    return deal_out([*made, *clause.ifs, *inner])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """A draw, or a seed, and whose generators it is about."""

    is_draw: bool
    libraries: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What is run in one turn: a part of the loop, or a function that it calls."""

    module: ModuleFacts
    own: frozenset[str]
    is_own_self: bool
    """`self` is another object in each turn, with generators of its own."""

    depth: int


def _met(turn: _Turn, call: ast.Call, *, is_sure: bool, seen: set[Function]) -> Iterator[_Event]:
    """The draws that a call certainly makes and the seeds that it may set, in itself or below."""
    if _is_colour(turn.module, call) or _is_waited(turn.module, call):
        return
    name = turn.module.resolve(call.func)
    seeds = turn.module.project.rng.seed_calls.get(name or "")
    if seeds is not None or getattr(call.func, "attr", "") in _SETTING:
        yield _Event(is_draw=False, libraries=frozenset(seeds.seeds if seeds is not None and seeds.seeds else {_ANY}))
    elif (library := _draws(turn, call, name)) is not None:
        if is_sure:
            yield _Event(is_draw=True, libraries=frozenset({library}))
    elif turn.depth < _DEPTH and (called := _called(turn, call)) is not None and called[1] not in seen:
        where, function, is_own_self = called
        seen.add(function)
        inner = _Turn(module=where, own=_local(function), is_own_self=is_own_self, depth=turn.depth + 1)
        for each, sure in _calls_in(function.body):
            yield from _met(inner, each, is_sure=is_sure and sure, seen=seen)


def _is_colour(module: ModuleFacts, call: ast.Call) -> bool:
    """`plt.scatter(x, y, color=np.random.rand(3))`, `colour = random_colour()`: who looks at it does not mind."""
    holder: ast.AST | None = call
    while isinstance(holder, ast.expr) and not isinstance(module.parent(holder), ast.Call):
        holder = module.parent(holder)
    names = [getattr(call.func, "attr", getattr(call.func, "id", ""))]
    if isinstance(holder, ast.keyword):
        names.append(holder.arg or "")
    elif isinstance(holder, ast.Assign):
        names += [getattr(target, "id", getattr(target, "attr", "")) for target in holder.targets]
    words = {word.removesuffix("s") for name in names for word in name.lower().split("_")}
    return any(word.endswith(("color", "colour")) for word in words)


def _is_waited(module: ModuleFacts, call: ast.Call) -> bool:
    """`time.sleep(random.uniform(1, 3))`, also by a name: how long a turn takes changes nothing that it gives."""
    holder: ast.AST | None = call
    while isinstance(module.parent(holder) if holder is not None else None, ast.BinOp):
        holder = module.parent(holder) if holder is not None else None
    if not isinstance(holder, ast.expr):
        return False
    target = only_target(module.parent(holder))
    places = list(islice(uses(module, target), MAX_READS)) if isinstance(target, ast.Name) else [holder]
    above = [module.parent(place) for place in places]
    return bool(above) and all(isinstance(each, ast.Call) and module.resolve(each.func) in _WAITING for each in above)


def _draws(turn: _Turn, call: ast.Call, name: str | None) -> str | None:
    """The library from whose generator a call draws; None where it takes nothing from one that all turns share."""
    given = [word.value for word in call.keywords if word.arg in _GIVEN]
    if _is_from_own(turn, call) or any(_is_own(turn, each) for each in given):
        return None
    if name is not None and name.startswith(_DRAWING):
        return _library(turn.module, name)
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _METHODS or (name or "").startswith(_KEYED):
        return None
    if isinstance(turn.module.names.value(call.func), FunctionRef):
        # A method of the project is asked what it does itself.
        return None
    holder = call.func.value
    is_held = isinstance(holder, ast.Attribute) and holder.attr in _HELD
    return _ANY if is_held or (isinstance(holder, ast.Name) and holder.id in _GENERATORS) else None


def _library(module: ModuleFacts, name: str) -> str | None:
    """The library whose draw this is: `torch.nn.init.zeros_`, `random.getstate` and `numpy.random.Philox` are none."""
    for identifier, library in module.project.rng.libraries.items():
        if library.is_draw(name):
            return identifier
    return _ANY if name.rpartition(".")[2] in _METHODS else None


def _is_from_own(turn: _Turn, call: ast.Call) -> bool:
    """Whether a draw is from a generator that every turn makes: `RandomState(seed).rand()`, `streams[name].rand()`."""
    return _is_own(turn, call.func.value if isinstance(call.func, ast.Attribute) else call.func)


def _is_own(turn: _Turn, held: ast.expr) -> bool:
    own = turn.own | {"self"} if turn.is_own_self else turn.own
    return any(isinstance(part, ast.Call) or getattr(part, "id", "") in own for part in walk(held))


def _called(turn: _Turn, call: ast.Call) -> tuple[ModuleFacts, _Definition, bool] | None:
    """The function of the project whose body a call runs, its file, and whether its `self` is the turn's own."""
    value = turn.module.names.value(call.func)
    is_made = isinstance(value, ClassRef)
    if isinstance(value, ClassRef):
        value = member(value, "__init__", bound=True)
    if not isinstance(value, FunctionRef) or isinstance(value.node, ast.Lambda):
        return None
    named = {getattr(each, "id", "") for each in value.node.decorator_list}
    if not named <= _PLAIN or any(isinstance(part, ast.Yield | ast.YieldFrom) for part in walk(value.node)):
        return None
    return value.module, value.node, is_made or _is_from_own(turn, call)


def _local(function: Function) -> frozenset[str]:
    """The names that a function is given or binds, but for `self`: generators among them may be made for this turn."""
    parts = tuple(walk(function))
    given = {part.arg for part in parts if isinstance(part, ast.arg)} - {"self"}
    return frozenset(
        given | {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    )


def _calls_in(body: Iterable[ast.AST], *, is_sure: bool = True) -> Iterator[tuple[ast.Call, bool]]:
    """The calls that a body makes, each with whether nothing before or around it may pass it over."""
    for node in body:
        if isinstance(node, _INNER) or isinstance(getattr(node, "value", None), ast.GeneratorExp):
            # Functions and generators that are named or returned are run by whoever asks them.
            continue
        if isinstance(node, ast.Call):
            yield node, is_sure
        first = getattr(node, "test", None) if isinstance(node, ast.If | ast.IfExp) else None
        if first is not None:
            yield from _calls_in([first], is_sure=is_sure)
        rest = (each for each in ast.iter_child_nodes(node) if each is not first)
        yield from _calls_in(rest, is_sure=is_sure and not isinstance(node, _PERHAPS))
        is_sure = is_sure and not any(isinstance(part, ast.Return) for part in walk(node))
