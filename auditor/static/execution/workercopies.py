"""Objects that a data set keeps and uses for its items: each loader worker works on a copy of its own.

Where an object is kept is found forwards from the call that makes it: an attribute, a name of the module, an
argument that a constructor keeps, a transform that a data set is given.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.execution.protocols import CALLED, INDEXING, ITERATING
from auditor.static.resolution.callers import calls_named, calls_of, calls_seen
from auditor.static.resolution.members import member
from auditor.static.resolution.subclasscalls import classes_below
from auditor.static.resolution.values import ClassRef, External, FunctionRef
from auditor.static.syntax.bindings import Binding, BindingKind, Function, every_argument
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_LOOKED_AT = 40
"""Expressions that one object is followed through."""

MAX_USES = 20
"""Uses of a name, or calls of a function, that are looked at."""

MAX_NAMED = 100
"""Places where a name is read, or bound, that are looked at for its uses."""

MAX_FUNCTIONS = 60
"""Functions that the items of one data set are made by, as far as they are looked at."""

_MAKING = ("__init__", "__post_init__")
_ITEMS = (*INDEXING, "__getitems__", *ITERATING)
_STARTED_ANEW = frozenset({"bit_generator", "manual_seed", "seed", "set_state", "setstate"})
_BINDING = "functools.partial"
_ITSELF = frozenset({"manual_seed"})
"""Methods that return their object."""

_Place = tuple["ModuleFacts", ast.expr]

_READ: WeakKeyDictionary[ModuleFacts, dict[ast.AST, dict[str, list[ast.Name]]]] = WeakKeyDictionary()
_CHANGED: WeakKeyDictionary[ModuleFacts, dict[str, list[tuple[ast.Attribute, bool]]]] = WeakKeyDictionary()
"""What is found once for a file, which may make thousands of generators."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An attribute of the objects of a class, or (without class) a name of a module."""

    module: ModuleFacts
    cls: ast.ClassDef | None
    name: str


def dataset_using(module: ModuleFacts, made: ast.Call, datasets: Set[str]) -> ClassRef | None:
    """The data set whose items are made with what a call makes before there are workers; None where there is none.

    `datasets`: fully qualified names of the classes that data sets extend. An object that is replaced or seeded anew
    later does not count; one that is kept by a class which leaves its items to a base outside of the project does.
    """
    pending: list[_Place] = [(module, made)]
    seen: set[ast.AST] = {made}
    for owner, node in pending:
        for found in _led_to(owner, node):
            if isinstance(found, _Kept):
                user = _user(found, datasets)
                if user is not None:
                    return user
                further = list(islice(_made_by_keepers(found, datasets), MAX_USES))
            else:
                further = [found]
            fresh = [each for each in further if each[1] not in seen]
            seen.update(each for _, each in fresh)
            pending += fresh[: MAX_LOOKED_AT - len(pending)]
    return None


def _led_to(module: ModuleFacts, node: ast.expr) -> Iterator[_Kept | _Place]:
    """Where the value of an expression goes: what keeps it, or another expression that has it."""
    above = module.parent(node)
    while isinstance(above, ast.expr) and _hands_up(above, node):
        node, above = above, module.parent(above)
    if isinstance(above, ast.keyword):
        above = module.parent(above)
    if isinstance(above, ast.Attribute):
        call = module.parent(above)
        if above.attr in _ITSELF and isinstance(call, ast.Call) and call.func is above:
            yield module, call
    elif isinstance(above, ast.Call) and node is not above.func:
        yield from _given_to(module, above, node)
    elif isinstance(above, ast.Return):
        function = module.enclosing_function(above)
        if function is not None and getattr(function, "name", "") not in _ITEMS:
            yield from islice(calls_of(module, function), MAX_USES)
    elif isinstance(above, ast.Assign | ast.AnnAssign):
        for target in above.targets if isinstance(above, ast.Assign) else [above.target]:
            yield from _stored_in(module, target, node)


def _hands_up(above: ast.expr, node: ast.expr) -> bool:
    """Whether an expression may be what one of its parts is, or holds it."""
    if isinstance(above, ast.IfExp):
        return node is not above.test
    if isinstance(above, ast.Dict):
        # Of a table of many things items may take another one.
        return isinstance(node, ast.Call) and all(_is_alike(each, node) for each in above.values)
    return isinstance(above, ast.BoolOp | ast.NamedExpr | ast.List | ast.Tuple | ast.Starred)


def _is_alike(one: ast.expr, other: ast.Call) -> bool:
    return isinstance(one, ast.Call) and ast.dump(one.func) == ast.dump(other.func)


def _given_to(module: ModuleFacts, call: ast.Call, argument: ast.expr) -> Iterator[_Place]:
    """What a function of the project or a constructor calls an argument; the object of a class outside that gets it."""
    called = module.names.value(call.func)
    if isinstance(called, External):
        if called.name.rpartition(".")[2][:1].isupper() or called.name == _BINDING:
            yield module, call
        return
    if isinstance(called, ClassRef):
        called = member(called, "__init__", bound=True)
    if not isinstance(called, FunctionRef) or isinstance(called.node, ast.Lambda):
        return
    names = [each.arg for each in every_argument(called.node.args)]
    word = next((word.arg for word in call.keywords if word.value is argument), None)
    if word is None and argument in call.args:
        position = call.args.index(argument) + int(called.bound)
        word = names[position] if position < len(names) else None
    if word in names:
        yield from islice(_reads(called.module, called.node, word, None), MAX_USES)


def _stored_in(module: ModuleFacts, target: ast.expr, value: ast.expr) -> Iterator[_Kept | _Place]:
    function = module.enclosing_function(target)
    if isinstance(target, ast.Attribute):
        holder = module.enclosing_class(target)
        is_kept = holder is not None and _is_own(target, function) and _is_made_in(module, holder, function)
        if holder is not None and is_kept and not _is_replaced(module, target, holder):
            yield _Kept(module, holder, target.attr)
    elif isinstance(target, ast.Name):
        scope = module.parent(module.statement(target))
        if function is None:
            yield _Kept(module, scope if isinstance(scope, ast.ClassDef) else None, target.id)
        yield from islice(_reads(module, function or module.tree, target.id, value), MAX_USES)


def _reads(module: ModuleFacts, scope: ast.AST, name: str, value: ast.expr | None) -> Iterator[_Place]:
    """Where a name has that value (None: that of a parameter), as far as it is given away or kept."""
    bindings: Sequence[Binding] = ()
    has_value = False
    for node in islice(_read_in(module, scope).get(name, ()), MAX_NAMED):
        found = module.lookup.bindings_of(node)
        if found is not bindings:  # nearly all are names of one scope
            bindings, has_value = found, any(_is(each, value) for each in islice(found, MAX_NAMED))
        if has_value:
            yield module, node


def _read_in(module: ModuleFacts, scope: ast.AST) -> Mapping[str, Sequence[ast.Name]]:
    """The names that are read in a scope and in those within it."""
    scopes = _READ.setdefault(module, {})
    found = scopes.get(scope)
    if found is None:
        found = scopes[scope] = {}
        for node in walk(scope):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.setdefault(node.id, []).append(node)
    return found


def _is(binding: Binding, value: ast.expr | None) -> bool:
    return binding.kind is BindingKind.PARAMETER if value is None else binding.value is value


def _is_own(node: ast.Attribute, function: Function | None) -> bool:
    first = every_argument(function.args)[:1] if function is not None else []
    return bool(first) and getattr(node.value, "id", "") == first[0].arg


def _is_made_in(module: ModuleFacts, holder: ast.ClassDef, function: Function | None) -> bool:
    """Whether the constructor is the function, or alone calls it."""
    name = getattr(function, "name", "")
    if function is None or module.parent(function) is not holder:
        return False
    making = [each for each in holder.body if getattr(each, "name", "") in _MAKING]
    if name in _MAKING:
        return True
    calls = (node for each in making for node in walk(each) if isinstance(node, ast.Call))
    is_called = any(
        isinstance(call.func, ast.Attribute) and call.func.attr == name and getattr(call.func.value, "id", "") == "self"
        for call in calls
    )
    return is_called and all(_is_making(caller, call) for caller, call in islice(calls_named(module, name), MAX_NAMED))


def _is_replaced(module: ModuleFacts, target: ast.Attribute, holder: ast.ClassDef) -> bool:
    """Whether the attribute gets another object somewhere, or another state, as in what a worker begins with."""
    for kept, is_own in _changed_in(module).get(target.attr, ()):
        if kept is not target and (not is_own or module.enclosing_class(kept) is holder):
            return True
    return False


def _changed_in(module: ModuleFacts) -> Mapping[str, Sequence[tuple[ast.Attribute, bool]]]:
    """The attributes that get something outside of constructors, by name, and whether they are an object's own."""
    found = _CHANGED.get(module)
    if found is None:
        found = _CHANGED[module] = {}
        for node in walk(module.tree):
            if not isinstance(node, ast.Attribute):
                continue
            kept = node.value if node.attr in _STARTED_ANEW else node if isinstance(node.ctx, ast.Store) else None
            if isinstance(kept, ast.Attribute) and not _is_making(module, kept):
                is_own = getattr(kept.value, "id", "") == "self"
                found.setdefault(kept.attr, []).append((kept, is_own))
    return found


def _is_making(module: ModuleFacts, node: ast.AST) -> bool:
    return getattr(module.enclosing_function(node), "name", "") in _MAKING


def _user(kept: _Kept, datasets: Set[str]) -> ClassRef | None:
    """The data set that makes its items with it."""
    if kept.cls is not None:
        keeper = ClassRef(kept.module, kept.cls)
        if _is_drawing(keeper, kept.name, datasets, at_least=0):
            return keeper
        return next((each for each in _below(kept) if _is_drawing(each, kept.name, datasets, at_least=1)), None)
    if kept.name not in _read_in(kept.module, kept.module.tree):
        return None
    classes = (each for each in kept.module.index.functions if isinstance(each, ast.ClassDef))
    own = (each for each in classes if not datasets.isdisjoint(kept.module.base_classes(each)))
    return next((ClassRef(kept.module, each) for each in own if _names_for_items(kept, each)), None)


def _made_by_keepers(kept: _Kept, datasets: Set[str]) -> Iterator[_Place]:
    """The calls that make an object which keeps another one and uses it when it is asked for something: a transform."""
    if kept.cls is None or not datasets.isdisjoint(kept.module.base_classes(kept.cls)):
        return
    methods = (getattr(each, "name", "_") for each in kept.cls.body if isinstance(each, ast.FunctionDef))
    asked = [*CALLED, *(name for name in methods if not name.startswith("_"))]
    functions = _functions(ClassRef(kept.module, kept.cls), asked)
    made = next((each for each in kept.cls.body if getattr(each, "name", "") in _MAKING), None)
    if any(_takes(owner, scope, kept.name) for owner, scope in functions) and isinstance(made, ast.FunctionDef):
        for caller, call, _ in calls_seen(kept.module, made):
            yield caller, call


def _below(kept: _Kept) -> Iterator[ClassRef]:
    """The classes that extend the one that keeps it, and keep nothing else under that name, nor seed it anew."""
    found = classes_below(ClassRef(kept.module, kept.cls)) if kept.cls is not None else None
    for each in found or ():
        own = each.module.index.scopes[each.node].bindings
        changed = _changed_in(each.module).get(kept.name, ())
        is_other = kept.name in own or kept.name in each.module.self_attributes(each.node)
        if not is_other and not any(
            not by_self or each.module.enclosing_class(it) is each.node for it, by_self in changed
        ):
            yield each


def _is_drawing(cls: ClassRef, name: str, datasets: Set[str], *, at_least: int) -> bool:
    """Whether a class is a data set that makes its items with what it keeps under that name.

    `at_least`: functions of the project that make its items; with none a class outside makes them.
    """
    if datasets.isdisjoint(cls.module.base_classes(cls.node)):
        return False
    functions = _functions(cls, _ITEMS)
    if not functions:
        return at_least == 0
    return any(_takes(owner, scope, name) for owner, scope in functions)


def _names_for_items(kept: _Kept, cls: ast.ClassDef) -> bool:
    """Whether items are made by functions of the file that name something of their module."""
    for owner, scope in _functions(ClassRef(kept.module, cls), _ITEMS):
        if owner is kept.module:
            for node in walk(scope):
                if isinstance(node, ast.Name) and node.id == kept.name:
                    bindings = owner.lookup.bindings_of(node)
                    if bindings and owner.enclosing_function(bindings[0].node) is None:
                        return True
    return False


def _takes(module: ModuleFacts, scope: ast.AST, name: str) -> bool:
    nodes = (node for node in walk(scope) if isinstance(node, ast.Attribute) and node.attr == name)
    return any(isinstance(node.ctx, ast.Load) and getattr(node.value, "id", "") == "self" for node in nodes)


def _functions(cls: ClassRef, methods: Collection[str]) -> list[tuple[ModuleFacts, Function]]:
    """Those of these methods that a class of the project has, and the functions that they call."""
    started = (member(cls, name, bound=True) for name in methods)
    found = {each.node: each for each in started if isinstance(each, FunctionRef)}
    pending = list(found.values())
    for each in pending:
        for value in _called(each, cls):
            if value.node not in found and len(found) < MAX_FUNCTIONS:
                found[value.node] = value
                pending.append(value)
    return [(each.module, each.node) for each in pending]


def _called(function: FunctionRef, cls: ClassRef) -> Iterator[FunctionRef]:
    for node in walk(function.node):
        value = None
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            value = member(cls, node.attr, bound=True)
        elif isinstance(node, ast.Call):
            value = function.module.names.value(node.func)
        if isinstance(value, FunctionRef):
            yield value
