"""An op that is given other tensors, of the same ones: a choice or an order that Python made."""

from __future__ import annotations

import numpy as np

from auditor.dynamic.evidence import Case, CauseRule, Side, line
from auditor.dynamic.order import is_collective
from auditor.model.divergence import Difference
from auditor.model.rule import Category, Confidence
from auditor.model.trace import EventKind
from auditor.model.verdict import Cause
from auditor.probe import wire

_UNCERTAIN = wire.NOT_COVERED | wire.DIGEST_LATE


def find(case: Case) -> Cause | None:
    """High that it happened: all that was made before is equal, arguments are equal, and yet the inputs are not.

    Medium where several threads ran operators: then they may have written to the input in another order as well.
    """
    if not _is_given_others(case) or any(_has_unseen_contents(side) for side in case.sides):
        return None
    op, place = case.event.identity.op, line(case.site)
    title = f"{op} at {place} is given another one of the same tensors"
    told = (
        f"All tensors that were made before are equal in both runs, and so are the other arguments of {op}: it is "
        "given another one of them, or another part."
    )
    threads = _threads(case.reference)
    if threads > 1:
        title = f"{op} at {place} follows the order in which threads come to it"
        told = (
            f"{threads} threads ran operators before it, and each by itself did the same in both runs: whose results "
            "are taken first, or which of them writes first, is left to chance."
        )
    return Cause(
        kind=CAUSE.name,
        title=title,
        category=Category.DATA_ORDER,
        confidence=Confidence.MEDIUM if threads > 1 else Confidence.HIGH,
        evidence=(told,),
        location=case.site,
        findings=case.linked(Category.DATA_ORDER),
        remedy=(
            "find what decides it: the order in which threads or tasks finish, the order of a set, or of objects by "
            "their id, a draw, the time"
        ),
    )


def _is_given_others(case: Case) -> bool:
    first = case.first
    a, b = first.reference, first.candidate
    if a is None or b is None or a.kind is not EventKind.OP or is_collective(a.identity.op):
        return False
    if (
        first.difference not in (Difference.VALUE, Difference.SHAPE, Difference.DTYPE)
        or first.inputs_agree is not False
    ):
        return False
    return a.inputs != b.inputs and (a.arguments, a.state) == (b.arguments, b.state)


def _has_unseen_contents(side: Side) -> bool:
    """The process holds tensors whose contents no trace tells: brought by collectives, of a kind without a digest."""
    trace = side.trace
    if trace is None:
        return True
    events = trace.events[: side.row]
    ops = {int(op) for op in np.unique(events["op"])}
    if any(is_collective(trace.names.get(op, "")) for op in ops) or (events["flags"] & wire.SHARED).any():
        return True
    last = int(events["first_tensor"][-1] + events["tensors"][-1]) if len(events) else 0
    return bool((trace.tensors["flags"][:last] & _UNCERTAIN).any())


def _threads(side: Side) -> int:
    """Threads that made tensors before."""
    if side.trace is None:
        return 0
    events = side.trace.events[: side.row]
    return len(np.unique(events["thread"][events["tensors"] > 0]))


CAUSE = CauseRule(name="tensor-choice", category=Category.DATA_ORDER, evidence=find, depth=2)
