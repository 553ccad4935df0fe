"""`np.random` and `random` that objects keep in place of a generator: `self.rng = rng or np.random`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.fields import lineage
from auditor.static.evaluation.standin import is_fallen_back_on
from auditor.static.evaluation.unset import calls_reaching, given_to
from auditor.static.resolution.members import member
from auditor.static.resolution.outsideobjects import GENERATORS
from auditor.static.resolution.subclasscalls import classes_below
from auditor.static.resolution.values import ClassRef, External, FunctionRef, Value
from auditor.static.syntax.bindings import BindingKind, every_argument
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_FILES = 200
"""Files of the programs that are searched for what stores something under the same name."""

_WRITTEN = frozenset(name.rpartition(".")[2] for name in GENERATORS)
_STORED: WeakKeyDictionary[ModuleFacts, dict[str, list[ast.Attribute]]] = WeakKeyDictionary()


def are_handed_on(module: ModuleFacts) -> bool:
    """Whether a file may keep a module where others keep a generator, hand it on or give it back."""
    return any(map(_names_module, _handed(module)))


def _handed(module: ModuleFacts) -> Iterator[ast.expr | None]:
    for _, _, value, _ in module.index.assignments:
        yield value
    for call, _, _ in module.index.calls:
        yield from call.args
        yield from (word.value for word in call.keywords)
    for function in module.index.functions:
        if not isinstance(function, ast.ClassDef):
            yield from (*function.args.defaults, *function.args.kw_defaults, *module.returns(function))


def _names_module(node: ast.expr | None) -> bool:
    """Whether an expression may be what is called `random`, or `np.random.mtrand._rand`."""
    if isinstance(node, ast.BoolOp):
        return any(map(_names_module, node.values))
    if isinstance(node, ast.IfExp):
        return _names_module(node.body) or _names_module(node.orelse)
    return getattr(node, "attr", getattr(node, "id", "")) in _WRITTEN


def module_used(module: ModuleFacts, node: ast.expr, known: External) -> Sequence[Value]:
    """The module that an expression stands for, where all programs draw from it: nobody gives a generator there."""
    is_used = is_fallen_back_on(module, node) or _is_handed_by_all(module, node)
    return (External(GENERATORS[known.name]),) if is_used else ()


def _is_handed_by_all(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether it is what a call gives a parameter, `Sampler(np.random)`, and all others give a module, too."""
    above = module.parent(node)
    call = module.parent(above) if isinstance(above, ast.keyword) else above
    called = module.names.value(call.func) if isinstance(call, ast.Call) and call.func is not node else None
    if isinstance(called, ClassRef):
        called = member(called, "__init__", bound=True)
    if not isinstance(called, FunctionRef) or not isinstance(called.node, ast.FunctionDef):
        return False
    calls = calls_reaching(called.module, called.node)
    own = [(function_call, skipped) for _, function_call, skipped in calls if function_call is call]
    names = [each.arg for each in every_argument(called.node.args)]
    name = next(
        (each for each in names for own_call, skipped in own if _passes(own_call, called, each, skipped) is node), ""
    )
    given = [(caller, _passes(each, called, name, skipped)) for caller, each, skipped in calls[:MAX_FILES]]
    return bool(name) and all(value is not None and _is_module(caller.names.value(value)) for caller, value in given)


def _passes(call: ast.Call, called: FunctionRef, name: str, skipped: int) -> ast.expr | None:
    return given_to(call, called.node, name, skipped)


def without_rebound(
    module: ModuleFacts,
    node: ast.Name,
    found: Sequence[Value],
    values: Callable[[ModuleFacts, ast.expr], Sequence[Value]],
) -> Sequence[Value]:
    """What a name may be, without modules where something else is put in their place: `rng = RandomState(seed)`.

    `values`: what an expression may be. Of two arms of one condition one is taken.
    """
    if not any(map(_is_module, found)):
        return found
    bindings = [each for each in module.lookup.in_force(node) if each.kind is BindingKind.VALUE]
    stored = [(module.parent(each.node), values(module, each.value)) for each in bindings if each.value is not None]
    around = {above for above, each in stored if any(map(_is_module, each))}
    is_replaced = any(above not in around for above, _ in stored)
    return [each for each in found if not _is_module(each)] if is_replaced else found


def without_replaced(values: Sequence[Value], cls: ClassRef, name: str) -> Sequence[Value]:
    """What an attribute may be, without modules where anything but one statement of a constructor may fill it."""
    if not any(_is_module(each) for each in values) or _is_kept(cls, name):
        return values
    return [each for each in values if not _is_module(each)]


def _is_module(value: Value) -> bool:
    return isinstance(value, External) and value.name in GENERATORS


def _is_kept(cls: ClassRef, name: str) -> bool:
    """Whether one statement of a constructor stores the attribute, and nothing else does in the programs."""
    below = classes_below(cls)
    paths = cls.module.project.programs.paths_around(cls.module.path) or {cls.module.path}
    if below is None or len(paths) > MAX_FILES:
        return False
    family = {each.node for each in (*lineage(cls), *below)}
    texts = cls.module.project.texts
    stores = []
    for path in sorted(paths):
        if texts.contain(path, ("setattr", "__dict__")) and texts.contain(path, (f'"{name}"', f"'{name}'")):
            return False
        module = cls.module.project.module(path) if texts.contain(path, (f".{name}",)) else None
        if module is not None:
            stores += [(module, each) for each in _stored(module).get(name, ()) if _may_be_of(module, each, family)]
    return _are_in_one_constructor(stores)


def _stored(module: ModuleFacts) -> Mapping[str, Sequence[ast.Attribute]]:
    """Where a file stores something in attributes, by their names."""
    found = _STORED.get(module)
    if found is None:
        found = _STORED[module] = {}
        for node in walk(module.tree):
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                found.setdefault(node.attr, []).append(node)
    return found


def _may_be_of(module: ModuleFacts, node: ast.Attribute, family: Set[ast.ClassDef]) -> bool:
    """Whether an attribute may be one of objects of these classes: `self.rng` of others is none."""
    function = module.enclosing_function(node)
    holder = module.parent(function) if function is not None else None
    first = every_argument(function.args)[:1] if function is not None else []
    is_own = isinstance(holder, ast.ClassDef) and bool(first) and getattr(node.value, "id", "") == first[0].arg
    return not is_own or holder in family


def _are_in_one_constructor(stores: Sequence[tuple[ModuleFacts, ast.Attribute]]) -> bool:
    """Whether all are in one statement of one constructor: alone, or in the arms of one condition."""
    statements = set()
    for module, node in stores:
        function = module.enclosing_function(node)
        if not isinstance(function, ast.FunctionDef) or function.name != "__init__":
            return False
        around = [each for each in module.around(node) if isinstance(each, ast.stmt)]
        statements.add(around[around.index(function) - 1])
    return len(statements) == 1
