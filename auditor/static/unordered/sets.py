"""What a set holds, and so whether its order can change from run to run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import islice

from auditor.static.evaluation.annotatedkinds import NUMBERS, TEXTS, holds_only
from auditor.static.evaluation.wholenumbers import INTEGERS, ONLY_WITH_NUMBERS, holds_numbers, is_collection, is_number
from auditor.static.facts import Known, ModuleFacts
from auditor.static.resolution.callers import calls_seen, passed_to
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import ClassRef
from auditor.static.syntax.bindings import BindingKind
from auditor.static.syntax.nodeindex import attributes_of, names_of
from auditor.static.syntax.nodes import walk
from auditor.static.unordered.textelements import holds_text, is_text

_READING = frozenset({"clear", "copy", "discard", "issubset", "issuperset", "pop", "remove"})
"""Methods of a set that put nothing in."""

_OF_COLUMN = frozenset({"columns", "index", "str", "unique", "values"})
"""What columns of a table have: texts are found in them as often as numbers."""

_LOOKING = frozenset({"bool", "enumerate", "iter", "len", "list", "max", "min", "print", "sorted", "sum", "tuple"})
"""Functions that put nothing into a set that they are given."""

_INDICES = frozenset({"idx", "idxs", "idxes", "indexes", "indices", "seeds"})

_OF_INDEX = frozenset({"col", "cols", "columns", "fields", "keys", "labels", "names"})
"""What an index that is no number has: `index_columns`."""

MAX_PLACES = 60
"""Places of one name that are looked at."""

MAX_CALLS = 12
"""Calls of one function that are asked what they give."""

MAX_PARAMETERS = 20
"""Parameters that are asked about for one set: they may be handed on and on."""

_WHOLE = frozenset({"enum.IntEnum", "enum.IntFlag", "float", "int"})
"""Bases of an enumeration whose members are hashed as numbers."""


class Elements(Enum):
    """What the elements are, as far as the order is concerned."""

    STABLE = "stable"
    """Numbers: equal histories give equal orders."""

    TEXT = "text"
    """Strings: the order follows the hash salt of the process."""

    UNKNOWN = "unknown"


def elements(module: ModuleFacts, node: ast.expr, *, callers: bool = True) -> Elements:
    """What a set in braces, a comprehension or a call of `set` holds.

    `callers`: whether those that call the function around it are asked what they give; numbers at most are seen then.
    """
    if isinstance(node, ast.Set):
        return _all(module, node.elts)
    if isinstance(node, ast.SetComp):
        return _comprehended(module, node, callers=callers)
    if isinstance(node, ast.Call):
        found = _iterated(module, node.args[0], callers=callers) if node.args else _filled(module, node)
        return _annotated(module, node) if found is Elements.UNKNOWN else found
    return Elements.UNKNOWN


def _annotated(module: ModuleFacts, node: ast.Call) -> Elements:
    """`seen: set[int] = set()`."""
    if holds_only(module, node, NUMBERS):
        return Elements.STABLE
    return Elements.TEXT if holds_only(module, node, TEXTS) else Elements.UNKNOWN


def _filled(module: ModuleFacts, node: ast.Call) -> Elements:
    """What an empty set gets: texts, or numbers where all that is done with its name is adding and looking at it."""
    target = _name_of(module, node)
    if target is None:
        return Elements.UNKNOWN
    if isinstance(target, ast.Attribute):
        places = attributes_of(module).get(target.attr, ())
        return Elements.TEXT if Elements.TEXT in added(module, places) else Elements.UNKNOWN
    parts = [part for part in _named_so(module, target) if part is not target]
    found = added(module, parts)
    if Elements.TEXT in found:
        return Elements.TEXT
    is_seen = len(parts) <= MAX_PLACES and not _is_open(module, target)
    is_only_filled = is_seen and all(_is_known(module, part) for part in parts)
    return Elements.STABLE if is_only_filled and found == {Elements.STABLE} else Elements.UNKNOWN


def _name_of(module: ModuleFacts, node: ast.expr) -> ast.Name | ast.Attribute | None:
    """`seen` of `seen = set()`, `seen, kept = set(), []` and `seen: set = set()`."""
    holder = module.parent(node)
    target = holder.target if isinstance(holder, ast.AnnAssign) else only_target(holder)
    if isinstance(holder, ast.Tuple):
        targets = only_target(module.parent(holder))
        is_each = isinstance(targets, ast.Tuple) and len(targets.elts) == len(holder.elts)
        target = targets.elts[holder.elts.index(node)] if is_each and isinstance(targets, ast.Tuple) else None
    return target if isinstance(target, ast.Name | ast.Attribute) else None


def added(module: ModuleFacts, places: Iterable[ast.expr]) -> set[Elements]:
    """What is added at some places: `seen.add(3)`, `seen.update(words)`."""
    found: set[Elements] = set()
    for place in islice(places, MAX_PLACES):
        attribute = module.parent(place)
        call = module.parent(attribute) if isinstance(attribute, ast.Attribute) else None
        if isinstance(call, ast.Call) and isinstance(attribute, ast.Attribute) and attribute.attr in ("add", "update"):
            each = _element if attribute.attr == "add" else _in_iterable
            found.update(each(module, given) for given in call.args)
    return found


def _in_iterable(module: ModuleFacts, node: ast.expr) -> Elements:
    if holds_numbers(module, node):
        return Elements.STABLE
    return Elements.TEXT if holds_text(module, node) else Elements.UNKNOWN


def _is_known(module: ModuleFacts, part: ast.Name) -> bool:
    """Whether nothing is put into a set there but what `added` sees."""
    attribute = module.parent(part)
    call = module.parent(attribute) if isinstance(attribute, ast.Attribute) else None
    if isinstance(part.ctx, ast.Load) and isinstance(attribute, ast.Attribute) and isinstance(call, ast.Call):
        is_adding = attribute.attr in ("add", "update") and len(call.args) == 1
        return is_adding or attribute.attr in _READING
    return isinstance(part.ctx, ast.Load) and not _is_handed_on(module, part)


def _named_so(module: ModuleFacts, target: ast.Name) -> Iterator[ast.Name]:
    """Whatever goes by a name in the function around it; in the whole file for one at its top."""
    function = module.enclosing_function(target)
    if function is None:
        yield from names_of(module).get(target.id, ())
    else:
        yield from (part for part in walk(function) if isinstance(part, ast.Name) and part.id == target.id)


def _is_open(module: ModuleFacts, target: ast.Name) -> bool:
    """Whether others may fill a set by another name: one of a class, or of a file that another one imports."""
    function = module.enclosing_function(target)
    if function is not None and target.id not in module.index.scopes[function].elsewhere:
        return False
    return function is not None or module.enclosing_class(target) is not None or module.project.is_imported(module.path)


def _is_handed_on(module: ModuleFacts, name: ast.Name) -> bool:
    """Whether others may get hold of a set, and put something in."""
    above = module.parent(name)
    if isinstance(above, ast.Call):
        return module.resolve(above.func) not in _LOOKING
    return not isinstance(
        above, ast.Compare | ast.For | ast.comprehension | ast.Return | ast.If | ast.While | ast.UnaryOp
    )


def holds_indices(node: ast.expr) -> bool:
    """Whether a name says that it holds indices: `overlap_idxes`, `self.train_indices`, `index_pred`."""
    name = getattr(node, "attr", getattr(node, "id", ""))
    words = name.lower().split("_")
    return not _INDICES.isdisjoint(words) or (words[0] == "index" and _OF_INDEX.isdisjoint(words) and len(words) > 1)


def comes_out_of_array(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a list is one of an array or a tensor, as far as its text tells: `labels.tolist()`.

    That of a column is none: `table["name"].tolist()`, `table.name.values.tolist()`.
    """
    node = module.origin(node)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "tolist"):
        return False
    for part in walk(node.func.value):
        if isinstance(part, ast.Attribute) and part.attr in _OF_COLUMN:
            return False
        if isinstance(part, ast.Subscript):
            index = module.constant(part.slice)
            if isinstance(index, Known) and isinstance(index.value, str):
                return False
    return True


def reaches_result(module: ModuleFacts, node: ast.expr, parent: ast.BinOp) -> bool:
    """Whether the result of an operator on sets can have an order that changes, as its operand `node` has."""
    if isinstance(parent.op, ast.BitAnd) or (isinstance(parent.op, ast.Sub) and parent.right is node):
        # Every element of the result is one of the other operand's.
        other = parent.right if parent.left is node else parent.left
        return not _holds_numbers_only(module, other)
    return isinstance(parent.op, ast.Sub | ast.BitOr | ast.BitXor | ast.Add)


def _holds_numbers_only(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether a set, or whatever the class around it assigns to `self.labels`, holds numbers."""
    holder = module.enclosing_class(node) if isinstance(node, ast.Attribute) else None
    if holder is None or not isinstance(node, ast.Attribute) or getattr(node.value, "id", "") != "self":
        return elements(module, module.origin(node)) is Elements.STABLE
    stored = module.self_attributes(holder).get(node.attr, [])
    return bool(stored) and all(elements(module, each) is Elements.STABLE for each in stored)


def _iterated(module: ModuleFacts, node: ast.expr, *, callers: bool) -> Elements:
    """What comes out of the iterable that a set is made of."""
    if holds_indices(node):
        return Elements.STABLE
    if isinstance(node, ast.Name) and (_named_numbers(module, node, set()) if callers else holds_numbers(module, node)):
        return Elements.STABLE
    node = module.origin(node)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return _all(module, node.elts)
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return _comprehended(module, node, callers=callers)
    if isinstance(node, ast.Constant):
        return Elements.TEXT if isinstance(node.value, str) else Elements.UNKNOWN
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (_iterated(module, side, callers=callers) for side in (node.left, node.right))
        if left is right and left is not Elements.UNKNOWN:
            return left
    if isinstance(node, ast.Call):
        name = module.resolve(node.func)
        if name == "range":
            return Elements.STABLE
    if holds_numbers(module, node):
        return Elements.STABLE
    is_told = holds_text(module, node) or holds_only(module, node, TEXTS)
    return Elements.TEXT if is_told else Elements.UNKNOWN


def _named_numbers(module: ModuleFacts, node: ast.Name, asked: set[tuple[ast.AST, str]]) -> bool:
    """Whether a name holds numbers, or is a parameter that every call gives such: `accuracy(y, scores.argmax(1))`.

    `asked`: parameters that were asked about, which say nothing again.
    """
    if holds_numbers(module, node):
        return True
    bindings = module.lookup.bindings_of(node)
    function = module.enclosing_function(node)
    is_parameter = len(bindings) == 1 and bindings[0].kind is BindingKind.PARAMETER
    if not is_parameter or not isinstance(function, ast.FunctionDef) or bindings[0].node not in _parameters(function):
        return False
    if (function, node.id) in asked or len(asked) >= MAX_PARAMETERS:
        return False
    asked.add((function, node.id))
    calls = list(islice(calls_seen(module, function), MAX_CALLS + 1))
    default = module.written.signature(function).defaults.get(node.id)
    given = [
        (module, default) if _leaves_out(call, value) else (caller, value)
        for caller, call, skipped in calls
        for value in [passed_to(call, function, node.id, skipped)]
    ]
    return 0 < len(given) <= MAX_CALLS and all(
        value is not None
        and (_named_numbers(caller, value, asked) if isinstance(value, ast.Name) else holds_numbers(caller, value))
        for caller, value in given
    )


def _leaves_out(call: ast.Call, given: ast.expr | None) -> bool:
    """Whether a call certainly gives a parameter nothing, of which it gets its default."""
    is_spread = any(isinstance(each, ast.Starred) for each in call.args) or any(
        each.arg is None for each in call.keywords
    )
    return given is None and not is_spread


def _parameters(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _comprehended(
    module: ModuleFacts, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, *, callers: bool
) -> Elements:
    """What a comprehension yields: numbers too where it counts, or compares and reckons with numbers."""
    numbers = {
        clause.target.id
        for clause in node.generators
        if isinstance(clause.target, ast.Name) and _iterated(module, clause.iter, callers=callers) is Elements.STABLE
    }
    for part in walk(node):
        if isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            sides = [part.left, *part.comparators]
            if any(_element(module, side) is Elements.STABLE for side in sides):
                numbers.update(side.id for side in sides if isinstance(side, ast.Name))
    return Elements.STABLE if _is_number(module, node.elt, numbers) else _element(module, node.elt)


def _is_number(module: ModuleFacts, node: ast.expr, numbers: set[str]) -> bool:
    """Whether an expression over names that are numbers is one itself."""
    if isinstance(node, ast.Name) and node.id in numbers:
        return True
    if isinstance(node, ast.IfExp):
        return _is_number(module, node.body, numbers) and _is_number(module, node.orelse, numbers)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and _is_number(module, node.operand, numbers)
    if isinstance(node, ast.BinOp):
        left, right = (_is_number(module, side, numbers) for side in (node.left, node.right))
        # A text can be multiplied by a number, and filled in with one; a tuple of texts is added to one of numbers.
        is_single = not (is_collection(module, node.left) or is_collection(module, node.right))
        return (left or right) if is_single and isinstance(node.op, ONLY_WITH_NUMBERS) else (left and right)
    return _element(module, node) is Elements.STABLE


def _all(module: ModuleFacts, nodes: list[ast.expr]) -> Elements:
    found = {_element(module, node) for node in nodes}
    if Elements.TEXT in found:
        return Elements.TEXT
    return Elements.STABLE if found == {Elements.STABLE} else Elements.UNKNOWN


def _element(module: ModuleFacts, node: ast.expr) -> Elements:
    if _is_member_by_name(module, node):
        return Elements.TEXT
    value = module.constant(node)
    if isinstance(value, Known):
        if isinstance(value.value, str | bytes):
            return Elements.TEXT
        return (
            Elements.STABLE
            if isinstance(value.value, bool | int | float) or is_number(module, node)
            else Elements.UNKNOWN
        )
    if isinstance(node, ast.JoinedStr):
        return Elements.TEXT
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return Elements.UNKNOWN
    if isinstance(node, ast.Call) and module.resolve(node.func) in INTEGERS:
        return Elements.STABLE
    if is_number(module, node):
        return Elements.STABLE
    return Elements.TEXT if is_text(module, node) else Elements.UNKNOWN


def _is_member_by_name(module: ModuleFacts, node: ast.expr) -> bool:
    """`Color.RED` of an enumeration: its hash is that of the text `RED`, unless it is a whole number besides."""
    owner = module.names.value(node.value) if isinstance(node, ast.Attribute) else None
    above = owner.module.base_classes(owner.node) if isinstance(owner, ClassRef) else ()
    return any(each.startswith("enum.") for each in above) and _WHOLE.isdisjoint(above)
