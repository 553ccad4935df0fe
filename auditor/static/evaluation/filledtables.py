"""What is put into a dictionary, wherever it is named: its keys, its values, the items of lists that are its values.

A dictionary of which anything is done that is not known here, handed on, returned, updated as a whole, tells nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import islice

from auditor.static.evaluation.flow import uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.nodeindex import attributes_of, names_of, nodes_of
from auditor.static.syntax.nodes import walk

MAX_PLACES = 60
"""Places of one name that are looked at."""

MAX_FILES = 10
"""Files that name an attribute and are looked through."""

EMPTY_TABLES = frozenset({"dict", "collections.defaultdict", "collections.OrderedDict"})
"""Calls that make an empty dictionary, where they are given nothing."""

_NUMBERS = frozenset({"float", "int"})
_LISTS = frozenset({"list", "set", "collections.deque"})
_LOOKING = frozenset(
    {"bool", "enumerate", "iter", "json.dump", "json.dumps", "len", "list", "max", "min", "pickle.dump", "print", "set"}
    | {"sorted", "sum", "tuple"}
)
"""Functions that put nothing into a dictionary that they are given."""

_ADDING = frozenset({"add", "append", "appendleft"})
_JOINING = frozenset({"extend", "update"})
_FILLING = _ADDING | _JOINING | {"insert", "setdefault", "__setitem__", "union_update", "symmetric_difference_update"}
_TESTS = (ast.If, ast.While, ast.UnaryOp, ast.Compare, ast.FormattedValue, ast.Assert, ast.BinOp)

_HIDING = ("__dict__", "setattr(")
"""Texts of files in which attributes may get something by another name."""

Test = Callable[[ModuleFacts, ast.expr], bool]


class Part(Enum):
    """What of a dictionary is asked about."""

    KEYS = "keys"
    VALUES = "values"
    ITEMS = "items"
    """Of lists or sets that are its values."""


def is_table(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether something may be a dictionary: one goes over its keys, and asks it for its values."""
    node = module.origin(node)
    if isinstance(node, ast.Call):
        is_copied = isinstance(node.func, ast.Attribute) and node.func.attr == "copy"
        made = node.func.value if is_copied and isinstance(node.func, ast.Attribute) else None
        return module.resolve(node.func) in EMPTY_TABLES or (made is not None and is_table(module, made))
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr)
    return isinstance(node, ast.Dict | ast.DictComp) or (
        isinstance(node, ast.Attribute) and node.attr not in ("shape", "labels_")
    )


def table_holds(module: ModuleFacts, table: ast.expr, part: Part, is_one: Test, is_several: Test) -> bool:
    """Whether everything that is put into a dictionary, as that part of it, is what is asked for.

    `is_one`: of an expression; `is_several`: of all that a list or another iterable holds.
    """
    places = list(islice(_places(module, table), MAX_PLACES + 1))
    if not places or len(places) > MAX_PLACES:
        return False
    asked = _Asked(part, is_one, is_several)
    return all(asked.fits(each, place) for each, place in places) and asked.is_filled


def _places(module: ModuleFacts, table: ast.expr) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """Whatever goes by the name of a dictionary; nothing where others may get at it by other names."""
    if isinstance(table, ast.Name):
        bindings = module.lookup.bindings_of(table)
        if not bindings or any(each.kind is not BindingKind.VALUE for each in bindings):
            return
        function, *others = {module.enclosing_function(each.node) for each in bindings}
        if function is not None and not others and table.id not in module.index.scopes[function].elsewhere:
            for part in walk(function):
                if isinstance(part, ast.Name) and part.id == table.id:
                    yield module, part
        elif module.enclosing_class(bindings[0].node) is None and not _is_shared(module):
            yield from ((module, part) for part in names_of(module).get(table.id, ()))
    elif isinstance(table, ast.Attribute) and getattr(table.value, "id", "") == "self":
        for each in _files_naming(module, table.attr):
            yield from ((each, part) for part in attributes_of(each).get(table.attr, ()))
            yield from ((each, part) for part in names_of(each).get(table.attr, ()) if _is_of_class(each, part))
            # `setattr(self, "items", …)`, `vars(self)["items"]`
            yield from ((each, part) for part in nodes_of(each, ast.Constant) if part.value == table.attr)


def _is_shared(module: ModuleFacts) -> bool:
    """Whether another file, or a text, may get at what stands at the top of this one."""
    project = module.project
    return project.is_imported(module.path) or project.texts.contain(module.path, ("globals()",))


def _is_of_class(module: ModuleFacts, name: ast.Name) -> bool:
    """`items = {}` in the body of a class."""
    return isinstance(name.ctx, ast.Store) and isinstance(module.parent(module.statement(name)), ast.ClassDef)


def _files_naming(module: ModuleFacts, name: str) -> list[ModuleFacts]:
    """The files of the programs that reach this one that say a name; none where anybody may, or where too many do."""
    project = module.project
    programs = project.programs.reaching(module.path)
    paths = {module.path}
    for program in programs:
        project.trace.note("reach", program)
        paths.update(project.graph.reached(program))
    naming = sorted(islice(project.texts.containing(paths, name), MAX_FILES + 1)) if programs else []
    if len(naming) > MAX_FILES or any(project.texts.contain(path, _HIDING) for path in naming):
        return []
    found = [project.module(path) for path in naming]
    return [each for each in found if each is not None] if None not in found else []


class _Asked:
    """One question about a dictionary, put at each place that names it."""

    def __init__(self, part: Part, is_one: Test, is_several: Test) -> None:
        self._part = part
        self._is_one = is_one
        self._is_several = is_several
        self.is_filled = False
        """Whether anything is put in at a place that was asked about."""

    def fits(self, module: ModuleFacts, place: ast.expr) -> bool:
        """Whether nothing but what is asked for is put in there."""
        above = module.parent(place)
        if isinstance(place, ast.Constant):
            return False
        if isinstance(getattr(place, "ctx", None), ast.Store):
            return self._is_begun(module, place, above)
        if isinstance(above, ast.Subscript) and above.value is place:
            return self._is_entry(module, above)
        if isinstance(above, ast.Attribute):
            return self._is_method(module, above)
        return _is_looked_at(module, place, above)

    def _is_begun(self, module: ModuleFacts, place: ast.expr, above: ast.AST | None) -> bool:
        """`known = {}`, `known, ids = {}, {}`, `known = {name: 3}`, `known = {name: i for i, name in …}`."""
        value: ast.expr | None = above.value if isinstance(above, ast.Assign | ast.AnnAssign) else None
        if isinstance(above, ast.Tuple) and isinstance(holder := module.parent(above), ast.Assign):
            given = holder.value
            is_each = isinstance(given, ast.Tuple) and len(given.elts) == len(above.elts)
            value = given.elts[above.elts.index(place)] if is_each and isinstance(given, ast.Tuple) else None
        if isinstance(value, ast.Call):
            made = module.resolve(value.func)
            return made in EMPTY_TABLES and not value.keywords and (not value.args or self._is_default(module, value))
        if isinstance(value, ast.DictComp):
            return self._is_put(module, value.key, value.value)
        if isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            return all(key is not None and self._is_put(module, key, each) for key, each in pairs)
        return False

    def _is_default(self, module: ModuleFacts, made: ast.Call) -> bool:
        """`defaultdict(int)`: what it puts in for a key that is asked for."""
        default = module.resolve(made.args[0]) if module.resolve(made.func) == "collections.defaultdict" else None
        wanted = {Part.VALUES: _NUMBERS, Part.ITEMS: _LISTS}.get(self._part)
        return default is not None and len(made.args) == 1 and (wanted is None or default in wanted)

    def _is_put(self, module: ModuleFacts, key: ast.expr, value: ast.expr | None) -> bool:
        """`known[key] = value`; None for a value that comes from elsewhere."""
        self.is_filled = True
        if self._part is Part.KEYS:
            return self._is_one(module, key)
        if self._part is Part.VALUES:
            return value is not None and self._is_one(module, value)
        return value is not None and (_is_empty(module, value) or self._is_several(module, value))

    def _is_entry(self, module: ModuleFacts, entry: ast.Subscript) -> bool:
        """`known[key]`, and what becomes of it there."""
        holder = module.parent(entry)
        if isinstance(entry.ctx, ast.Del):
            return True
        if isinstance(entry.ctx, ast.Store):
            value = holder.value if only_target(holder) is entry and isinstance(holder, ast.Assign) else None
            if isinstance(holder, ast.AugAssign) and isinstance(holder.op, ast.Add):
                value = holder.value
            return self._is_put(module, entry.slice, value) and self._stays(module, holder, value)
        if self._part is Part.KEYS:
            # Of a `defaultdict`, asking for a key puts it in.
            return self._adds_nothing(module, entry) or self._is_put(module, entry.slice, None)
        return self._part is Part.VALUES or self._is_item_place(module, entry)

    def _stays(self, module: ModuleFacts, store: ast.AST | None, value: ast.expr | None) -> bool:
        """Whether a list that is put in gets nothing else by the name that it has outside: `known[key] = found`."""
        if self._part is not Part.ITEMS or not isinstance(value, ast.Name):
            return True
        reads = (read for read in uses(module, value) if module.parent(read) is not store)
        return all(self._is_item_place(module, read) for read in reads)

    def _adds_nothing(self, module: ModuleFacts, entry: ast.Subscript) -> bool:
        """Whether a dictionary raises for a key that it lacks."""
        begun = module.origin(entry.value)
        return isinstance(begun, ast.Dict | ast.DictComp)

    def _is_item_place(self, module: ModuleFacts, entry: ast.expr) -> bool:
        """Whether a list in a dictionary gets nothing else there: `known[key].append(3)`, `x in known[key]`."""
        above = module.parent(entry)
        if isinstance(above, ast.Attribute):
            call = module.parent(above)
            if not isinstance(call, ast.Call) or call.func is not above or above.attr not in _FILLING:
                return isinstance(call, ast.Call) and call.func is above
            if above.attr in _ADDING and len(call.args) == 1:
                self.is_filled = True
                return self._is_one(module, call.args[0])
            if above.attr in _JOINING and len(call.args) == 1:
                self.is_filled = True
                return self._is_several(module, call.args[0])
            return False
        target = only_target(above)
        if isinstance(target, ast.Name):
            reads = list(uses(module, target)) if len(module.lookup.bindings_of(target)) == 1 else []
            is_kept = any(isinstance(module.parent(read), ast.Assign) for read in reads)
            return bool(reads) and not is_kept and all(self._is_item_place(module, read) for read in reads)
        return _is_looked_at(module, entry, above)

    def _is_method(self, module: ModuleFacts, attribute: ast.Attribute) -> bool:
        """`known.keys()`; what `known.values()` gives is followed no further where the lists in it are asked about."""
        call = module.parent(attribute)
        if not isinstance(call, ast.Call) or call.func is not attribute:
            return False
        if attribute.attr == "setdefault" and len(call.args) == 2:
            return self._part is not Part.ITEMS and self._is_put(module, call.args[0], call.args[1])
        if attribute.attr in ("keys", "__contains__"):
            return True
        is_shallow = self._part is not Part.ITEMS
        return attribute.attr in ("copy", "get", "items", "pop", "popitem", "values") and is_shallow


def _is_empty(module: ModuleFacts, value: ast.expr) -> bool:
    """`[]`, `set()`."""
    if isinstance(value, ast.Call):
        return module.resolve(value.func) in _LISTS and not value.args
    return isinstance(value, ast.List | ast.Tuple) and not value.elts


def _is_looked_at(module: ModuleFacts, place: ast.expr, above: ast.AST | None) -> bool:
    """Whether something is only asked there: `for key in known`, `len(known)`, `if key in known`, `known[key][0]`."""
    if isinstance(above, ast.Call):
        if place not in above.args or isinstance(module.names.value(above.func), FunctionRef | ClassRef):
            return False
        name = module.resolve(above.func) or ""
        return name in _LOOKING or name.startswith(("numpy.", "random."))
    if isinstance(above, ast.For | ast.comprehension):
        return above.iter is place
    if isinstance(above, ast.Subscript):
        return above.value is not place or isinstance(above.ctx, ast.Load)
    while isinstance(above, ast.BoolOp):
        above = module.parent(above)
    return isinstance(above, _TESTS)
