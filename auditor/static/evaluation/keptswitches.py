"""The constants that constructors are given and keep: `self.augment = augment`, `self.noise = options["noise"]`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.commandline import default_of
from auditor.static.evaluation.derivedswitches import ANYTHING, Leaf, Switch, chosen, derived
from auditor.static.evaluation.flow import uses
from auditor.static.evaluation.spread import entries, spread
from auditor.static.resolution.baseorder import above
from auditor.static.resolution.members import bases, first_base
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance
from auditor.static.reuse.trace import Memory
from auditor.static.syntax.bindings import Function, every_argument
from auditor.static.syntax.elements import call_of
from auditor.static.syntax.nodes import walk

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_BASES = 5
MAX_ENTRIES = 64
"""Entries of a dictionary that are looked at."""

_MODES = frozenset({"training"})
"""Attributes that frameworks switch."""

MORE = "**"
"""Begins the names of what a constructor gets beyond its parameters; by itself it tells that all of that is known."""

_READING = frozenset(
    {
        *("copy.copy", "copy.deepcopy", "dict", "json.dump", "json.dumps", "len", "list", "pprint.pprint", "print"),
        *("repr", "sorted", "str", "yaml.dump", "yaml.safe_dump"),
    }
)
"""Functions that put nothing into a dictionary."""

_UNKNOWN = ast.Name(id="", ctx=ast.Load())

_NAMED: WeakKeyDictionary[ModuleFacts, Memory[tuple[ast.expr, str], ast.Dict | None]] = WeakKeyDictionary()
"""Dictionaries by what makes them, and the name under which they are handed on."""

Given = Mapping[str, ast.expr]
"""What a constructor gets, by parameter."""


Handed = Callable[["ModuleFacts", ast.Name], ast.Constant | None]
"""What all callers of a function give the parameter that it hands on under a name."""


def switch_of_default(function: Function, name: str) -> ast.Constant | None:
    """The default of a parameter, if it is a constant."""
    default = default_of(function, name)
    return default if isinstance(default, ast.Constant) else None


def given_to(module: ModuleFacts, function: Function, call: ast.Call, handed: Handed | None = None) -> Given:
    """The switches that a call gives the parameters of a constructor."""
    arguments = function.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)][1:]
    names = [*positional, *(argument.arg for argument in arguments.kwonlyargs)]
    written = spread(module, call)
    made = call_of(written, None)
    found: dict[str, ast.expr] = {}
    for name in names:
        value = made.argument(name, positional.index(name) if name in positional else None)
        if value is None and not made.opaque:
            value = switch_of_default(function, name)
        switch = _switch(module, value)
        if switch is None and handed is not None and isinstance(value, ast.Name):
            switch = handed(module, value)
        if switch is not None:
            found[name] = switch
    if arguments.kwarg is not None and all(word.arg is not None for word in written.keywords):
        found[MORE] = ast.Constant(True)
        for word in written.keywords:
            if word.arg not in names:
                found[f"{MORE}{word.arg}"] = _switch(module, word.value) or _UNKNOWN
    return found


def agreed(given: Sequence[Given]) -> Given:
    """What each of several calls gives."""
    found: dict[str, ast.expr] = {}
    for name in dict.fromkeys(name for each in given for name in each):
        common = _common([each.get(name) for each in given])
        if common is not None:
            found[name] = common
        elif name.startswith(MORE) and name != MORE:
            found[name] = _UNKNOWN
    return found


def kept(cls: ClassRef, given: Given) -> Mapping[str, Switch]:
    """The attributes that a constructor sets to its parameters, and those of the classes that it extends."""
    found: dict[str, Switch] = {}
    assigned: set[str] = set()
    twice: set[str] = set()
    chain: list[ClassRef] = []
    current: ClassRef | None = cls
    for _ in range(MAX_BASES):
        if current is None:
            break
        chain.append(current)
        module, function = current.module, _constructor(current)
        own: dict[str, Switch] = {}
        leaf = _leaf(module, function, given, own)
        for name, values in module.self_attributes(current.node).items():
            if name in assigned:
                twice.add(name)
            assigned.add(name)
            value = _stored(module, function, values, leaf)
            if value is not None:
                found[name] = own[name] = value
        base = first_base(current)
        base = base if isinstance(base, ClassRef) else None
        if function is not None:
            given = _handed_on(module, function, base, given, leaf)
        current = base
    for beside in above(cls, bases):  # what stands beside, as mixins, is not handed anything here
        if isinstance(beside, ClassRef) and beside not in chain:
            twice |= beside.module.self_attributes(beside.node).keys()
    left = twice | _MODES if _is_switched(cls) else twice
    return {name: value for name, value in found.items() if name not in left}


def _is_switched(cls: ClassRef) -> bool:
    """Whether a framework may switch the modes of its objects: data sets have none but their own."""
    return not all(name.startswith((".", "torch.utils.data.")) for name in cls.module.base_classes(cls.node))


def items(whole: ast.Dict) -> Iterator[tuple[str, ast.Constant]]:
    """The keys of a switch that is a dictionary, with what it holds."""
    for key, value in zip(whole.keys, whole.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
            yield str(key.value), value


def key_of(node: ast.expr) -> tuple[ast.expr, str] | None:
    """What is looked into, and for which key: `options["noise"]`, `options.get("noise")`."""
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get" and len(node.args) == 1:
        holder, key = getattr(node.func, "value", None), node.args[0]
    elif isinstance(node, ast.Subscript):
        holder, key = node.value, node.slice
    else:
        return None
    is_key = isinstance(key, ast.Constant) and isinstance(key.value, str)
    return (holder, str(key.value)) if is_key and isinstance(key, ast.Constant) and holder is not None else None


def _stored(module: ModuleFacts, function: Function | None, values: Sequence[ast.expr], leaf: Leaf) -> Switch | None:
    """The switch that a constructor, and no other method, gives an attribute."""
    if function is None or any(module.enclosing_function(value) is not function for value in values):
        return None
    if len(values) > 1:
        return chosen(module, function, values, leaf)
    return None if isinstance(values[0], ast.Constant) else derived(values[0], leaf)


def _leaf(module: ModuleFacts, function: Function | None, given: Given, own: Mapping[str, Switch]) -> Leaf:
    """What parameters of a constructor are, attributes that it has filled, and what both hold under a key."""

    def leaf(node: ast.expr) -> Switch | None:
        if isinstance(node, ast.Attribute):
            return own.get(node.attr) if getattr(node.value, "id", "") == "self" else None
        if isinstance(node, ast.Name):
            value = given.get(node.id)
            if function is None or value is None:
                return None
            is_only = len(module.index.scopes[function].bindings.get(node.id, ())) == 1
            return value if is_only and isinstance(value, ast.Constant | ast.Dict) else None
        looked = key_of(node)
        whole = leaf(looked[0]) if looked is not None else None
        if looked is None or not isinstance(whole, ast.Dict):
            return None
        return ast.Constant(None) if whole is ANYTHING else dict(items(whole)).get(looked[1])

    return leaf


def _constructor(cls: ClassRef) -> Function | None:
    found = (child for child in cls.node.body if isinstance(child, ast.FunctionDef) and child.name == "__init__")
    return next(found, None)


def _handed_on(module: ModuleFacts, function: Function, base: ClassRef | None, given: Given, leaf: Leaf) -> Given:
    """What `super().__init__(root, augment=augment, **others)` gives."""
    made = base.module.names.attribute(Instance(base), "__init__") if base is not None else None
    for call, holder, _ in module.index.calls:
        if holder is function and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
            if not isinstance(made, FunctionRef):
                return {}
            if given.get(MORE) is ANYTHING:
                return {argument.arg: ANYTHING for argument in every_argument(made.node.args)} | {MORE: ANYTHING}
            words = [word for each in call.keywords for word in _words(function, each, given, leaf)]
            args = [derived(each, leaf) or each for each in call.args]
            return given_to(module, made.node, ast.Call(func=call.func, args=args, keywords=words))
    return {}


def _words(function: Function, word: ast.keyword, given: Given, leaf: Leaf) -> list[ast.keyword]:
    """A keyword, or what the constructor got beyond its parameters in place of `**others`."""
    if word.arg is not None:
        return [ast.keyword(arg=word.arg, value=derived(word.value, leaf) or word.value)]
    others = function.args.kwarg
    uses = (node for node in walk(function) if isinstance(node, ast.Name) and others and node.id == others.arg)
    if MORE not in given or [*uses] != [word.value]:
        return [word]
    names = (name for name in given if name.startswith(MORE) and name != MORE)
    return [ast.keyword(arg=name.removeprefix(MORE), value=given[name]) for name in names]


def _switch(module: ModuleFacts, value: ast.expr | None) -> Switch | None:
    if isinstance(value, ast.Constant) or value is ANYTHING:
        return value
    if not isinstance(value, ast.Name):
        return _dictionary(module, value) if isinstance(value, ast.Dict | ast.Call) else None
    origin = module.origin(value)
    if not isinstance(origin, ast.Dict | ast.Call):
        return None
    name = value

    def held() -> ast.Dict | None:
        made = only_target(module.parent(origin)) or name
        is_kept = all(_leaves(module, use) for use in uses(module, made)) and not _is_public(module, origin)
        return _dictionary(module, name) if is_kept else None

    return module.project.trace.once(_NAMED.setdefault(module, {}), (origin, name.id), held)


def _leaves(module: ModuleFacts, use: ast.expr) -> bool:
    """Whether a dictionary is as it was where it is read: in no other name, given to nothing that may fill it."""
    parent = module.parent(use)
    if isinstance(parent, ast.keyword):
        if parent.arg is None:
            return True
        parent = module.parent(parent)
    if not isinstance(parent, ast.Call) or parent.func is use:
        return not isinstance(parent, ast.Assign | ast.NamedExpr | ast.Return | ast.Yield)
    called = module.names.value(parent.func)
    return isinstance(called, ClassRef) or module.resolve(parent.func) in _READING


def _is_public(module: ModuleFacts, origin: ast.expr) -> bool:
    """Whether other files may put something into it: `settings.OPTIONS.update(others)`."""
    return module.enclosing_function(origin) is None and module.project.is_imported(module.path)


def _dictionary(module: ModuleFacts, value: ast.expr) -> ast.Dict | None:
    words = entries(module, value)
    if words is None or len(words) > MAX_ENTRIES:
        return None
    constants = [(word.arg, word.value) for word in words if isinstance(word.value, ast.Constant)]
    return ast.Dict(keys=[ast.Constant(name) for name, _ in constants], values=[each for _, each in constants])


def _common(values: Sequence[ast.expr | None]) -> ast.expr | None:
    first = values[0]
    if isinstance(first, ast.Constant):
        return first if all(is_alike(first, value) for value in values) else None
    if not isinstance(first, ast.Dict):
        return None
    others = [dict(items(value)) if isinstance(value, ast.Dict) else {} for value in values[1:]]
    same = [(key, held) for key, held in items(first) if all(is_alike(held, each.get(key)) for each in others)]
    return ast.Dict(keys=[ast.Constant(key) for key, _ in same], values=[held for _, held in same])


def is_alike(one: ast.Constant, other: ast.expr | None) -> bool:
    return isinstance(other, ast.Constant) and type(one.value) is type(other.value) and one.value == other.value
