"""Tables of the program in which functions and classes are registered under names, and what is taken out of them.

`@MODELS.register_module()`, `@register("net")`, `register("net", Net)`, `TABLE["net"] = Net` put something into a
table: a dictionary of a module or class, or an object whose class keeps what its methods are given. `TABLE[name]()`,
`MODELS.build(cfg)`, `build_from_cfg(cfg, MODELS)` take something out. Any member may be taken where no name is known.
What a class knows of its subclasses (`Base.__subclasses__()`) is such a table, too.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass
from auditor.static.evaluation.choices import MAX_FOUND
from auditor.static.resolution import metaclasses
from auditor.static.resolution.baseorder import MAX_BASES
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.members import bases, member
from auditor.static.resolution.puts import Puts, outermost
from auditor.static.resolution.subclasses import SUBCLASSES, asks, collected, subclasses_of
from auditor.static.resolution.values import Arguments, ClassRef, External, FunctionRef, Instance, Value
from auditor.static.syntax.bindings import BindingKind, Function
from auditor.static.text.dotted import last_name

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

Table = ast.AST | str
"""What makes a table: a display, a call or a class of the project; the name of one that is outside."""

_MAKING = frozenset({"dict", "list", "collections.OrderedDict", "collections.defaultdict"})
"""What makes a table besides displays."""

MAX_TAKEN = 8
"""Members of a table that are followed where any may be taken."""

MAX_LOOKED_AT = 60
"""Expressions that are looked at to find the table that something comes out of."""

MAX_HANDED = 3
"""Functions that hand on what is registered, or what is taken out, one to the other."""

BUILDING = ("build", "construct", "create", "instantiate", "make")
"""What methods of tables that are not of the project begin with where they give an object of what is registered."""


@dataclass(frozen=True, slots=True)
class Member:
    """A function or class in a table."""

    name: str | None
    """Under which it is registered; None where that is not known."""

    value: FunctionRef | ClassRef


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that comes out of a table."""

    table: Table
    name: str | None
    """None: any."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A class whose methods keep what they are given, as the items of attributes."""

    node: ast.ClassDef | None
    """The one that does, of it and its bases; None where that one is outside."""

    attributes: frozenset[str]


class Registries:
    """What is registered in some modules, in tables of any modules."""

    def __init__(self, modules: Iterable[ModuleFacts]) -> None:
        self._puts: dict[str, Puts] = {}
        self._keepers: dict[ast.ClassDef, Keeper | None] = {}
        self._members: dict[Table, list[Member]] = {}
        self._homes: dict[Table, str] = {}
        """Paths of the files that make the tables."""

        self._displays: dict[ast.expr, tuple[ModuleFacts, ast.expr] | None] = {}
        """What names and attributes were given that are dictionaries or lists; None for the others."""

        self._names: set[str] = set()
        """Last parts of the names by which the tables go."""

        self._takes_nothing: set[ast.expr] = set()
        """Expressions that take nothing out of any table, where nothing is known of the parameters around them."""

        self._builds_nothing: set[ast.Call] = set()
        """Calls that make nothing of what is registered, the same."""

        self._returned: dict[tuple[Function, int], Sequence[Taken]] = {}
        """What functions take out and return, whatever they are given; by the functions that may follow."""

        several = tuple(modules)
        self._has_metaclasses = metaclasses.are_in(several)
        for module in several:
            self._read(module)

    def __bool__(self) -> bool:
        """Whether anything is registered."""
        return bool(self._members)

    def homes(self) -> frozenset[str]:
        """Paths of the files that make the tables in which something is registered."""
        return frozenset(self._homes[table] for table in self._members if table in self._homes)

    def registered(self) -> Iterator[tuple[Table, str | None, Member]]:
        """What is registered: the table, the file that makes it as far as that is known, and what is in it."""
        for table, members in self._members.items():
            yield from ((table, self._homes.get(table), member) for member in members)

    def names(self) -> list[str]:
        """Last parts of the names by which the tables go."""
        return sorted(self._names)

    def is_table(self, value: object) -> bool:
        """Whether an object is a table with members."""
        return isinstance(value, Instance) and value.made_by in self._members

    def members(self, taken: Taken, within: Container[str] | None) -> list[FunctionRef | ClassRef]:
        """What may be taken, of the modules at these paths, in the order of the files."""
        members = self._members.get(taken.table, ())
        among = (each for each in members if within is None or each.value.module.path in within)
        found = list(among if taken.name is not None else islice(among, MAX_FOUND + 1))
        if taken.name is not None:
            found = [each for each in found if each.name == taken.name] or [each for each in found if each.name is None]
        return list(dict.fromkeys(each.value for each in found))[: MAX_FOUND + 1]

    def held(self, module: ModuleFacts, node: ast.expr, within: Container[str] | None) -> list[FunctionRef | ClassRef]:
        """All members of the table that a name stands for: `for cls in PLUGINS`."""
        table = self._table(module, node, None) if self._members else None
        return self.members(Taken(table, None), within) if table is not None else []

    def picked(
        self, module: ModuleFacts, node: ast.expr, arguments: Arguments | None, within: Container[str] | None
    ) -> list[FunctionRef | ClassRef]:
        """The members that an expression may be; `arguments`: what parameters around it stand for.

        Who follows them takes no more than `MAX_TAKEN`.
        """
        if not self._members or (arguments is None and node in self._takes_nothing):
            return []
        taken = dict.fromkeys(self._taken_by(module, node, arguments, MAX_HANDED))
        if arguments is None and not taken:
            self._takes_nothing.add(node)
        found = dict.fromkeys(value for each in taken for value in self.members(each, within))
        return list(found)[: MAX_FOUND + 1]

    def built(
        self, module: ModuleFacts, node: ast.Call, arguments: Arguments | None, within: Container[str] | None
    ) -> list[FunctionRef | ClassRef]:
        """The members of which a call gives an object: `MODELS.build(cfg)`, `build_from_cfg(cfg, MODELS)`."""
        if not self._members or (arguments is None and node in self._builds_nothing):
            return []
        found: list[Table | None] = []
        if isinstance(node.func, ast.Attribute):
            table = self._table(module, node.func.value, arguments)
            found.append(table if table is not None and not self._gives_members(module, node, arguments) else None)
        for part in (*node.args, *(word.value for word in node.keywords)):
            table = self._table(module, part, arguments)
            found.append(None if isinstance(table, ast.expr) and not isinstance(table, ast.Call) else table)
        if arguments is None and not any(found):
            self._builds_nothing.add(node)
        name = _text(node.args[0]) if node.args else None
        values = [value for each in found if each is not None for value in self.members(Taken(each, name), within)]
        return list(dict.fromkeys(values))[: MAX_FOUND + 1]

    def _table(self, module: ModuleFacts, node: ast.expr, arguments: Arguments | None) -> Table | None:
        """Like `_filled_table`, of a name that one with members goes by; most expressions are told by that."""
        if not isinstance(node, ast.Name | ast.Attribute) or (arguments is None and last_name(node) not in self._names):
            return None
        found = self._filled_table(module, node, arguments)
        return found if found in self._members else None

    def _filled_table(self, module: ModuleFacts, node: ast.expr, arguments: Arguments | None = None) -> Table | None:
        """The table that an expression stands for, where it is one."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return None
        found = self._object(module.names.value(node, arguments))
        if found is not None:
            return found
        if isinstance(node, ast.Attribute):
            base = module.names.value(node.value, arguments)
            cls = base.of if isinstance(base, Instance) else base
            keeper = self._keeper(cls) if isinstance(cls, ClassRef) else None
            if keeper is not None and node.attr in keeper.attributes:
                return self._object(base)
        if node not in self._displays:
            display = assigned(module, node)
            is_display = display is not None and _is_display(*display)
            self._displays[node] = display if is_display else None
        made = self._displays[node]
        if made is None:
            return None
        self._homes[made[1]] = made[0].path
        return made[1]

    # -- what is put in -------------------------------------------------------------------------------------------

    def _read(self, module: ModuleFacts) -> None:
        for node in list(module.index.functions):
            if isinstance(node, ast.Lambda):
                continue
            holder = module.parent(node)
            owner = ClassRef(module, holder) if isinstance(holder, ast.ClassDef) else None
            value = ClassRef(module, node) if isinstance(node, ast.ClassDef) else FunctionRef(module, node, owner)
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                name = _name_given(decorator) if isinstance(decorator, ast.Call) else node.name
                self._add(dict(self._filled(module, called)), name, value)
            if isinstance(value, ClassRef):
                self._read_bases(value)
        for call, _, _ in module.index.calls:
            self._read_call(module, call)
        for _, target, put, _ in module.index.assignments:
            if isinstance(target, ast.Subscript) and isinstance(put, ast.Name | ast.Attribute):
                self._read_item(module, target, put)

    def _read_item(self, module: ModuleFacts, target: ast.Subscript, put: ast.expr) -> None:
        """`TABLE["net"] = Net`."""
        value = module.names.value(put)
        table = self._filled_table(module, target.value) if isinstance(value, FunctionRef | ClassRef) else None
        if table is not None and isinstance(value, FunctionRef | ClassRef):
            self._add({last_name(target.value): table}, _text(target.slice), value)

    def _add(self, tables: Mapping[str, Table], name: str | None, value: FunctionRef | ClassRef) -> None:
        """`tables`: by the names by which they go."""
        self._names.update(tables)
        for table in tables.values():
            self._members.setdefault(table, []).append(Member(name, value))

    def _read_bases(self, cls: ClassRef) -> None:
        """`class Net(Base)`, where `Base.__init_subclass__` keeps what extends it, or a file asks for what does."""
        for base in bases(cls):
            if isinstance(base, ClassRef) and (asks(base.module) or asks(cls.module)):
                self._homes[subclasses_of(base)] = base.module.path
                self._add({SUBCLASSES: subclasses_of(base)}, cls.node.name, cls)
            hook = member(base, "__init_subclass__", bound=False) if isinstance(base, ClassRef) else None
            if isinstance(base, ClassRef) and isinstance(hook, FunctionRef):
                table, keeper = self._object(base), self._keeper(base)
                words = [_text(word.value) for word in cls.node.keywords]
                if table is not None and keeper is not None:
                    self._add({base.node.name: table}, words[0] if words else None, cls)
                    self._names.update(keeper.attributes)
                else:
                    self._add(dict(self._filled_by(hook, MAX_HANDED)), None, cls)

        for hook in metaclasses.hooks(cls) if self._has_metaclasses else ():
            for node in self._puts_of(hook.module).tables.get(hook.node, ())[:MAX_HANDED]:
                filled = self._filled_table(hook.module, node)
                is_own = metaclasses.names_class(getattr(hook.module.parent(node), "slice", None))
                tables = {last_name(node): filled} if filled is not None else {}
                self._add(tables, cls.node.name if is_own else None, cls)

    def _read_call(self, module: ModuleFacts, call: ast.Call) -> None:
        """`register("net", Net)`, `MODELS.register(Net)`, `MODELS.register_module()(Net)`."""
        called = call.func.func if isinstance(call.func, ast.Call) else call.func
        written = getattr(called, "attr", getattr(called, "id", ""))
        if "regist" not in written and written not in ("add", "append"):
            return
        parts = [*call.args, *(word.value for word in call.keywords)]
        values = [module.names.value(part) for part in parts if isinstance(part, ast.Name | ast.Attribute)]
        is_defined = any(isinstance(each, FunctionRef | ClassRef) for each in values)
        tables = dict(self._filled(module, called)) if is_defined else {}
        for value in values:
            if isinstance(value, FunctionRef | ClassRef):
                self._add(tables, _text(call.args[0]) if call.args else None, value)

    def _filled(self, module: ModuleFacts, called: ast.expr) -> Iterator[tuple[str, Table]]:
        """The tables into which something called puts what it is given, each with the name by which it goes."""
        if isinstance(called, ast.Attribute):
            table = self._filled_table(module, called.value)
            if table is not None:
                yield last_name(called.value), table
                return
        value = module.names.value(called)
        if isinstance(value, FunctionRef):
            yield from self._filled_by(value, MAX_HANDED)
        elif (table := self._object(value)) is not None:
            yield last_name(called), table

    def _filled_by(self, function: FunctionRef, steps: int) -> Iterator[tuple[str, Table]]:
        module = function.module
        outer = outermost(module, function.node)
        puts = self._puts_of(module)
        for node in puts.tables.get(outer, ())[:MAX_HANDED]:
            table = self._filled_table(module, node)
            if table is not None:
                yield last_name(node), table
        for call in puts.handed.get(outer, ())[:MAX_HANDED] if steps else ():
            value = module.names.value(call.func)
            if isinstance(value, FunctionRef) and value.node is not function.node:
                yield from self._filled_by(value, steps - 1)

    # -- tables ---------------------------------------------------------------------------------------------------

    def _object(self, value: Value) -> Table | None:
        """An object or class that keeps what it is given."""
        if isinstance(value, Instance):
            keeps = self._keeper(value.of) is not None if isinstance(value.of, ClassRef) else _is_registry(value.of)
            if not keeps or value.made_by is None or value.module is None:
                return None
            self._homes[value.made_by] = value.module.path
            return value.made_by
        if isinstance(value, ClassRef):
            keeper = self._keeper(value)
            return keeper.node if keeper is not None else None
        return value.name if isinstance(value, External) and _is_registry_outside(value.name) else None

    def _keeper(self, cls: ClassRef) -> Keeper | None:
        if cls.node not in self._keepers:
            self._keepers[cls.node] = None
            self._keepers[cls.node] = self._find_keeper(cls)
        return self._keepers[cls.node]

    def _find_keeper(self, cls: ClassRef) -> Keeper | None:
        pending, seen = [cls], {cls.node}
        for each in pending:
            attributes = self._puts_of(each.module).attributes.get(each.node)
            if attributes:
                self._homes[each.node] = each.module.path
                return Keeper(each.node, frozenset(attributes))
            for base in bases(each):
                if isinstance(base, ClassRef) and base.node not in seen and len(seen) < MAX_BASES:
                    seen.add(base.node)
                    pending.append(base)
                elif isinstance(base, External) and _is_registry(base):
                    return Keeper(None, frozenset())
        return None

    def _puts_of(self, module: ModuleFacts) -> Puts:
        found = self._puts.get(module.path)
        if found is None:
            found = self._puts[module.path] = Puts(module)
        return found

    # -- what is taken out ----------------------------------------------------------------------------------------

    def _taken_by(
        self, module: ModuleFacts, node: ast.expr, arguments: Arguments | None, steps: int
    ) -> Iterator[Taken]:
        """What an expression takes out of tables; `steps`: functions on the way that are looked into."""
        pending, seen = [node], {node}
        for each in pending:
            if isinstance(each, ast.Subscript):
                table = self._table(module, each.value, arguments)
                if table is not None:
                    yield Taken(table, _text(each.slice))
            elif isinstance(each, ast.Call):
                yield from self._taken_by_call(module, each, arguments, steps)
            more = [part for part in self._parts(module, each) if part not in seen]
            seen.update(more)
            pending += more[: MAX_LOOKED_AT - len(pending)]

    def _parts(self, module: ModuleFacts, node: ast.expr) -> list[ast.expr]:
        """The expressions of which one is what `node` is; all that holds subclasses stands for one of these."""
        if isinstance(node, ast.Name):
            kinds = (BindingKind.VALUE, BindingKind.ELEMENT) if SUBCLASSES in self._names else (BindingKind.VALUE,)
            bindings = module.lookup.bindings_of(node)[:MAX_LOOKED_AT]
            return [each.value for each in bindings if each.kind in kinds and each.value is not None]
        if isinstance(node, ast.IfExp):
            return [node.body, node.orelse]
        if isinstance(node, ast.BoolOp):
            return node.values
        return collected(module, node) if SUBCLASSES in self._names else []

    def _taken_by_call(
        self, module: ModuleFacts, node: ast.Call, arguments: Arguments | None, steps: int
    ) -> Iterable[Taken]:
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == SUBCLASSES and SUBCLASSES in self._names:
                base = module.names.value(node.func.value, arguments)
                return [Taken(subclasses_of(base), None)] if isinstance(base, ClassRef) else []
            table = self._table(module, node.func.value, arguments)
            if table is not None:
                is_taken = self._gives_members(module, node, arguments)
                return [Taken(table, _text(node.args[0]) if node.args else None)] if is_taken else []
        value = module.names.value(node.func, arguments) if steps else None
        if not isinstance(value, FunctionRef):
            return []
        key = (value.node, steps)
        if key not in self._returned:
            self._returned[key] = ()  # it may call itself
            returned = value.module.returns(value.node)[:MAX_HANDED]
            self._returned[key] = tuple(
                taken for each in returned for taken in self._taken_by(value.module, each, None, steps - 1)
            )
        return self._returned[key]

    def _gives_members(self, module: ModuleFacts, node: ast.Call, arguments: Arguments | None) -> bool:
        """Whether a method of a table gives what is registered, and no object of it."""
        value = module.names.value(node.func, arguments)
        if not isinstance(value, FunctionRef):
            return not getattr(node.func, "attr", "").startswith(BUILDING)
        returned = value.module.returns(value.node)
        return not any(_is_made(value.module, each) for each in returned)


def _is_display(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether an expression makes a dictionary or list."""
    if isinstance(node, ast.Call):
        return module.resolve(node.func) in _MAKING
    return isinstance(node, ast.Dict | ast.List | ast.DictComp)


def _is_made(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether what is returned is an object that was made: `cls(**options)`, `build_func(config)`."""
    node = module.origin(node)
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") not in ("get", "pop", "_get", "setdefault")


def _is_registry(value: External) -> bool:
    return value.name.endswith("Registry")


def _is_registry_outside(name: str) -> bool:
    """`mmengine.registry.MODELS`, `detectron2.modeling.META_ARCH_REGISTRY`."""
    return name.rpartition(".")[2].isupper() and "regist" in name.lower()


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name_given(decorator: ast.Call) -> str | None:
    """`@register("net")`, `@register_module(name="net")`."""
    words = [word.value for word in decorator.keywords if word.arg == "name"]
    return next((text for text in map(_text, (*decorator.args, *words)) if text is not None), None)
