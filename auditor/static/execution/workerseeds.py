"""What a loader's `worker_init_fn` seeds with the same numbers in every run: `numpy.random.seed(42 + worker_id)`.

Torch seeds the libraries of its workers before that, from a generator that the program may not have seeded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from auditor.static.facts import Known
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.values import FunctionRef, Value
from auditor.static.syntax.nodes import walk

_DIFFERING = frozenset({SeedValue.ENTROPY, SeedValue.NONE})


def fixed_in_workers(started: Value) -> frozenset[str]:
    """The libraries that a function always seeds, with a number that is written or counts the workers."""
    if not isinstance(started, FunctionRef):
        return frozenset()
    seeded = started.module.project.rng.seed_calls
    found: set[str] = set()
    for call in _always_called(started.node):
        asked = seeded.get(started.module.resolve(call.func) or "")
        if asked is not None and len(call.args) == 1 and not call.keywords and _is_fixed(started, call.args[0]):
            found |= set(asked.seeds)
    return frozenset(found)


def _always_called(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[ast.Call]:
    """The calls that are statements of their own at the top of a function, up to the first way out."""
    if isinstance(function, ast.Lambda):
        if isinstance(function.body, ast.Call):
            yield function.body
        return
    for statement in function.body:
        if any(isinstance(part, ast.Return | ast.Raise) for part in walk(statement)):
            return
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield statement.value


def _is_fixed(function: FunctionRef, seed: ast.expr) -> bool:
    """A known number, the worker's own, or a sum of such and of options: of None there is no sum."""
    if any(isinstance(part, ast.Call) for part in walk(seed)) or function.module.seed_value(seed) in _DIFFERING:
        return False
    parts = [part for part in walk(seed) if isinstance(part, ast.Name)]
    if not all(_is_same(function, part) for part in parts):
        return False
    known = function.module.constant(seed)
    if isinstance(known, Known):
        return isinstance(known.value, int)
    return isinstance(seed, ast.BinOp) or (isinstance(seed, ast.Name) and seed.id in _parameters(function))


def _is_same(function: FunctionRef, part: ast.Name) -> bool:
    """A parameter, a constant, or the options that stand outside; a local of the function may come from torch."""
    stored = {node.id for node in walk(function.node) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    if part.id in stored:
        return False
    if part.id in _parameters(function) or isinstance(function.module.constant(part), Known):
        return True
    return isinstance(function.module.parent(part), ast.Attribute)


def _parameters(function: FunctionRef) -> frozenset[str]:
    arguments = function.node.args
    return frozenset(each.arg for each in (*arguments.posonlyargs, *arguments.args))
