"""Which name gets which part of a tuple: `seen, kept = set(), []`, `images, labels = load()`."""

from __future__ import annotations

import ast

from auditor.model.lean import dataclass
from auditor.static.evaluation.flow import uses
from auditor.static.facts import Known, ModuleFacts


@dataclass(frozen=True, slots=True)
class Part:
    """One of the values of a tuple."""

    index: int
    of: int
    """How many values the tuple has."""


def part_of(node: ast.expr, values: ast.Tuple) -> Part | None:
    """The part that `node` is; None where something starred stands beside it."""
    if any(isinstance(each, ast.Starred) for each in values.elts):
        return None
    return Part(values.elts.index(node), len(values.elts))


def receiver(module: ModuleFacts, whole: ast.expr, part: Part) -> ast.expr | None:
    """What gets that part: the name or attribute that it is unpacked into, or the `whole[0]` that picks it."""
    holder = module.parent(whole)
    if isinstance(holder, ast.Subscript) and holder.value is whole:
        index = module.constant(holder.slice)
        picks = isinstance(index, Known) and index.value in (part.index, part.index - part.of)
        return holder if picks else None
    if not isinstance(holder, ast.Assign) or len(holder.targets) != 1:
        return None
    target = holder.targets[0]
    if not isinstance(target, ast.Tuple | ast.List) or len(target.elts) != part.of:
        return None
    return None if any(isinstance(each, ast.Starred) for each in target.elts) else target.elts[part.index]


def transposed(module: ModuleFacts, call: ast.Call) -> tuple[ast.expr, ...]:
    """`images, labels = zip(*pairs)`: what gets the first, the second … of each pair, in the order of the pairs."""
    holder = module.parent(call)
    if module.resolve(call.func) != "zip" or len(call.args) != 1 or not isinstance(holder, ast.Assign):
        return ()
    target = holder.targets[0] if len(holder.targets) == 1 else None
    return tuple(target.elts) if isinstance(target, ast.Tuple | ast.List) else ()


def items_read(module: ModuleFacts, holder: ast.expr) -> list[ast.Subscript]:
    """`files[name]` where it is read, of the name `files`; no slices of it."""
    items = (module.parent(use) for use in uses(module, holder))
    return [
        each
        for each in items
        if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Load) and not isinstance(each.slice, ast.Slice)
    ]
