"""What lists, dictionaries and tuples of the program hold, as far as the text says."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.constants import assigned
from auditor.static.resolution.members import defined_in
from auditor.static.resolution.objectfields import stored
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, FunctionRef, Instance, ModuleRef, Value
from auditor.static.resolution.wanted import returned_to, wanted_by
from auditor.static.syntax.bindings import BindingKind
from auditor.static.text.dotted import dotted_text

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts
    from auditor.static.resolution.candidates import Candidates

PUTTING = frozenset({"add", "append", "insert", "setdefault"})
"""Methods that put their last argument into what they are called on."""

PASSING = frozenset({"list", "tuple", "sorted", "reversed", "set", "frozenset", "iter", "dict"})
"""Functions whose result has the elements of their first argument."""

_SAME_ITEMS = PASSING - {"dict"} | {"tqdm.tqdm", "tqdm.auto.tqdm", "tqdm.notebook.tqdm"}

MAX_COLLECTIONS = 50
"""Collections that are looked at for one call."""

MAX_ITEMS = 200
"""Elements of one collection that are looked at."""

MAX_TABLES = 20
"""Lists that one name may stand for."""

MAX_ROWS = 40
"""Tuples of one table that are looked at."""

HOLDING = frozenset({"torch.nn.ModuleList", "torch.nn.ModuleDict", "torch.nn.Sequential"})


Put = dict[str, dict[str, list[ast.expr]]]
Source = tuple["ModuleFacts", ast.expr]
Loop = ast.For | ast.AsyncFor | ast.comprehension


class Contents:
    """Elements of collections; what a single expression may be, `Candidates` says."""

    def __init__(self, candidates: Candidates, put: Put | None = None) -> None:
        self._candidates = candidates
        self.put: Put = {} if put is None else put
        """By module: what is put into what goes by a name there."""

        self._seen: dict[ast.AST, list[Value]] = {}
        self._loops: dict[ast.Name, list[Loop]] = {}
        self._rows: dict[tuple[Loop, tuple[int, ...]], list[Value]] = {}

    def begin(self) -> None:
        """Another call is asked about."""
        self._seen.clear()
        self._rows.clear()

    def of(self, module: ModuleFacts, node: ast.expr) -> Sequence[Value]:
        """What the elements of `node`, or the values of a dictionary, may be."""
        if node not in self._seen:
            if len(self._seen) >= MAX_COLLECTIONS:
                return ()
            self._seen[node] = []
            self._seen[node] = list(self._elements(module, node))
        return self._seen[node]

    def part(self, module: ModuleFacts, node: ast.AST, name: str) -> Iterator[Value]:
        """What `name` may be where `node` binds it by taking something apart."""
        if isinstance(node, ast.Assign):
            for target in node.targets:
                places = _places(target, name)
                if places and isinstance(node.value, ast.Name):
                    yield from self._row(module, node.value, places)
                    yield from self._given_row(module, node.value, places)
            for owner, each in self._taken_apart(module, node, name):
                yield from self._candidates.values(owner, each)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield from self._along(module, node.iter, _places(node.target, name))

    def _along(self, module: ModuleFacts, node: ast.expr, places: tuple[int, ...]) -> Iterator[Value]:
        """What stands at these places, one inside the other, of the items that a loop over `node` takes apart."""
        node = _passed_on(module, node)
        source = _iterated(node, places[0]) if places and isinstance(node, ast.Call) else None
        if source is None:
            for owner, each in self._column(module, _table_looped_over(node), places):
                yield from self._candidates.values(owner, each)
        elif places[1:]:
            yield from self._along(module, source, places[1:])
        else:
            yield from self.of(module, source)

    def _row(self, module: ModuleFacts, row: ast.Name, places: tuple[int, ...]) -> Iterator[Value]:
        """`for row in TABLE: a, b = row`: what stands at these places of the rows."""
        loops = self._loops.get(row)
        if loops is None:
            loops = self._loops[row] = _loops_over(module, row)
        for loop in loops:
            outer = _places(loop.target, row.id)
            if outer or isinstance(loop.target, ast.Name):
                asked = loop, (*outer, *places)
                if asked not in self._rows:
                    self._rows[asked] = []
                    self._rows[asked] = list(self._along(module, loop.iter, asked[1]))
                yield from self._rows[asked]

    def _given_row(self, module: ModuleFacts, row: ast.Name, places: tuple[int, ...]) -> Iterator[Value]:
        """`def work(row): a, b = row`: what stands at these places of the tuples that calls give."""
        for owner, each in self._tables(module, row)[1:]:
            item = _standing_at(each, places)
            if item is not None:
                yield from self._candidates.values(owner, item)
            elif isinstance(each, ast.Name):
                yield from self._row(owner, each, places)

    def _taken_apart(self, module: ModuleFacts, node: ast.Assign, name: str) -> Iterator[Source]:
        """The expressions that `name` may be where an assignment takes something apart."""
        for target in node.targets:
            places = _places(target, name)
            if len(places) == 1 and not isinstance(node.value, ast.Name):
                yield from self._item(module, node.value, places[0], set())

    def _item(self, module: ModuleFacts, node: ast.expr, place: int, passed: set[ast.Call]) -> Iterator[Source]:
        """`a, b = make()`: what stands at that place of what is returned; those `passed` were asked.

        `a, b = TABLE[name]`: what stands there in any of the rows.
        """
        table = _table_looked_into(node)
        if table is not None:
            yield from self._column(module, table, (place,))
            return
        if not isinstance(node, ast.Call) or node in passed:
            return
        passed.add(node)
        for value in self._candidates.values(module, node.func):
            if isinstance(value, FunctionRef):
                for returned in returned_to(wanted_by(node, value), value):
                    if isinstance(returned, ast.Tuple) and place < len(returned.elts):
                        yield value.module, returned.elts[place]
                    elif isinstance(returned, ast.Call):
                        yield from self._item(value.module, returned, place, passed)

    def _column(self, module: ModuleFacts, table: ast.expr, places: tuple[int, ...]) -> Iterator[Source]:
        """What stands at a place of the tuples that a list or a dictionary is written with."""
        for owner, written in self._tables(module, table):
            for row in _rows(written)[:MAX_ROWS]:
                item = _standing_at(row, places)
                if item is not None and item is not row:
                    yield owner, item

    def _tables(self, module: ModuleFacts, table: ast.expr) -> Sequence[Source]:
        """The lists and dictionaries as they are written that a name stands for, also as a parameter."""
        pending: list[Source] = [(module, table)]
        for owner, each in pending:
            if not isinstance(each, ast.Name | ast.Attribute) or len(pending) >= MAX_TABLES:
                continue
            named = assigned(owner, each)
            if named is not None:
                pending.append(named)
            elif isinstance(each, ast.Name):
                pending += [
                    part
                    for binding in owner.lookup.bindings_of(each)
                    for part in self._candidates.sources(owner, binding)
                ]
        return pending[:MAX_TABLES]

    def _elements(self, module: ModuleFacts, node: ast.expr) -> Iterator[Value]:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            for item in node.elts[:MAX_ITEMS]:
                yield from self._put(module, item)
        elif isinstance(node, ast.BoolOp):
            for item in node.values:
                yield from self.of(module, item)
        elif isinstance(node, ast.Dict):
            for item in node.values[:MAX_ITEMS]:
                yield from self._candidates.values(module, item)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            yield from self._candidates.values(module, node.elt)
        elif isinstance(node, ast.DictComp):
            yield from self._candidates.values(module, node.value)
        elif isinstance(node, ast.BinOp):
            yield from self.of(module, node.left)
            yield from self.of(module, node.right)
        elif isinstance(node, ast.IfExp):
            yield from self.of(module, node.body)
            yield from self.of(module, node.orelse)
        elif isinstance(node, ast.Subscript):
            yield from self.of(module, node.value)
        elif isinstance(node, ast.Call):
            yield from self._of_result(module, node)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield from self._of_named(module, node)

    def _put(self, module: ModuleFacts, item: ast.expr) -> Sequence[Value]:
        """What an item of a display may be; the elements of `*items`."""
        return self.of(module, item.value) if isinstance(item, ast.Starred) else self._candidates.values(module, item)

    def _of_result(self, module: ModuleFacts, node: ast.Call) -> Iterator[Value]:
        name = module.resolve(node.func)
        if node.args and (name in PASSING or name in HOLDING or name in _SAME_ITEMS):
            yield from self.of(module, node.args[0])
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("values", "copy"):
            yield from self.of(module, node.func.value)
        elif name == "dict":
            for word in node.keywords[:MAX_ITEMS]:
                holds = self._candidates.values if word.arg else self.of
                yield from holds(module, word.value)
        for value in self._candidates.values(module, node.func):
            if isinstance(value, FunctionRef):
                for returned in returned_to(wanted_by(node, value), value):
                    yield from self.of(value.module, returned)

    def _of_named(self, module: ModuleFacts, node: ast.Name | ast.Attribute) -> Iterator[Value]:
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":
            for base in self._candidates.values(module, node.value):
                yield from (defined_in(module, base) or ()) if isinstance(base, ModuleRef) else ()
            return

        text = dotted_text(node)
        for item in self._put_into(module).get(text or "", [])[:MAX_ITEMS]:
            if not (isinstance(node, ast.Attribute) and _are_apart(module, node, item)):
                yield from self._put(module, item)
        if not _is_picked_from(module, node):
            yield from self._candidates.registered(module, node)
        yield from self._of_imported(module, node)
        if isinstance(node, ast.Name):
            for binding in module.lookup.bindings_of(node):
                for owner, value in self._candidates.sources(module, binding):
                    yield from self.of(owner, value)
                if binding.kind is BindingKind.OPAQUE and isinstance(binding.node, ast.Assign):
                    for owner, value in self._taken_apart(module, binding.node, node.id):
                        yield from self.of(owner, value)
                    yield from self._unzipped(module, binding.node, node.id)
            return
        for base in self._candidates.values(module, node.value):
            if isinstance(base, Instance) and isinstance(base.of, ClassRef):
                for owner, value in stored(base.of, node.attr):
                    yield from self.of(owner, value)

    def _of_imported(self, module: ModuleFacts, node: ast.Name | ast.Attribute) -> Iterator[Value]:
        """`from tables import TABLE`: what that file writes it with, and puts into it."""
        named = assigned(module, node)
        if named is None or named[0] is module:
            return
        owner, written = named
        yield from self.of(owner, written)
        target = only_target(owner.statement(written))
        for item in self._put_into(owner).get(dotted_text(target) or "", [])[:MAX_ITEMS] if target is not None else ():
            yield from self._put(owner, item)

    def _unzipped(self, module: ModuleFacts, node: ast.Assign, name: str) -> Iterator[Value]:
        """`loaders, losses = zip(*pairs)`: the elements of what `name` stands for."""
        call = node.value
        parts = call.args if isinstance(call, ast.Call) and module.resolve(call.func) == "zip" else []
        for target in node.targets if len(parts) == 1 else ():
            places = _places(target, name)
            if isinstance(parts[0], ast.Starred) and len(places) == 1:
                for owner, each in self._column(module, parts[0].value, places):
                    yield from self._candidates.values(owner, each)

    def _put_into(self, module: ModuleFacts) -> dict[str, list[ast.expr]]:
        """What is appended to names and attributes, added in a list, or assigned to their items."""
        found = self.put.get(module.path)
        if found is None:
            found = self.put[module.path] = {}
            for call, _, _ in module.index.calls:
                if isinstance(call.func, ast.Attribute) and call.func.attr in PUTTING and call.args:
                    found.setdefault(dotted_text(call.func.value) or "", []).append(call.args[-1])
                elif isinstance(call.func, ast.Attribute) and call.func.attr == "extend" and call.args:
                    items = ast.copy_location(ast.Starred(value=call.args[0], ctx=ast.Load()), call.args[0])
                    found.setdefault(dotted_text(call.func.value) or "", []).append(items)
            for node, target, value, _ in module.index.assignments:
                if isinstance(target, ast.Subscript):
                    found.setdefault(dotted_text(target.value) or "", []).append(value)
                elif isinstance(node, ast.AugAssign) and isinstance(value, ast.List):
                    found.setdefault(dotted_text(target) or "", []).extend(value.elts)
            found.pop("", None)
        return found


def _is_picked_from(module: ModuleFacts, table: ast.expr) -> bool:
    """Whether one thing is taken out of a table, by its name, and not all of them."""
    parent = module.parent(table)
    return isinstance(parent, ast.Subscript) or (isinstance(parent, ast.Attribute) and parent.attr in ("get", "pop"))


def _are_apart(module: ModuleFacts, used: ast.Attribute, item: ast.expr) -> bool:
    """Whether `self.hooks` is another one where something is put in: both classes make one, and extend nothing."""
    if getattr(used.value, "id", "") != "self":
        return False
    one, other = module.enclosing_class(used), module.enclosing_class(item)
    if one is None or other is None or one is other:
        return False
    return not (one.bases or other.bases) and all(used.attr in module.self_attributes(each) for each in (one, other))


def collections_in(node: ast.Call) -> list[ast.expr]:
    """The arguments that may stand for a list: `steps`, `self.steps`, `first + rest`, `make_steps()`."""
    given = (*node.args, *(word.value for word in node.keywords))
    plain = (each.value if isinstance(each, ast.Starred) else each for each in given)
    return [each for each in plain if isinstance(each, ast.Name | ast.Attribute | ast.BinOp | ast.Call)]


def _loops_over(module: ModuleFacts, row: ast.Name) -> list[Loop]:
    """The loops that bind a name: the innermost around it, else all."""
    bound = module.lookup.bindings_of(row)[:MAX_ROWS]
    loops = [binding.node for binding in bound if isinstance(binding.node, ast.For | ast.AsyncFor | ast.comprehension)]
    holder = module.parent(row) if len(loops) > 1 else None
    while holder is not None and not isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        if isinstance(holder, ast.For | ast.AsyncFor) and holder in loops:
            return [holder]
        holder = module.parent(holder)
    return loops


def _places(target: ast.expr, name: str) -> tuple[int, ...]:
    """Where a name stands in `a, b = …`, and in `for a, (b, c) in …`: the place of the inner tuple, and that in it."""
    found: tuple[int, ...] = ()
    for number, item in enumerate(target.elts if isinstance(target, ast.Tuple | ast.List) else ()):
        if isinstance(item, ast.Starred):
            return ()
        if found:
            continue
        if isinstance(item, ast.Name):
            found = (number,) if item.id == name else ()
        elif inner := _places(item, name):
            found = (number, *inner)
    return found


def _rows(table: ast.expr) -> Sequence[ast.expr]:
    """The items that a list or a dictionary is written with; of a comprehension the one for all."""
    if isinstance(table, ast.ListComp | ast.GeneratorExp):
        return (table.elt,)
    return table.values if isinstance(table, ast.Dict) else getattr(table, "elts", ())


def _standing_at(row: ast.expr, places: tuple[int, ...]) -> ast.expr | None:
    """What stands in a tuple of tuples at these places, one inside the other."""
    for place in places:
        if not isinstance(row, ast.Tuple | ast.List) or place >= len(row.elts):
            return None
        row = row.elts[place]
    return row


def _passed_on(module: ModuleFacts, node: ast.expr) -> ast.expr:
    """`TABLE` in `sorted(TABLE)`, `list(TABLE)`, `tqdm(TABLE)`: the items are the same."""
    while isinstance(node, ast.Call) and node.args and module.resolve(node.func) in _SAME_ITEMS:
        node = node.args[0]
    return node


def _table_looked_into(node: ast.expr) -> ast.expr | None:
    """`TABLE` in `TABLE[name]` and `TABLE.get(name)`."""
    return node.value if isinstance(node, ast.Subscript) else _object_of(node, "get")


def _table_looped_over(node: ast.expr) -> ast.expr:
    """`TABLE` in `for a, b in TABLE` and `for a, b in TABLE.values()`."""
    return _object_of(node, "values") or node


def _object_of(node: ast.expr, method: str) -> ast.expr | None:
    """`x` in `x.method(…)`."""
    called = node.func if isinstance(node, ast.Call) else None
    return called.value if isinstance(called, ast.Attribute) and called.attr == method else None


def _iterated(node: ast.Call, place: int) -> ast.expr | None:
    """The collection that gives the part at `place` of each item: of `enumerate(x)`, `zip(x, y)`, `x.items()`."""
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.value if called.attr == "items" and place == 1 else None
    if not isinstance(called, ast.Name) or not node.args:
        return None
    if called.id == "enumerate":
        return node.args[0] if place == 1 else None
    return node.args[place] if called.id == "zip" and place < len(node.args) else None
