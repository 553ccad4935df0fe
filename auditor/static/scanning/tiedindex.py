"""Does a program use the index that `topk`, `sort` or `median` gives, and can the values be equal?"""

from __future__ import annotations

import ast

from auditor.static.facts import Call, Known, ModuleFacts

_NEVER_EQUAL = frozenset({"torch.rand", "torch.rand_like", "torch.randn", "torch.randn_like", "torch.randperm"})
"""Numbers that hardly ever tie: an order drawn so is as repeatable as its draws."""


def takes_tied_index(module: ModuleFacts, call: Call) -> bool:
    """False where only the values are taken, or where what is sorted was just drawn."""
    return not (_takes_values(module, call.node) or _sorts_draws(module, call))


def _takes_values(module: ModuleFacts, node: ast.Call) -> bool:
    """`x.sort()[0]`, `x.topk(3).values`, `best, _ = x.max(1)`."""
    parent = module.parent(node)
    if isinstance(parent, ast.Attribute):
        return parent.attr == "values"
    if isinstance(parent, ast.Subscript) and parent.value is node:
        place = module.constant(parent.slice)
        return isinstance(place, Known) and place.value == 0
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple):
        names = [getattr(item, "id", "") for item in parent.targets[0].elts]
        return len(names) == 2 and names[1].startswith("_")
    return False


def _sorts_draws(module: ModuleFacts, call: Call) -> bool:
    for value in (call.receiver, *call.node.args[:1]):
        origin = module.origin(value) if value is not None else None
        if isinstance(origin, ast.Call) and module.resolve(origin.func) in _NEVER_EQUAL:
            return True
    return False
