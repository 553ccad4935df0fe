"""Which part of what holds several is the unordered one: what is finished, the files of a folder, one of a table."""

from __future__ import annotations

import ast

from auditor.static.evaluation.flow import uses
from auditor.static.facts import Known, ModuleFacts
from auditor.static.resolution.targets import only_target

_WALKED = 3
"""A folder, the folders and the files in it."""


def finished(module: ModuleFacts, call: ast.expr) -> ast.expr | None:
    """`done` of `done, _ = wait(futures)`, `wait(futures).done`, `wait(futures)[0]`: a set; None of anything else."""
    above = module.parent(call)
    made, holder = (above, module.parent(above)) if isinstance(above, ast.Await) else (call, above)
    if isinstance(holder, ast.Attribute):
        return holder if holder.attr == "done" else None
    if isinstance(holder, ast.Subscript) and holder.value is made:
        index = module.constant(holder.slice)
        return holder if isinstance(index, Known) and index.value == 0 else None
    target = holder.targets[0] if isinstance(holder, ast.Assign) else None
    is_pair = isinstance(target, ast.Tuple) and len(target.elts) == len(("done", "pending"))
    return target.elts[0] if is_pair and isinstance(target, ast.Tuple) else None


def in_first_folder(module: ModuleFacts, call: ast.Call) -> list[ast.expr]:
    """`next(os.walk(root))[1]`, `_, folders, files = next(os.walk(root))`: what lies in one folder."""
    holder = module.parent(call)
    if isinstance(holder, ast.Subscript) and holder.value is call:
        index = module.constant(holder.slice)
        return [holder] if isinstance(index, Known) and index.value in (1, 2, -1, -2) else []
    target = holder.targets[0] if isinstance(holder, ast.Assign) else None
    return target.elts[1:] if isinstance(target, ast.Tuple) and len(target.elts) == _WALKED else []


def named_beside(module: ModuleFacts, node: ast.expr, values: ast.Tuple) -> ast.expr | None:
    """`seen` of `seen, kept = set(), []`, of the set there: each name gets its own."""
    target = only_target(module.parent(values))
    is_each = isinstance(target, ast.Tuple) and len(target.elts) == len(values.elts)
    return target.elts[values.elts.index(node)] if is_each and isinstance(target, ast.Tuple) else None


def items_read(module: ModuleFacts, holder: ast.expr) -> list[ast.Subscript]:
    """`files[name]` where it is read, of the name `files`; no slices of it."""
    items = (module.parent(use) for use in uses(module, holder))
    return [
        each
        for each in items
        if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Load) and not isinstance(each.slice, ast.Slice)
    ]
