"""Counters that got what they count in no particular order: what is as frequent stays in the order in which it came."""

from __future__ import annotations

import ast

from auditor.static.facts import ModuleFacts
from auditor.static.resolution.ordering import COUNTING
from auditor.static.unordered.orderless import uses_index


def counter_updated(module: ModuleFacts, node: ast.expr, call: ast.Call) -> ast.expr | None:
    """`counts` of `counts.update(words)`, a `Counter()`."""
    holder = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "update" else None
    if holder is None or call.args[:1] != [node]:
        return None
    made = module.origin(holder)
    return holder if isinstance(made, ast.Call) and module.resolve(made.func) in COUNTING else None


def takes_numbers_only(module: ModuleFacts, call: ast.Call) -> bool:
    """Whether of `counts.most_common(9)` only the numbers are used, which are the same whatever comes first."""
    above = module.parent(call)
    if isinstance(above, ast.For):
        return call is above.iter and not uses_index(above.target, *above.body, *above.orelse)
    if isinstance(above, ast.comprehension):
        owner = module.parent(above)
        parts = [part for part in ast.iter_child_nodes(owner) if part is not above] if owner is not None else []
        return call is above.iter and not uses_index(above.target, *parts, *above.ifs)
    pair = above if isinstance(above, ast.Subscript) and not isinstance(above.slice, ast.Slice) else None
    taken = module.parent(pair) if pair is not None else None
    return isinstance(taken, ast.Subscript) and getattr(taken.slice, "value", None) == 1
