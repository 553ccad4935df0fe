"""Turn the first rows that differ into a `Divergence` that a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.dynamic.column import first_differing_tensor, is_compared, tensor_rows
from auditor.dynamic.hit import Hit
from auditor.model.divergence import Difference, Divergence
from auditor.model.trace import TraceEvent
from auditor.probe import wire

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace

BEFORE = 20
_UNKNOWN = wire.ARGUMENT_UNKNOWN | wire.READS_UNINITIALISED


def describe(hit: Hit, reference: ProcessTrace, candidate: ProcessTrace) -> Divergence:
    """Resolve the names of a hit and say which tensor differs, in what, and whether the inputs agree."""
    before = _before(reference, hit)
    if hit.reference is None or hit.candidate is None:
        other = candidate if hit.reference is not None else reference
        return Divergence(
            difference=hit.difference or Difference.MISSING,
            process=reference.name,
            reference=_event(reference, hit.reference),
            candidate=_event(candidate, hit.candidate),
            tensor="",
            inputs_agree=None,
            before=before,
            instead=_event(other, hit.instead),
            moved=hit.moved,
        )
    first, second = reference.event(hit.reference), candidate.event(hit.candidate)
    a, b = reference.events[hit.reference], candidate.events[hit.candidate]
    found = first_differing_tensor(tensor_rows(a, reference.tensors), tensor_rows(b, candidate.tensors))
    at = int(found[0]) if len(found) else None
    return Divergence(
        difference=_difference(first, second, a, b, at),
        process=reference.name,
        reference=first,
        candidate=second,
        tensor=_tensor_name(first, at),
        inputs_agree=inputs_agree(a, b),
        before=before,
    )


def inputs_agree(reference: Any, candidate: Any) -> bool | None:
    """True if two event rows prove that both ops got the same; None where the traces cannot tell."""
    if reference["kind"] in (wire.OUTSIDE, wire.BATCH, wire.WEIGHTS):
        return None
    if any(reference[column] != candidate[column] for column in ("inputs", "arguments", "state")):
        return False
    flags = int(reference["flags"]) | int(candidate["flags"])
    if flags & _UNKNOWN or (flags & wire.RANDOM and not reference["state"]):
        return None
    return True


def _difference(first: TraceEvent, second: TraceEvent, a: Any, b: Any, at: int | None) -> Difference:
    if at is None:  # another number of tensors, or a number that was returned beside them
        return Difference.SHAPE if len(first.tensors) != len(second.tensors) else Difference.VALUE
    mine, theirs = first.tensors[at], second.tensors[at]
    if mine.dtype != theirs.dtype:
        return Difference.DTYPE
    if mine.shape != theirs.shape:
        return Difference.SHAPE
    if first.random and a["state"] != b["state"]:
        return Difference.STATE
    if a["inputs"] == b["inputs"] and a["arguments"] != b["arguments"]:
        return Difference.ARGUMENT
    return Difference.VALUE


def _tensor_name(event: TraceEvent, at: int | None) -> str:
    if at is None:
        return ""
    tensor = event.tensors[at]
    kind = "outputs" if tensor.role.value == "output" else tensor.role.value
    return f"{kind}[{tensor.position}]"


def _before(reference: ProcessTrace, hit: Hit) -> tuple[TraceEvent, ...]:
    """The last events of the same thread that were compared before it."""
    rows: list[int] = []
    stop = min(hit.order, len(reference.events))
    while stop > 0 and len(rows) < BEFORE:
        start = max(0, stop - 512)
        events = reference.events[start:stop]
        chosen = is_compared(events) & (events["thread"] == hit.thread)
        rows = [start + int(i) for i in chosen.nonzero()[0]][-(BEFORE - len(rows)) :] + rows
        stop = start
    return tuple(reference.event(row) for row in rows)


def _event(trace: ProcessTrace, row: int | None) -> TraceEvent | None:
    return trace.event(row) if row is not None else None
