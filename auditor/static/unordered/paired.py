"""Two listings that are walked side by side: `zip(glob("images/*"), glob("masks/*"))`.

Each has an order of its own, so what belongs together is not what is paired, whatever is done with the pairs.
"""

from __future__ import annotations

import ast
from collections.abc import Set

from auditor.static.facts import ModuleFacts
from auditor.static.resolution.ordering import KEEPING, LISTING, SORTERS
from auditor.static.unordered.ordertrail import Kind, Trail

_STEPS = 6
"""Names and calls that lead back to a listing."""


def is_paired(module: ModuleFacts, node: ast.expr, call: ast.Call, trail: Trail) -> bool:
    """Whether `zip` puts the names of a listing beside those of another one, be that sorted or not."""
    own = _listing(module, node, KEEPING) if trail.kind is Kind.LISTING and len(call.args) > 1 else None
    if own is None:  # or it is sorted by now
        return False
    others = (_listing(module, each, KEEPING | SORTERS) for each in call.args if each is not node)
    return any(each is not None and ast.dump(each) != ast.dump(own) for each in others)


def _listing(module: ModuleFacts, node: ast.expr, through: Set[str]) -> ast.Call | None:
    """The call that lists the names that an expression goes through one by one; `through`: calls on the way there."""
    for _ in range(_STEPS):
        node = module.origin(node)
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            node = node.generators[0].iter
            continue
        if not isinstance(node, ast.Call):
            return None
        name = module.resolve(node.func)
        if name in LISTING:
            return node
        if not node.args or name not in through:
            return None
        node = node.args[0]
    return None
