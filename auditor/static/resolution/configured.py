"""What `instantiate_from_config(config.model)` of the project makes: what its documents name at `model`.

Which document a program gets is not certain, and the command line may say otherwise: each of those is one of several,
like what comes out of a table, and nothing is known of what it is given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.resolution.importcalls import IMPORTING, imported_by, may_import
from auditor.static.resolution.instantiated import INSTANTIATING, instantiated, named
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Instance, Value
from auditor.static.reuse.trace import Memory
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.syntax.elements import call_of
from auditor.static.text.configurednames import PARTIAL, TARGETS, Named

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_MADE = 12
"""Things of which a call makes one, as far as they are followed; one more tells that there are more."""

MAX_CALLS = 12
"""Calls that hand a part of a configuration on to a function."""

MAX_STEPS = 2
"""Functions that hand it on, one to the other."""

COMMAND_LINES = frozenset(
    {
        "lightning.pytorch.cli.LightningCLI", "pytorch_lightning.cli.LightningCLI",
        "pytorch_lightning.utilities.cli.LightningCLI",
    }
)  # fmt: skip
"""What makes the parts of a program as its command line and its documents name them."""

_NAMING = frozenset({"detectron2.config.instantiate", "mmengine.Runner.from_cfg", "mmengine.runner.Runner.from_cfg"})
"""Like `hydra.utils.instantiate`, of configurations that are mostly written in Python."""

MAX_NODES = 1_000
"""Parts of a function that are looked at to see whether it makes what documents name; those that do are short."""

LOCATING = frozenset({"hydra.utils.get_class", "hydra.utils.get_method", "hydra.utils.get_object", "pydoc.locate"})
_LOCATING_WORDS = frozenset(name.rpartition(".")[2] for name in LOCATING)
_READING = frozenset({"get", "pop"})
_FOUND: WeakKeyDictionary[ModuleFacts, Memory[ast.Call, tuple[Value, ...]]] = WeakKeyDictionary()
_PLACES: WeakKeyDictionary[ModuleFacts, Memory[Function, Place | None]] = WeakKeyDictionary()
_ACTIVE: set[ast.Call] = set()
"""Calls that are being looked at: what one of them makes may ask for itself."""


def configured(module: ModuleFacts, node: ast.Call, called: Value) -> tuple[Value, ...] | None:
    """Of what a call makes one; None where it makes nothing that documents name, empty where they do not tell."""
    given = _given(module, node, called)
    if given is None:
        return None
    if node in _ACTIVE:
        module.project.question.cut = True
        return ()
    _ACTIVE.add(node)
    try:
        return module.project.trace.once(_FOUND.setdefault(module, {}), node, lambda: _made(module, given, called))
    finally:
        _ACTIVE.discard(node)


def _given(module: ModuleFacts, node: ast.Call, called: Value) -> ast.expr | None:
    """What says which thing a call makes, where documents name these."""
    number: int | None = None
    if isinstance(called, FunctionRef) and module.project.graph.makes_by_name(called.module.path):
        place = _place(called)
        if place is not None and (place.is_making or not is_in_maker(module, node)):
            number = place.number
    elif isinstance(called, External) and _takes_names(module, node, called.name):
        number = 0
    return node.args[number] if number is not None and number < len(node.args) else None


def _takes_names(module: ModuleFacts, node: ast.Call, name: str) -> bool:
    """Whether a call of something outside makes or finds what documents name."""
    if name in INSTANTIATING:
        return not instantiated(module, node)
    return name in _NAMING or (name in LOCATING and not is_in_maker(module, node))


def _made(module: ModuleFacts, given: ast.expr, called: Value) -> tuple[Value, ...]:
    module.project.trace.note("content", module.path)
    if isinstance(called, External) and module.project.graph.asks_for_configuration(module.path):
        return ()  # which configuration this program gets is known, and it does not say
    names = dict.fromkeys(each.dotted for each in _described(module, given))
    values = (named(module, each) for each in names)
    return tuple(
        islice((value for value in values if isinstance(value, ClassRef | FunctionRef | External)), MAX_MADE + 1)
    )


def made_from(module: ModuleFacts, node: ast.Call, called: FunctionRef | External) -> Value:
    """The object that such a call makes, or the class that it finds, where all documents name the same one."""
    found = configured(module, node, called)
    only = found[0] if found is not None and len(found) == 1 else None
    if only is None or finds_only(module, node, called, only):
        return only
    return Instance(only, node, module) if isinstance(only, ClassRef) else None


def finds_only(module: ModuleFacts, node: ast.Call, called: Value, value: Value) -> bool:
    """Whether a call finds what documents name, and makes nothing of it: who gets it does."""
    if isinstance(called, External) and called.name in INSTANTIATING:
        partly = call_of(node, None).argument(PARTIAL, None)
        if partly is not None:
            return not isinstance(partly, ast.Constant) or partly.value is True
        made = module.project.graph.configured_names.made
        return isinstance(value, ClassRef | FunctionRef) and made.get(getattr(value.node, "name", ""), 1) <= 0
    if isinstance(called, External):
        return called.name in LOCATING
    place = _place(called) if isinstance(called, FunctionRef) else None
    return place is not None and not place.is_making


def of_command_line(module: ModuleFacts, node: ast.Call) -> list[tuple[ClassRef, ...]]:
    """`LightningCLI()`: of each part that the call does not say itself, the classes of which it makes one."""
    module.project.trace.note("content", module.path)
    known = module.project.graph.configured_names
    found: list[tuple[ClassRef, ...]] = []
    for place, key in enumerate(("model", "data")):
        given = call_of(node, None).argument(f"{key}{'module' * (key == 'data')}_class", place)
        chosen = call_of(node, None).argument(f"subclass_mode_{key}", None)
        if given is None or (isinstance(chosen, ast.Constant) and chosen.value is True):
            names = dict.fromkeys(each.dotted for each in known.at(key))
            values = (named(module, each) for each in names)
            found.append(tuple(islice((value for value in values if isinstance(value, ClassRef)), MAX_MADE + 1)))
    return [each for each in found if each]


def opened(node: ast.Call) -> ast.Call:
    """The call as if it gave what it makes something that is not known."""
    word = ast.keyword(arg=None, value=ast.copy_location(ast.Name(id="_", ctx=ast.Load()), node))
    return ast.copy_location(ast.Call(func=node.func, args=[], keywords=[word]), node)


# -- functions that make what documents name ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Which argument of a function says what it makes, or finds."""

    number: int
    is_making: bool


def is_in_maker(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a call is how a function that makes things finds them: the calls of that one tell more."""
    around = module.enclosing_function(node)
    return around is not None and _place(FunctionRef(module, around)) is not None


def _place(function: FunctionRef) -> Place | None:
    """That of a function that makes or finds what documents name."""
    memory = _PLACES.setdefault(function.module, {})
    return function.module.project.trace.once(memory, function.node, lambda: _find_place(function))


def _find_place(function: FunctionRef) -> Place | None:
    module, node = function.module, function.node
    module.project.trace.note("content", module.path)
    if isinstance(node, ast.Lambda):
        return None
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)][int(function.bound) :]
    read = {name for each in islice(ast.walk(node), MAX_NODES) if (name := _name_read(each)) in names}
    if read and any(_looks_up(module, call) for call in _calls_in(node)):
        return Place(min(map(names.index, read)), is_making=True)
    taken = {name for each in _calls_in(node) if (name := _name_taken_apart(each)) in names}
    if taken and any(_finds(module, call) for call in _calls_in(node)):
        return Place(min(map(names.index, taken)), is_making=False)
    return None


def _name_read(node: ast.AST) -> str:
    """`config` of `config["target"]`, `config.get("target")`, `config.target`."""
    key, holder = read_at(node)
    if isinstance(node, ast.Attribute) and node.attr in ("name", "type"):
        return ""
    return holder.id if isinstance(holder, ast.Name) and key in TARGETS else ""


def _name_taken_apart(call: ast.Call) -> str:
    """`name` of `name.rsplit(".", 1)`, `locate(name)`."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("rpartition", "rsplit", "split"):
        return getattr(call.func.value, "id", "")
    return getattr(call.args[0], "id", "") if len(call.args) == 1 and _is_locating(call) else ""


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in islice(ast.walk(node), MAX_NODES) if isinstance(each, ast.Call))


def _looks_up(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a call finds something by its whole name, itself or in the function that it calls."""
    if _finds(module, call):
        return True
    value = module.names.value(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else None
    if not isinstance(value, FunctionRef) or not module.project.graph.makes_by_name(value.module.path):
        return False
    module.project.trace.note("content", value.module.path)
    return any(_finds(value.module, each) for each in _calls_in(value.node))


def _finds(module: ModuleFacts, call: ast.Call) -> bool:
    if may_import(call):
        is_written = bool(call.args) and isinstance(call.args[0], ast.Constant)
        return not is_written and module.resolve(call.func) in IMPORTING and not imported_by(module, call)
    return _is_locating(call) and module.resolve(call.func) in LOCATING


def _is_locating(call: ast.Call) -> bool:
    """Whether a call is written as one that finds something by its whole name."""
    return getattr(call.func, "attr", getattr(call.func, "id", "")) in _LOCATING_WORDS


# -- which part of a configuration a call is given ---------------------------------------------------------------------


def _described(module: ModuleFacts, given: ast.expr) -> Sequence[Named]:
    """What stands at the key that an expression ends with, in the documents of the project."""
    known = module.project.graph.configured_names
    holder = module.enclosing_class(given)
    inner: list[Named] = []
    if holder is not None:
        inner = [each for name, held in known.by_holder.items() if _ends_with(name, holder.name) for each in held]
    key, around = read_at(module.origin(given))
    if around is not None and key in TARGETS:
        given = around
    keys = set(_keys(module, given, MAX_STEPS))
    within = [each for each in inner if not keys or each.key in keys]
    return within or [each for key in sorted(keys) for each in known.at(key)]


def _ends_with(dotted: str, name: str) -> bool:
    return dotted.rpartition(".")[2] == name


def _keys(module: ModuleFacts, node: ast.expr, steps: int) -> Iterator[str]:
    """`model` of `config.model`, `config["model"]`, `config.get("model")`, and of a parameter that is given these."""
    node = module.origin(node)
    key = _key(node)
    if key:
        yield key
    elif isinstance(node, ast.Name) and any(
        each.kind is BindingKind.PARAMETER for each in module.lookup.bindings_of(node)
    ):
        yield node.id
        yield from _handed_on(module, node, steps)


def _key(node: ast.expr) -> str:
    """The last key of `config.model`, `config["model"]`, `config.get("model")`; empty where there is none."""
    return read_at(node)[0]


def read_at(node: ast.AST) -> tuple[str, ast.expr | None]:
    """The key at which a part of something is read, and what it is read from; an empty one where none is."""
    key: object = ""
    holder: ast.expr | None = None
    if isinstance(node, ast.Attribute):
        key, holder = node.attr, node.value
    elif isinstance(node, ast.Subscript):
        key, holder = getattr(node.slice, "value", ""), node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READING:
        key, holder = getattr(node.args[0], "value", "") if node.args else "", node.func.value
    return key if isinstance(key, str) else "", holder


def _handed_on(module: ModuleFacts, node: ast.Name, steps: int) -> Iterable[str]:
    """The keys of what the calls of the function around give a parameter."""
    function = module.enclosing_function(node)
    if steps == 0 or function is None or isinstance(function, ast.Lambda):
        return
    from auditor.static.resolution.callers import calls_named  # it needs parsed files, which need this

    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if node.id not in names:
        return
    place = names.index(node.id) - int(names[0] in ("self", "cls"))
    owner = module.enclosing_class(function) if function.name == "__init__" else None
    for caller, call in islice(calls_named(module, owner.name if owner is not None else function.name), MAX_CALLS):
        given = call_of(call, None).argument(node.id, place)
        if isinstance(given, ast.expr):
            module.project.trace.note("content", caller.path)
            yield from _keys(caller, given, steps - 1)
