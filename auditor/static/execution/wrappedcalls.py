"""Calls by which decorators call what they are put around: what these change about the call outside."""

from __future__ import annotations

import ast

from auditor.model.annotations import TYPE_CHECKING
from auditor.static.evaluation.spread import is_changed_anywhere
from auditor.static.resolution.library_verdict import SeedValue
from auditor.static.resolution.seedvalue import GIVEN

if TYPE_CHECKING:
    from auditor.static.evaluation.evaluate import Evaluator
    from auditor.static.resolution.frame import Frame


def keeps_places(node: ast.Call, frame: Frame) -> bool:
    """`function(self, *args, **kwargs)` in `def inner(self, *args, **kwargs)`: each argument keeps its place."""
    if frame.function is None:
        return all(isinstance(part, ast.Starred) for part in node.args)
    before = [part for part in node.args if not isinstance(part, ast.Starred)]
    own = frame.module.written.signature(frame.function).positional
    further = frame.function.args.vararg
    is_bound = further is not None and bool(frame.module.index.scopes[frame.function].bindings.get(further.arg, ())[1:])
    return not is_bound and [getattr(part, "id", None) for part in before] == list(own)


def put_on(evaluator: Evaluator, node: ast.Call, frame: Frame, inside: Frame) -> None:
    """What such a call gives besides: `function(*args, seed=3, **kwargs)`, or what it has put into `kwargs`."""
    names = inside.module.written.signature(inside.function).names if inside.function is not None else frozenset()
    for word in node.keywords:
        if word.arg in names:
            inside.values[str(word.arg)] = evaluator.value(word.value, frame)
            inside.settled.discard(str(word.arg))
        elif word.arg is None and not _is_as_collected(word.value, frame):
            unset = [name for name in names if (seen := inside.values.get(name)) and seen.kind is SeedValue.NONE]
            inside.values.update(dict.fromkeys(sorted(unset), GIVEN))
            inside.settled.difference_update(unset)


def _is_as_collected(node: ast.expr, frame: Frame) -> bool:
    """Whether `**kwargs` hands on what the function collected, and nothing else."""
    own = frame.function.args.kwarg if frame.function is not None else None
    is_own = own is not None and isinstance(node, ast.Name) and node.id == own.arg
    return is_own and isinstance(node, ast.Name) and not is_changed_anywhere(frame.module, node)
