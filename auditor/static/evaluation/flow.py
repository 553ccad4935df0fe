"""Where a value goes: the uses of a variable, parameters, returns, and what is done to it on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.static.evaluation.givenbefore import stored_in_attribute
from auditor.static.facts import Function, ModuleFacts
from auditor.static.resolution.constants import MAX_DEPTH
from auditor.static.resolution.ordering import (
    ARRAYS,
    COLUMNS,
    JOINING,
    MEMBERSHIP,
    PICKING,
    REDUCING,
    SIZES,
    SORTERS,
    SORTING,
    STACKING,
    TABLES,
    WRAPPERS,
)
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef, Instance
from auditor.static.syntax.nodes import walk

MAX_READS = 50
"""Reads of one property or variable that are looked at."""

_LOOPS = (ast.AsyncFor, ast.For, ast.While)
_SHOWING = frozenset(
    {"critical", "debug", "display", "error", "exception", "info", "pprint", "print", "warn", "warning"}
)
_ADDING = frozenset({"append", "extend", "insert"})
_PROPERTIES = frozenset({"cached_property", "property"})
_SPELLING = frozenset({"__format__", "__repr__", "__str__"})
"""Methods that say what an object is, for people."""


def uses(module: ModuleFacts, target: ast.expr) -> Iterator[ast.expr]:
    """The places that read a variable: in its function, in the module for globals, in the class for what is its own.

    An attribute of another object that the file stores once is read where something of the same name is asked for it.
    """
    if isinstance(target, ast.Name):
        holder = module.parent(module.statement(target))
        if isinstance(holder, ast.ClassDef):
            yield from _reads_of_class(module, holder, target.id)
        else:
            own = module.lookup.bindings_of(target)
            for read in reads_of(module, module.enclosing_function(target) or module.tree).names.get(target.id, ()):
                if isinstance(read, ast.Name) and module.lookup.bindings_of(read) is own:
                    yield read  # and not a parameter or a variable of the same name in a function inside
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        holder = module.enclosing_class(target)
        yield from reads_of(module, holder).attributes.get(target.attr, ()) if holder else ()
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        reads = attribute_reads(module, target.attr) if len(stored_in_attribute(module, target.attr)) == 1 else ()
        for read in islice(reads, MAX_READS):
            if isinstance(read, ast.Attribute) and getattr(read.value, "id", "") == target.value.id:
                yield read


def _reads_of_class(module: ModuleFacts, holder: ast.ClassDef, name: str) -> Iterator[ast.expr]:
    """`WORDS` in the body, `self.WORDS` in the methods, and `Vocabulary.WORDS` outside of the class."""
    inside = reads_of(module, holder)
    yield from (read for read in inside.names.get(name, ()) if module.parent(module.statement(read)) is holder)
    yield from inside.attributes.get(name, ())
    for read in reads_of(module, module.tree).attributes.get(name, ())[:MAX_READS]:
        outside = isinstance(read, ast.Attribute) and getattr(read.value, "id", "") == holder.name
        if outside and module.enclosing_class(read) is not holder:
            yield read


def attribute_reads(module: ModuleFacts, name: str) -> Iterator[ast.expr]:
    """The places of a file that read an attribute of that name, of whatever object."""
    yield from reads_of(module, module.tree).attributes.get(name, ())


def reads_of_property(module: ModuleFacts, function: Function) -> Iterator[ast.expr]:
    """The places of a file that read a property, of `self` or of an object that is known to have it."""
    holder = module.parent(function)
    if isinstance(function, ast.Lambda) or not isinstance(holder, ast.ClassDef):
        return
    names = {getattr(each, "id", getattr(each, "attr", "")) for each in function.decorator_list}
    if names.isdisjoint(_PROPERTIES):
        return
    for read in reads_of(module, module.tree).attributes.get(function.name, ())[:MAX_READS]:
        made = module.names.value(read.value) if isinstance(read, ast.Attribute) else None
        if isinstance(made, Instance) and isinstance(made.of, ClassRef) and made.of.node is holder:
            yield read


class _Reads:
    """The names and attributes that are read or bound in a function, class or module, those nearer to the top first."""

    def __init__(self, scope: ast.AST) -> None:
        self.names: dict[str, list[ast.expr]] = {}
        self.attributes: dict[str, list[ast.expr]] = {}
        self.bound: dict[str, list[ast.Name]] = {}
        """Names that get another value."""

        self.leaves: list[int] = []
        """Lines that leave a loop, or a turn of it."""

        for node in walk(scope):
            if isinstance(node, ast.Name):
                kept = self.names if isinstance(node.ctx, ast.Load) else self.bound
                kept.setdefault(node.id, []).append(node)
            elif isinstance(node, ast.Break | ast.Continue):
                self.leaves.append(node.lineno)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self.attributes.setdefault(node.attr, []).append(node)
        self.leaves.sort()


_READS: WeakKeyDictionary[ModuleFacts, dict[ast.AST, _Reads]] = WeakKeyDictionary()


def reads_of(module: ModuleFacts, scope: ast.AST) -> _Reads:
    kept = _READS.setdefault(module, {})
    if scope not in kept:
        kept[scope] = _Reads(scope)
    return kept[scope]


def reads_in(module: ModuleFacts, function: Function, name: str) -> list[ast.expr] | None:
    """The places of a function that read a name; None where it gives that another value."""
    found = reads_of(module, function)
    return None if name in found.bound else found.names.get(name, [])


def reads_below(module: ModuleFacts, function: Function, name: str) -> Sequence[ast.expr]:
    """The places in a function, and in those inside of it, that read a name."""
    return reads_of(module, function).names.get(name, ())


def reads_before(module: ModuleFacts, target: ast.expr) -> Callable[[ast.expr], bool]:
    """Tells of a use whether it reads above a statement that no loop around both repeats: what was held before it."""
    statement = module.statement(target)
    function = module.enclosing_function(target)
    first = (statement.end_lineno or statement.lineno) + 1
    holder = module.parent(statement)
    while holder is not None and holder is not function:
        if isinstance(holder, _LOOPS):
            first = holder.lineno
        holder = module.parent(holder)

    def is_before(use: ast.expr) -> bool:
        if use.lineno >= first:
            return False
        if use.lineno >= statement.lineno and module.statement(use) is not statement:
            return False
        return module.enclosing_function(use) is function

    return is_before


def is_sorted_here(module: ModuleFacts, use: ast.expr) -> bool:
    """`x.sort()`, or `x = sorted(x)`, also as `x = list(sorted(set(x)))`."""
    parent = module.parent(use)
    if isinstance(parent, ast.Attribute) and parent.attr == "sort":
        return isinstance(module.parent(parent), ast.Call)
    inner: ast.AST = use
    while isinstance(parent, ast.Call) and inner in parent.args and module.resolve(parent.func) in WRAPPERS:
        inner, parent = parent, module.parent(parent)
    if isinstance(parent, ast.Call) and inner in parent.args[:1] and module.resolve(parent.func) in SORTERS:
        holder = module.parent(parent)
        while isinstance(holder, ast.Call) and module.resolve(holder.func) in WRAPPERS:
            holder = module.parent(holder)
        if isinstance(holder, ast.Assign):
            return any(ast.dump(target).replace("Store", "Load") == ast.dump(use) for target in holder.targets)
    return False


def is_only_reduced(module: ModuleFacts, call: ast.expr) -> bool:
    """`steps = np.array(…)`, `last = np.max(steps)` or `steps.sort()`: what comes of it is the same in any order."""
    statement = module.parent(call)
    target = only_target(statement)
    places = list(uses(module, target)) if isinstance(target, ast.Name) else [call] if target is None else []
    first = min(places, key=lambda place: (place.lineno, place.col_offset), default=None)
    if first is not None and _runs_once_with(module, first, call) and is_sorted_here(module, first):
        return True
    return bool(places) and all(_is_reduced(module, place) for place in places)


def _runs_once_with(module: ModuleFacts, use: ast.expr, call: ast.expr) -> bool:
    """Whether two places stand in the same block, so that whoever comes to one of them comes to the other."""
    return module.parent(module.statement(use)) is module.parent(module.statement(call))


_BY_PLACE = frozenset({"cumcount", "cumsum", "drop_duplicates", "ffill", "head", "iloc", "sample", "shift", "tail"})
"""Methods of tables for which it counts where rows stand."""

_MASKING = frozenset({"in1d", "isin"})
"""Calls that answer for each element of what they are given first."""


def is_sorted_table(module: ModuleFacts, call: ast.Call) -> bool:
    """`DataFrame(…).sort_values("name")`, also where the table is sorted by the name that it is given."""
    made: ast.AST | None = call
    while isinstance(called := module.parent(made) if made is not None else None, ast.Attribute):
        if called.attr in SORTING:
            return True
        if called.attr in _BY_PLACE:
            return False
        made = module.parent(called)
    statement = module.parent(made) if isinstance(made, ast.expr) else None
    target = only_target(statement)
    places = uses(module, target) if isinstance(target, ast.Name) else ()
    return any(_is_sorted_at(module, place) for place in places)


def _is_sorted_at(module: ModuleFacts, place: ast.expr) -> bool:
    """Whether a table is sorted for good, or where it is read for the last time.

    `by_age = table.sort_values("age")` leaves `table` as it was.
    """
    attribute = module.parent(place)
    call = module.parent(attribute) if isinstance(attribute, ast.Attribute) and attribute.attr in SORTING else None
    if not isinstance(call, ast.Call):
        return False
    target = only_target(module.statement(place))
    is_same = isinstance(target, ast.Name) and isinstance(place, ast.Name) and target.id == place.id
    if is_same or any(word.arg == "inplace" for word in call.keywords):
        return True
    return all(use.lineno <= (call.end_lineno or call.lineno) for use in uses(module, place))


def loses_order(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether an array or a table is made of something that comes to the same in any order."""
    name = module.resolve(call.func)
    if name in ARRAYS and is_only_reduced(module, call):
        return True
    is_table = name in TABLES or name in COLUMNS
    return (is_table and is_only_joined(module, call)) or (
        (is_table or name in STACKING) and is_sorted_table(module, call)
    )


def is_only_joined(module: ModuleFacts, call: ast.Call) -> bool:
    """`sizes = DataFrame({"path": files})`, `table.merge(sizes, on="path")`: rows are looked up in it by name."""
    target = only_target(module.parent(call))
    if not isinstance(target, ast.Name):
        return False
    read = list(islice(uses(module, target), MAX_READS + 1))
    places = [place for place in read if not _makes_column(module, place)]
    return len(places) > 0 and len(read) <= MAX_READS and all(_is_joined(module, place) for place in places)


def _makes_column(module: ModuleFacts, place: ast.expr) -> bool:
    """`sizes["name"] = sizes.path.str[:-4]`."""
    statement = module.statement(place)
    target = only_target(statement)
    is_column = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
    return is_column and isinstance(target, ast.Subscript) and ast.dump(target.value) == ast.dump(place)


def _is_joined(module: ModuleFacts, place: ast.expr) -> bool:
    call = module.parent(place)
    if not isinstance(call, ast.Call) or place not in call.args[:1] or getattr(call.func, "attr", "") not in JOINING:
        return False
    words = {word.arg: word.value for word in call.keywords}
    is_by_index = getattr(call.func, "attr", "") == "join" and not _is_of_polars(module, place)
    if is_by_index or {"left_index", "right_index"} & words.keys():
        return False  # their rows stand beside each other as they come
    how = words.get("how")
    is_of_other = module.resolve(call.func) is None or (module.resolve(call.func) or "").startswith("pandas.DataFrame.")
    return is_of_other and (how is None or getattr(how, "value", None) in ("inner", "left"))


def _is_of_polars(module: ModuleFacts, table: ast.expr) -> bool:
    """Whether a table has no index: pandas' `join` goes by it, polars' by columns."""
    made = module.origin(table)
    return isinstance(made, ast.Call) and (module.resolve(made.func) or "").startswith("polars.")


def _is_reduced(module: ModuleFacts, node: ast.AST) -> bool:
    parent = module.parent(node)
    while isinstance(parent, ast.Compare) and all(isinstance(each, ast.Constant) for each in parent.comparators):
        node, parent = parent, module.parent(parent)
    call = module.parent(parent) if isinstance(parent, ast.Attribute) else parent
    if isinstance(call, ast.Call) and is_found_by_value(module, call):
        return True
    if isinstance(parent, ast.Attribute):
        return parent.attr in SIZES or (
            parent.attr in REDUCING and isinstance(call, ast.Call) and _goes_over_all(module, call, call.args[:1])
        )
    if not isinstance(parent, ast.Call) or node not in parent.args:
        return False
    called = str(module.resolve(parent.func) or getattr(parent.func, "attr", "")).rpartition(".")[2]
    if called in _MASKING and parent.args[0] is node and len(parent.args) > 1:
        return False  # the mask has the order of what it is asked of
    return (called in REDUCING and _goes_over_all(module, parent, parent.args[1:2])) or called in MEMBERSHIP


def _goes_over_all(module: ModuleFacts, call: ast.Call, after: Sequence[ast.expr]) -> bool:
    """Whether what comes of an array leaves out along which axis its elements were listed; not `images.mean(axis=1)`.

    `after`: the first argument behind the array.
    """
    words = {word.arg: word.value for word in call.keywords}
    if {"return_index", "return_inverse"} & words.keys() or isinstance(only_target(module.parent(call)), ast.Tuple):
        return False  # `values, places = times.sort()`
    axis = words.get("axis", words.get("dim", next(iter(after), None)))
    return axis is None or (isinstance(axis, ast.Constant) and axis.value in (0, None))


def finds_by_value(module: ModuleFacts, taken: ast.Subscript) -> bool:
    """`files[np.argmax(epochs)]`, where `epochs` holds a number for each file: the same one, wherever it stands."""
    call = module.origin(taken.slice)
    if isinstance(call, ast.Call) and module.resolve(call.func) == "int" and call.args:
        call = module.origin(call.args[0])
    asked = _asked_for_greatest(module, call) if isinstance(call, ast.Call) else None
    values = module.origin(asked) if asked is not None else None
    for _ in range(MAX_DEPTH):  # `epochs = list(epochs)` leads to itself
        if not (isinstance(values, ast.Call) and values.args and module.resolve(values.func) in ARRAYS | WRAPPERS):
            break
        values = module.origin(values.args[0])
    if not isinstance(values, ast.ListComp) or len(values.generators) != 1 or values.generators[0].ifs:
        return False
    listed = values.generators[0].iter
    if isinstance(listed, ast.Name) and len(module.lookup.bindings_of(listed)) != 1:
        return False  # the numbers may be those of other files
    return ast.dump(listed) == ast.dump(taken.value)


def _asked_for_greatest(module: ModuleFacts, call: ast.Call) -> ast.expr | None:
    """What is asked where its greatest or least stands: `np.argmax(epochs)`, `epochs.index(max(epochs))`."""
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = str(module.resolve(call.func) or getattr(call.func, "attr", ""))
    if name.rpartition(".")[2] in PICKING:
        return call.args[0] if call.args else holder
    wanted = module.origin(call.args[0]) if getattr(call.func, "attr", "") == "index" and call.args else None
    if not (isinstance(wanted, ast.Call) and wanted.args and module.resolve(wanted.func) in ("max", "min")):
        return None
    return holder if holder is not None and ast.dump(wanted.args[0]) == ast.dump(holder) else None


def is_found_by_value(module: ModuleFacts, call: ast.Call) -> bool:
    """`files[epochs.index(max(epochs))]`, also with a name for the place that is used in no other way."""
    if _asked_for_greatest(module, call) is None:
        return False
    target = only_target(module.parent(call))
    places = uses(module, target) if isinstance(target, ast.Name) else (call,)
    above = [module.parent(place) for place in places]
    return all(isinstance(each, ast.Subscript) and finds_by_value(module, each) for each in above)


def parameter(call: ast.Call, node: ast.expr, function: ast.AST, skip: int) -> str | None:
    arguments = function.args if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else None
    if arguments is None:
        return None
    for keyword in call.keywords:
        if keyword.value is node:
            return keyword.arg
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][skip:]
    for name, given in zip(names, call.args, strict=False):
        if given is node:
            return name
    return None


def returns(module: ModuleFacts, function: Function) -> Iterator[ast.Return]:
    for node in walk(function):
        if isinstance(node, ast.Return) and module.enclosing_function(node) is function:
            yield node


def is_shown(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a text is only printed, logged or raised, itself or by the name that it is given or added to."""
    statement = module.parent(node)
    while isinstance(statement, ast.BinOp):
        statement = module.parent(statement)
    target = statement.target if isinstance(statement, ast.AugAssign) else only_target(statement)
    if getattr(module.enclosing_function(node), "name", "") in _SPELLING:
        return True
    if not isinstance(target, ast.Name):
        return _is_shown_here(module, node) or _is_listed_to_show(module, node)
    places = tuple(uses(module, target))
    shown = [place for place in places if _is_shown_here(module, place)]
    return bool(shown) and all(place in shown or is_tested(module, place) for place in places)


def _is_listed_to_show(module: ModuleFacts, node: ast.expr) -> bool:
    """`problems.append(f"missing: {text}")`, and what is done with `problems` is to print or raise it."""
    statement = module.statement(node)
    call = statement.value if isinstance(statement, ast.Expr) else None
    func = call.func if isinstance(call, ast.Call) else None
    if not isinstance(func, ast.Attribute) or func.attr not in _ADDING or not isinstance(func.value, ast.Name):
        return False
    is_shown_somewhere = False
    for place in islice(uses(module, func.value), MAX_READS):
        above = module.parent(place)
        if isinstance(above, ast.Attribute) and above.attr in _ADDING:
            continue
        target = only_target(module.statement(place))
        if isinstance(above, ast.Call) and getattr(above.func, "attr", "") == "join" and isinstance(target, ast.Name):
            if target.id != func.value.id:
                return False
        elif _is_shown_here(module, place):
            is_shown_somewhere = True
        elif not is_tested(module, place):
            return False
    return is_shown_somewhere


def _is_shown_here(module: ModuleFacts, node: ast.expr) -> bool:
    current: ast.AST | None = node
    while current is not None and not isinstance(current, ast.stmt):
        if isinstance(current, ast.JoinedStr | ast.FormattedValue):
            return True
        if isinstance(current, ast.Call) and current is not node and shows(module, current):
            return True
        current = module.parent(current)
    return isinstance(current, ast.Raise | ast.Assert)


def shows(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether a call shows people what it is given: `print`, `logger.info`, `display` in a notebook."""
    name = module.resolve(call.func) or str(getattr(call.func, "attr", ""))
    return name.rpartition(".")[2] in _SHOWING or name in ("log", "logging.log")


def is_tested(module: ModuleFacts, node: ast.expr) -> bool:
    """`if text`, `len(text)`: whether there is any, and how much."""
    parent = module.parent(node)
    if isinstance(parent, ast.Call):
        return module.resolve(parent.func) in ("len", "bool")
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    return isinstance(parent, ast.If | ast.IfExp | ast.While) and parent.test is node
