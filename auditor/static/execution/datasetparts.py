"""Parts and unions of data sets: whoever asks `Subset(data, …)` for an item asks `data` for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from weakref import WeakKeyDictionary

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.targets import only_target
from auditor.static.resolution.values import FunctionRef
from auditor.static.syntax.elements import call_of
from auditor.static.text.dotted import last_name

if TYPE_CHECKING:
    from auditor.static.facts import ModuleFacts

MAX_SEEN = 12
"""Expressions that are looked at for one: parts of parts, and what functions return."""

MAX_UNITED = 20
"""Data sets in one union that are looked at."""

MAX_HELD = 50
"""Entries of a table of data sets; a larger one is data itself."""

DIVIDING = {
    "torch.utils.data.ChainDataset": "datasets",
    "torch.utils.data.ConcatDataset": "datasets",
    "torch.utils.data.Subset": "dataset",
    "torch.utils.data.random_split": "dataset",
}
"""By call the argument that names the data set, or several of them."""

_MAKING: WeakKeyDictionary[ModuleFacts, dict[ast.expr, str]] = WeakKeyDictionary()
"""The calls of a file that make such parts, and what they call."""

_STORED: WeakKeyDictionary[ModuleFacts, dict[tuple[ast.ClassDef | None, str], list[ast.AST]]] = WeakKeyDictionary()


def undivided(
    module: ModuleFacts, node: ast.expr, seen: set[ast.expr] | None = None
) -> Iterator[tuple[ModuleFacts, ast.expr]]:
    """The data sets whose items another one gives: `Subset(data, …)`, `a` of `a, b = random_split(data, …)`."""
    seen = set() if seen is None else seen
    if node in seen or len(seen) > MAX_SEEN:
        return
    held = table_values(module, node)
    if held:
        seen.add(node)
        parts_by_value = [list(islice(undivided(module, each, seen), MAX_UNITED)) for each in held[:MAX_UNITED]]
        for value, parts_of_value in zip(held, parts_by_value, strict=False):
            yield from parts_of_value or ([(module, value)] if any(parts_by_value) else [])
        return
    found = _made_by(module, node)
    if found is None:
        return
    seen.add(node)
    call, place = found
    called = module.names.value(call.func)
    if isinstance(called, FunctionRef):
        for returned in called.module.returns(called.node)[:MAX_UNITED]:
            parts = returned.elts if isinstance(returned, ast.Tuple) else []
            if not parts:
                yield from undivided(called.module, returned, seen)
            elif place is not None and place < len(parts):
                yield from undivided(called.module, parts[place], seen)
        return
    if not divides(module) or call not in _making(module):
        return
    name = _making(module)[call]
    if name.endswith(".random_split") and place is None:
        return
    given = call_of(call, name).argument(DIVIDING[name], 0)
    given = module.origin(given) if isinstance(given, ast.Name) and DIVIDING[name] == "datasets" else given
    several = given.elts if isinstance(given, ast.List | ast.Tuple) else [given]
    for each in islice(several, MAX_UNITED):
        if each is not None:
            parts_of_it = list(islice(undivided(module, each, seen), MAX_UNITED))
            yield from parts_of_it or [(module, each)]


def table_values(module: ModuleFacts, node: ast.expr) -> list[ast.expr]:
    """What a dictionary of the file holds that is looked into: `sets["train"]`, `sets[split]`."""
    if not isinstance(node, ast.Subscript):
        return []
    table: ast.expr | None = module.origin(node.value)
    holder = module.enclosing_class(node) if isinstance(table, ast.Attribute) else None
    if isinstance(table, ast.Attribute) and holder is not None and getattr(table.value, "id", "") == "self":
        kept = module.self_attributes(holder).get(table.attr, [])
        table = kept[0] if len(kept) == 1 else table
    if isinstance(table, ast.DictComp):
        return [table.value]
    if not isinstance(table, ast.Dict) or len(table.values) > MAX_HELD:
        return []
    asked = node.slice
    keys = [key.value if isinstance(key, ast.Constant) else None for key in table.keys]
    if isinstance(asked, ast.Constant) and asked.value in keys:
        return [table.values[keys.index(asked.value)]]
    return list(table.values)


def divides(module: ModuleFacts) -> bool:
    """Whether a file makes such parts."""
    return bool(_making(module))


def _making(module: ModuleFacts) -> dict[ast.expr, str]:
    if module not in _MAKING:
        _MAKING[module] = {call.node: call.callee for call in module.calls if call.callee in DIVIDING}
    return _MAKING[module]


def _made_by(module: ModuleFacts, node: ast.expr) -> tuple[ast.Call, int | None] | None:
    """The call that an expression stands for, and which of its results it is where it is one of several."""
    place = None
    if isinstance(node, ast.Subscript):
        index = node.slice
        place = index.value if isinstance(index, ast.Constant) and isinstance(index.value, int) else 0
        node = node.value
    made: ast.AST | None = None
    if isinstance(node, ast.Name):
        bindings = module.lookup.in_force(node)
        made = bindings[0].node if len(bindings) == 1 else None
    elif isinstance(node, ast.Attribute):
        stored = _stored(module).get((module.enclosing_class(node), node.attr), [])
        made = stored[0] if len(stored) == 1 else None
    elif isinstance(node, ast.Call):
        return node, place
    if not isinstance(made, ast.Assign | ast.AnnAssign) or not isinstance(made.value, ast.Call):
        return None
    target = only_target(made)
    names = [last_name(each) for each in target.elts] if isinstance(target, ast.Tuple | ast.List) else []
    return made.value, names.index(last_name(node)) if last_name(node) in names else place


def _stored(module: ModuleFacts) -> dict[tuple[ast.ClassDef | None, str], list[ast.AST]]:
    """By class and name the statements that store something in an attribute, alone or among others."""
    if module not in _STORED:
        found: dict[tuple[ast.ClassDef | None, str], list[ast.AST]] = {}
        for statement, target, _, _ in module.index.assignments:
            for each in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(each, ast.Attribute):
                    found.setdefault((module.enclosing_class(each), each.attr), []).append(statement)
        _STORED[module] = found
    return _STORED[module]
