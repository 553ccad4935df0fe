"""What makes a place depend on an order, or not, on the way of something unordered."""

from __future__ import annotations

import ast
from itertools import islice

from auditor.static.evaluation.flow import loses_order, shows, uses
from auditor.static.facts import ModuleFacts
from auditor.static.resolution.ordering import ARRAYS, LOOKED_UP, MEMBERSHIP, SHARED, TENSORS
from auditor.static.resolution.targets import only_target
from auditor.static.syntax.bindings import FUNCTIONS
from auditor.static.syntax.nodes import walk
from auditor.static.unordered.ordertrail import Kind, Trail
from auditor.static.unordered.pairs import is_other_of_two
from auditor.static.unordered.sets import Elements, elements
from auditor.static.unordered.tablelookups import is_only_asked_by_key

MAX_READS = 20
"""Uses of a text that are looked at."""

_ASKED_OF_EACH = frozenset({"eq", "ge", "gt", "isin", "isna", "isnull", "le", "lt", "ne", "notna", "notnull"})
"""Methods of tables that answer True or False for each element."""

_EXTREMES = frozenset({"all", "any", "max", "min"})
"""What comes out the same whatever order elements have; sums of floats do not, sums of answers do."""

_RESHAPING = frozenset({"astype", "copy", "flatten", "ravel", "tolist"})
_COLLECTING = frozenset({"frozenset", "len", "numpy.unique", "set", "sorted"})
"""What an array is given to that has no order of its own, or another one."""

_WHOLE = ARRAYS | {"itertools.product"}
"""Calls whose result holds the same whatever order they are given; pairs, chunks and the first of all are others."""

_SPELLING = (ast.BinOp, ast.FormattedValue, ast.JoinedStr, ast.List, ast.Starred, ast.Tuple)
_PAIR = 2
_SEQUENCES = frozenset({"list", "str", "tuple"})
_TEXTS = frozenset({"list", "repr", "str"})

_STRIPPING = frozenset({"lstrip", "rstrip", "strip"})

MAX_AROUND = 10
"""Statements and expressions around a place that are looked at."""


def is_stored_in_order(trail: Trail) -> bool:
    """Whether storing the thing keeps an order that changes within one machine; a listing's does not."""
    return not trail.keyed and ((trail.kind is Kind.SET and trail.as_list) or trail.kind is Kind.COMPLETION)


def is_weight(node: ast.expr) -> bool:
    """`layer.weight`, `layer.bias.data`: an index of it is made of numbers."""
    while isinstance(node, ast.Attribute) and node.attr in ("data", "grad"):
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr in ("bias", "weight")


def is_tied(module: ModuleFacts, node: ast.expr, call: ast.Call) -> bool:
    """`max(set(words), key=words.count)`, `sorted(words, key=len)`: by a key that several of them share."""
    key = next((word.value for word in call.keywords if word.arg == "key"), None)
    if isinstance(key, ast.Lambda):
        body = key.body.operand if isinstance(key.body, ast.UnaryOp) else key.body
        key = body.value if isinstance(body, ast.Subscript) else body.func if isinstance(body, ast.Call) else None
    if node is not call.args[0] or not isinstance(key, ast.Name | ast.Attribute):
        return False
    names = (part.lower().split("_") for part in (module.text(key).split(".")))
    return any(not SHARED.isdisjoint(words) for words in names)


def is_reduced(module: ModuleFacts, columns: ast.Subscript) -> bool:
    """`frame[names].isna().any().any()`, `frame[names].max(axis=1)`: the same in whatever order the columns stand."""
    answers = flat = rows = False
    current: ast.AST = columns
    while isinstance(attribute := module.parent(current), ast.Attribute):
        called = module.parent(attribute)
        call = called if isinstance(called, ast.Call) and called.func is attribute else None
        current = call or attribute
        if attribute.attr in _ASKED_OF_EACH and call is not None:
            answers = True
        elif attribute.attr in ("to_numpy", "values"):
            flat = True
        elif call is not None and (attribute.attr in _EXTREMES or (attribute.attr == "sum" and answers)):
            axis = next((word.value for word in call.keywords if word.arg == "axis"), [*call.args, None][0])
            along = axis.value if isinstance(axis, ast.Constant) else 0
            if along in (1, "columns") or (axis is None and (flat or rows)):
                return True
            rows = True
        else:
            return False
    return False


def counts_along(module: ModuleFacts, call: ast.Call) -> bool:
    """`zip(names, range(len(names)))`."""
    calls = (each for each in call.args if isinstance(each, ast.Call))
    return any(module.resolve(each.func) in ("range", "itertools.count", "numpy.arange") for each in calls)


def is_looked_up(module: ModuleFacts, node: ast.expr, callee: str, trail: Trail) -> bool:
    """`frame.id.isin(known)`, `CountVectorizer(stop_words=words)`; a `vocabulary` that is a set is sorted there.

    So are the `classes` that `partial_fit` of scikit-learn is told.
    """
    keyword = module.parent(node)
    name = keyword.arg if isinstance(keyword, ast.keyword) else None
    if callee.startswith("sklearn.") and callee.endswith(".partial_fit"):
        return name == "classes" or (isinstance(keyword, ast.Call) and keyword.args[2:3] == [node])
    if name == "vocabulary":
        return trail.kind is Kind.SET and not trail.as_list
    return name in LOOKED_UP or callee.rpartition(".")[2] in MEMBERSHIP


def is_counted(module: ModuleFacts, node: ast.expr) -> bool:
    """`len("".join(set(text)))`: as long in any order."""
    call = module.parent(node)
    return isinstance(call, ast.Call) and node in call.args and module.resolve(call.func) == "len"


def _is_collected_anew(module: ModuleFacts, array: ast.Call) -> bool:
    """`set(np.array(list(edges)).flatten().tolist())`: of an array a set or a sorted list is made."""
    made: ast.expr = array
    while True:
        holder = module.parent(made)
        above = module.parent(holder) if isinstance(holder, ast.Attribute) else None
        if isinstance(holder, ast.Attribute) and holder.attr in _RESHAPING and isinstance(above, ast.Call):
            made = above
        else:
            break
    if not isinstance(holder, ast.Call) or holder.args != [made] or holder.keywords:
        return False
    return module.resolve(holder.func) in _COLLECTING


def is_characters(module: ModuleFacts, joined: ast.expr) -> bool:
    """`text.strip("".join(marks))`, also by a name: which letters go, in whatever order they are named.

    `str.maketrans("", "", "".join(marks))` tells the same.
    """
    target = only_target(module.parent(joined))
    places = list(islice(uses(module, target), MAX_READS)) if isinstance(target, ast.Name) else [joined]
    return bool(places) and len(places) < MAX_READS and all(_names_characters(module, place) for place in places)


def _names_characters(module: ModuleFacts, node: ast.expr) -> bool:
    call = module.parent(node)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    if module.resolve(call.func) == "str.maketrans":
        return call.args[2:] == [node]
    return call.func.attr in _STRIPPING and call.args == [node] and not call.keywords


def uses_index(target: ast.expr, *values: ast.AST) -> bool:
    if not isinstance(target, ast.Tuple) or not target.elts or not isinstance(target.elts[0], ast.Name):
        return True
    index = target.elts[0].id
    return any(isinstance(each, ast.Name) and each.id == index for value in values for each in walk(value))


def is_removed(module: ModuleFacts, position: ast.Call) -> bool:
    """`names.pop(names.index(name))`, `del names[names.index(name)]`: the others stay."""
    holder = module.parent(position)
    if isinstance(holder, ast.Call):
        return isinstance(holder.func, ast.Attribute) and holder.func.attr == "pop"
    return isinstance(holder, ast.Subscript) and isinstance(holder.ctx, ast.Del)


def is_same_in_any_order(module: ModuleFacts, node: ast.expr, call: ast.Call, trail: Trail) -> bool:
    """Whether an array or a table that is made of something unordered comes to the same, or to what is looked up."""
    name = module.resolve(call.func) or ""
    return (
        loses_order(module, call)
        or (name in _WHOLE and _is_collected_anew(module, call))
        or _holds_numbers_as_it_is(module, node, name, trail)
        or (name in ARRAYS and is_only_asked_by_key(module, call))
    )


def _holds_numbers_as_it_is(module: ModuleFacts, node: ast.expr, callee: str, trail: Trail) -> bool:
    """`torch.tensor(list(ids))`, where `ids` is the set: of what a tensor takes, the hashes are not salted."""
    made = module.origin(node)
    is_made = callee in TENSORS and trail.kind is Kind.SET
    return is_made and (
        not trail.as_list or (trail.fixed_at is not None and module.parent(trail.fixed_at.node) is made)
    )


def is_passed_over(target: ast.expr) -> bool:
    """`_`, `*others`."""
    return isinstance(target, ast.Starred) or getattr(target, "id", "").startswith("_")


def is_settled(module: ModuleFacts, node: ast.Subscript, trail: Trail) -> bool:
    """Whether it does not matter which one is picked: only one is left, or it is only shown."""
    is_other = trail.kind is Kind.SET and isinstance(node.value, ast.Call) and is_other_of_two(module, node.value)
    return is_other or _is_only_shown(module, node, trail)


def _is_only_shown(module: ModuleFacts, node: ast.Subscript, trail: Trail) -> bool:
    """`raise ValueError(unknown[0])`: any one of them will do; `files[:5]` as the last line of a cell: it is shown."""
    holder = module.parent(node)
    if isinstance(holder, ast.Expr) or (trail.kind is Kind.LISTING and _is_look_around(module, node)):
        return True
    while isinstance(holder, ast.expr):
        holder = module.parent(holder)
    target = holder.target if isinstance(holder, ast.AugAssign) else only_target(holder)
    if isinstance(target, ast.Name) and _is_text(holder):
        reads = list(islice(uses(module, target), MAX_READS + 1))
        return 0 < len(reads) <= MAX_READS and all(isinstance(module.statement(read), ast.Raise) for read in reads)
    return isinstance(holder, ast.Raise)


def _is_text(statement: ast.AST | None) -> bool:
    """`message = f"unknown: {names[:3]}"`, also with `+=`."""
    value = statement.value if isinstance(statement, ast.Assign | ast.AugAssign) else None
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mod) and isinstance(value.left, ast.Constant)
    )


def _is_look_around(module: ModuleFacts, node: ast.Subscript) -> bool:
    """`print(os.listdir(folder)[:20])`: on one machine the same each time, and nothing is computed from it."""
    part: ast.expr = node
    holder = module.parent(part)
    if isinstance(holder, ast.For) and holder.iter is node:
        return all(isinstance(each, ast.Expr) and _only_shows(module, each.value) for each in holder.body)
    listing = module.origin(node.value)
    if not isinstance(listing, ast.Call) or (module.resolve(listing.func) or ".").startswith("."):
        return False
    while isinstance(holder, ast.expr):
        if isinstance(holder, ast.Call) and part is not holder.func and _shows(module, holder):
            return True
        if not isinstance(holder, _SPELLING) and not (isinstance(holder, ast.Call) and _spells(module, holder, part)):
            return False
        part, holder = holder, module.parent(holder)
    return False


def _shows(module: ModuleFacts, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and shows(module, node) and all(word.arg != "file" for word in node.keywords)


def _only_shows(module: ModuleFacts, node: ast.expr) -> bool:
    """`print("  ", name)`: names as they are, and nothing that is computed from them."""
    return _shows(module, node) and sum(isinstance(part, ast.Call) for part in walk(node)) == 1


def _spells(module: ModuleFacts, call: ast.Call, given: ast.expr) -> bool:
    """`str(files[0])`, `os.path.join(root, files[0])`, `", ".join(files[:5])`."""
    name = module.resolve(call.func) or ""
    return given is not call.func and (
        name in _TEXTS or name.startswith("os.path.") or getattr(call.func, "attr", "") in ("format", "join")
    )


def is_set(module: ModuleFacts, node: ast.expr) -> bool:
    """Whether another result of a function is a set of the same kind."""
    origin = module.origin(node)
    is_made = isinstance(origin, ast.Call) and module.resolve(origin.func) in ("set", "frozenset")
    return (is_made or isinstance(origin, ast.Set | ast.SetComp)) and elements(module, origin) is not Elements.STABLE


def is_other_kind(module: ModuleFacts, read: ast.expr) -> bool:
    """Whether a parameter is read where it is a list or a tuple: below `if isinstance(names, list):`."""
    part: ast.AST = read
    for holder in islice(module.around(read), MAX_AROUND):
        if isinstance(holder, FUNCTIONS):
            return False
        if isinstance(holder, ast.If | ast.IfExp) and part is not holder.test:
            body = holder.body if isinstance(holder.body, list) else [holder.body]
            if part in body and _asks_for_sequence(holder.test, read):
                return True
        part = holder
    return False


def _asks_for_sequence(test: ast.expr, read: ast.expr) -> bool:
    if not isinstance(test, ast.Call) or getattr(test.func, "id", "") != "isinstance" or len(test.args) != _PAIR:
        return False
    kinds = test.args[1].elts if isinstance(test.args[1], ast.Tuple) else [test.args[1]]
    names = {getattr(kind, "id", "") for kind in kinds}
    return ast.dump(test.args[0]) == ast.dump(read) and names <= _SEQUENCES
