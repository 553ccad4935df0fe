"""Methods and attributes of the project's classes, through their bases."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.baseorder import above
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.mappings import is_put_into
from auditor.static.resolution.values import ABSENT, Absent, ClassRef, External, FunctionRef, ModuleRef, Value, agreed
from auditor.static.syntax.elements import Known

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_DEFINED = 40
"""Functions and classes of a module that are followed where one is picked by name."""

MAX_STARRED = 40
"""Modules that may make up the namespace in which something is picked by name."""

MAX_NAMES = 400
"""Names that these bind: what `getattr(transformers, name)` gives would take thousands of files to tell."""

_DECLARED: WeakKeyDictionary[ModuleFacts, dict[ast.ClassDef, dict[str, ast.AnnAssign]]] = WeakKeyDictionary()
_LEFT_OPEN: WeakKeyDictionary[ModuleFacts, dict[ast.ClassDef, bool]] = WeakKeyDictionary()

SAME_OBJECT = frozenset(
    {"to", "cuda", "cpu", "float", "double", "half", "eval", "train", "requires_grad_", "unwrapped"}
)
"""Methods of a module of torch that return the module."""


def member(cls: ClassRef, name: str, *, bound: bool) -> Value:
    """What `cls.name` stands for, or `object.name` where `bound`."""
    own = _own(cls, name, bound=bound)
    return inherited(cls, above(cls, bases), name, bound=bound) if isinstance(own, Absent) else own


def inherited(cls: ClassRef, classes: Iterable[ClassRef | External], name: str, *, bound: bool) -> Value:
    """What one of these classes, asked one after the other, has under a name that `cls` takes from them.

    Where nothing is known of what a class has, one outside that comes after it is not taken to have it.
    """
    outside: External | None = None
    is_hidden = False
    for each in classes:
        value: Value | Absent = ABSENT
        if isinstance(each, ClassRef):
            value = _own(each, name, bound=bound)
            is_hidden = is_hidden or (value is None and outside is None)
        elif each.name != "object":
            value = External(f"{each.name}.{name}")
        if isinstance(value, FunctionRef):
            return FunctionRef(value.module, value.node, cls, bound)
        if isinstance(value, External) and isinstance(each, External) and not name.startswith("__"):
            # What is outside may lack it: `class Data(Dataset, Parser)` extends the other for its methods.
            outside = outside or value
        elif value is not None and not isinstance(value, Absent):
            return value
    return None if is_hidden or (outside is not None and _is_declared(cls, name)) else outside


def _is_declared(cls: ClassRef, name: str) -> bool:
    """`buffer: Buffer` in the body of a class, or of one of the project that it extends: its own."""
    return any(name in declarations(each) for each in (cls, *above(cls, bases)) if isinstance(each, ClassRef))


def declarations(cls: ClassRef) -> Mapping[str, ast.AnnAssign]:
    """The annotated names in the body of a class, the first of each; thousands of attributes are asked for."""
    known = _DECLARED.setdefault(cls.module, {})
    if cls.node not in known:
        found = known[cls.node] = {}
        for child in cls.node.body:
            if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
                found.setdefault(child.target.id, child)
    return known[cls.node]


def bases(cls: ClassRef) -> list[Value]:
    """The values of the base classes as written."""
    names = cls.module.names
    return [names.value(base.value if isinstance(base, ast.Subscript) else base) for base in cls.node.bases]


def is_left_open(cls: ClassRef) -> bool:
    """Whether a class leaves a method to those that extend it: what it is the annotation of is none of its objects."""
    known = _LEFT_OPEN.setdefault(cls.module, {})
    if cls.node not in known:
        methods = (child for child in cls.node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
        known[cls.node] = any(_does_nothing(method) for method in methods)
    return known[cls.node]


def _does_nothing(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """`@abstractmethod`, or a body that is `raise NotImplementedError`."""
    marks = (getattr(each, "attr", getattr(each, "id", "")) for each in method.decorator_list)
    last = method.body[-1] if len(method.body) <= 2 else None
    raised = last.exc if isinstance(last, ast.Raise) else None
    name = getattr(raised.func if isinstance(raised, ast.Call) else raised, "id", "")
    return name == "NotImplementedError" or not {"abstractmethod", "abstractproperty"}.isdisjoint(marks)


def default_factories(cls: ClassRef, given: Container[str | None]) -> Iterator[tuple[ast.expr, FunctionRef | External]]:
    """The functions that make the defaults of a dataclass: `rate: float = field(default_factory=draw)`.

    `given`: fields that the constructor's call names.
    """
    for child in cls.node.body:
        if not isinstance(child, ast.AnnAssign) or not isinstance(child.value, ast.Call):
            continue
        for word in child.value.keywords:
            if word.arg == "default_factory" and getattr(child.target, "id", None) not in given:
                value = cls.module.names.value(word.value)
                if isinstance(value, FunctionRef | External):
                    yield word.value, value


def table_of(module: ModuleFacts, node: ast.expr) -> list[Value]:
    """What the display that a name stands for holds, in this module or in the one that it is imported from.

    `globals()` holds what the file defines.
    """
    whole = namespace_of(module, node)
    if whole is not None:
        return whole
    module, table = _display(module, node)
    parts = table.values if isinstance(table, ast.Dict) else getattr(table, "elts", [])
    return [module.names.value(part) for part in parts]


def entry_of(module: ModuleFacts, node: ast.Subscript) -> Value:
    """What stands under a key that is written there, `TABLE["adam"]`, in a display where nothing else puts it."""
    key = module.constant(node.slice)
    holder, table = _display(module, node.value)
    if not (isinstance(key, Known) and isinstance(key.value, str) and isinstance(table, ast.Dict)):
        return None
    name = node.value.id if isinstance(node.value, ast.Name) else None
    if name is None or any(is_put_into(each, name, key.value) for each in (module, holder)):
        return None
    values = [part for name, part in zip(table.keys, table.values, strict=True) if _is_key(name, key.value)]
    return holder.names.value(values[0]) if len(values) == 1 else None


def _is_key(name: ast.expr | None, key: str) -> bool:
    """Whether a key of a display is this one, or may be."""
    return not isinstance(name, ast.Constant) or name.value == key


def _display(module: ModuleFacts, node: ast.expr) -> tuple[ModuleFacts, ast.expr | None]:
    """The expression that a name stands for, and the module that it stands in."""
    table: ast.expr | None = module.origin(node)
    if isinstance(table, ast.Name | ast.Attribute):
        module, table = assigned(module, table) or (module, None)
    return module, _written_out(module, table) if isinstance(table, ast.Call) else table


def _written_out(module: ModuleFacts, call: ast.Call) -> ast.expr:
    """`{"adam": Adam}` for `dict(adam=Adam)`."""
    if call.args or any(word.arg is None for word in call.keywords) or module.resolve(call.func) != "dict":
        return call
    keys: list[ast.expr | None] = [ast.Constant(word.arg) for word in call.keywords]
    return ast.Dict(keys=keys, values=[word.value for word in call.keywords])


def namespace_of(module: ModuleFacts, node: ast.expr) -> list[Value] | None:
    """`globals()`: the functions and classes of the file itself; None for anything else, see `picked`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "globals":
        return defined_in(module, ModuleRef(module.path))
    return None


def defined_in(module: ModuleFacts, whole: Value) -> list[Value] | None:
    """What a module defines, or a package takes from its own modules; None where it is not known to be a module."""
    if isinstance(whole, External):
        return [External(f"{whole.name}.__dict__")]
    if not isinstance(whole, ModuleRef):
        return None
    holder = module.project.module(whole.path)
    if holder is None:
        return None
    folder = whole.path.removesuffix("__init__.py") if whole.path.endswith("__init__.py") else whole.path
    found: list[Value] = []
    for each in with_stars(holder):
        for name in each.index.root.bindings:
            value = each.names.export(name) if not name.startswith("_") else None
            if isinstance(value, FunctionRef | ClassRef) and value.module.path.startswith(folder):
                found.append(value)
    return list(dict.fromkeys(found))[:MAX_DEFINED]


def with_stars(holder: ModuleFacts) -> tuple[ModuleFacts, ...]:
    """A module, and those that it imports everything from; none where these are too many to say what they hold."""
    found: list[ModuleFacts] = []
    pending, seen, names = [holder.path], {holder.path}, 0
    for path in pending:
        current = holder.project.module(path)
        if current is None:
            continue
        found.append(current)
        names += len(current.index.root.bindings)
        for statement in current.index.root.stars:
            origin = current.names.origin_of(statement)
            if isinstance(origin, ModuleRef) and origin.path not in seen:
                seen.add(origin.path)
                pending.append(origin.path)
        if len(seen) > MAX_STARRED or names > MAX_NAMES:
            return ()
    return tuple(found)


def first_base(cls: ClassRef) -> External | ClassRef | None:
    """The first base that is known."""
    known = [base for base in bases(cls) if isinstance(base, External | ClassRef)]
    return known[0] if known else None


def _own(cls: ClassRef, name: str, *, bound: bool) -> Value | Absent:
    """What the class itself defines, or its methods assign to `self.name`, where all agree."""
    names = cls.module.names
    bindings = cls.module.index.scopes[cls.node].bindings.get(name)
    if bindings:
        value = names.meaning(bindings)
        if bound and isinstance(value, External):  # `rng = random` of the class, and `self.rng = Random(seed)`
            return agreed([value, *map(names.option, cls.module.self_attributes(cls.node).get(name, ()))])
        return FunctionRef(value.module, value.node, cls, bound) if isinstance(value, FunctionRef) else value
    stored = cls.module.self_attributes(cls.node).get(name) if bound else None
    return agreed([names.option(value) for value in stored]) if stored else ABSENT
