"""What a run does that is started plainly: `int(sys.argv[1]) if len(sys.argv) > 1 else None`, no variables set."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import Seen, either
from auditor.static.resolution.values import External
from auditor.static.text.dotted import ENVIRONMENT, global_key

if TYPE_CHECKING:
    from auditor.static.resolution.frame import Frame

_ARGUMENTS = External("sys.argv")
NO_SEED = (SeedValue.NONE, SeedValue.ENTROPY)

_COUNTING: Mapping[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def without_arguments(test: ast.expr, frame: Frame, stored: Mapping[str, Seen]) -> bool | None:
    """The outcome of a condition that asks whether something is given where nothing is; None of any other.

    That is arguments, and variables of the environment for the seed; `stored`: what the program itself puts there.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = without_arguments(test.operand, frame, stored)
        return None if inner is None else not inner
    if isinstance(test, ast.Subscript) and isinstance(test.slice, ast.Slice):
        first = test.slice.lower
        has_program = not (isinstance(first, ast.Constant) and first.value)
        return None if has_program or frame.resolve(test.value) != _ARGUMENTS else False
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    if isinstance(test.ops[0], ast.In | ast.NotIn) and isinstance(test.left, ast.Constant):
        is_asked = names_seed(test.left.value) and frame.module.resolve(test.comparators[0]) == ENVIRONMENT
        is_unset = is_asked and global_key(ENVIRONMENT, str(test.left.value)) not in stored
        return isinstance(test.ops[0], ast.NotIn) if is_unset else None
    if not isinstance(test.left, ast.Call):
        return None
    compare, limit = _COUNTING.get(type(test.ops[0])), test.comparators[0]
    if compare is None or not (isinstance(limit, ast.Constant) and isinstance(limit.value, int)):
        return None
    is_counted = getattr(test.left.func, "id", "") == "len" and len(test.left.args) == 1
    return compare(1, limit.value) if is_counted and frame.resolve(test.left.args[0]) == _ARGUMENTS else None


def names_seed(variable: object) -> bool:
    """Whether an environment variable is the program's own for its seed: `SEED`, `TRAIN_SEED`, not what Python has."""
    return isinstance(variable, str) and "seed" in variable.lower().split("_")


def joined_arms(body: Seen, other: Seen, *, holds: bool | None) -> Seen:
    """A value that is one of two; `holds`: the condition does so without arguments, and what is no seed then counts."""
    plain = other if holds is False else body
    return plain if holds is not None and plain.kind in NO_SEED else either(body, other)
