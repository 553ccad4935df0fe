"""Do two runs that differ in their numbers do the same otherwise? Operators, shapes, arguments, draws, data.

Stricter than a comparison: for runs whose difference somebody wants to call small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditor.dynamic.column import UNCOMPARED_FLAGS, differing, identities, is_compared
from auditor.dynamic.vocabulary import Vocabulary
from auditor.probe import wire
from auditor.runs.tracefile import ProcessTrace, RunTraces

Array = np.ndarray[Any, Any]

_FLOATING = ("float", "bfloat", "complex")


def deviations(reference: RunTraces, candidate: RunTraces) -> tuple[str, ...]:
    """Return in what the runs deviate beside the values of floating-point numbers, as sentences; empty if in nothing."""
    found = [
        f"Process {name} is in one run only." for name in sorted(set(reference.processes) ^ set(candidate.processes))
    ]
    for name in sorted(set(reference.processes) & set(candidate.processes)):
        found += _of_process(reference.processes[name], candidate.processes[name])
    return tuple(found)


def _of_process(a: ProcessTrace, b: ProcessTrace) -> Iterator[str]:
    for side, trace in (("reference", a), ("candidate", b)):
        if not trace.complete:
            yield f"Process {trace.name} of the {side} left a trace without an end."
    first, second = (trace.events[is_compared(trace.events)] for trace in (a, b))
    if len(first) != len(second):
        yield f"Process {a.name} has {len(first):,} events in the reference and {len(second):,} in the candidate."
        return
    if not len(first):
        return
    vocabulary = Vocabulary(a.names, b.names)
    other = identities(first, None) != identities(second, vocabulary)
    other |= (first["thread"] != second["thread"]) | (first["tensors"] != second["tensors"])
    if other.any():
        row = int(np.argmax(other))
        yield f"Other operators, or in another order, from step {int(first['step'][row]):,} ({_op(a, first, row)})."
        return
    unequal = np.flatnonzero(differing(first, second, a.tensors, b.tensors))
    yield from _of_rows(a, b, first[unequal], second[unequal])


def _of_rows(a: ProcessTrace, b: ProcessTrace, first: Array, second: Array) -> Iterator[str]:
    """What differs at events whose results differ."""
    checks = (
        (np.isin(first["kind"], (wire.BATCH, wire.OUTSIDE)) | (first["phase"] == wire.DATA), "Other data"),
        (first["state"] != second["state"], "A draw from a generator in another state"),
        (
            (first["arguments"] != second["arguments"])
            & ((first["flags"] | second["flags"]) & wire.ARGUMENT_UNKNOWN == 0)
            & (first["kind"] == wire.OP)
            & (first["tensors"] > 0),
            "An operator was given another number",
        ),
    )
    for chosen, what in checks:
        if chosen.any():
            row = int(np.argmax(chosen))
            yield f"{what} in step {int(first['step'][row]):,} ({_op(a, first, row)})."
    for row in range(len(first)):
        for one, two in zip(_tensors(a, first[row]), _tensors(b, second[row]), strict=True):
            if (int(one["flags"]) | int(two["flags"])) & UNCOMPARED_FLAGS:
                continue
            specs = a.specs[int(one["spec"])], b.specs[int(two["spec"])]
            step = f"in step {int(first['step'][row]):,} ({_op(a, first, row)})"
            if (specs[0].dtype, specs[0].shape) != (specs[1].dtype, specs[1].shape):
                yield f"Another shape or type {step}."
                return
            if one["digest"] != two["digest"] and not specs[0].dtype.removeprefix("torch.").startswith(_FLOATING):
                yield f"Numbers of type {specs[0].dtype.removeprefix('torch.')} differ {step}: they have no tolerance."
                return


def _tensors(trace: ProcessTrace, event: Any) -> Array:
    start = int(event["first_tensor"])
    rows: Array = trace.tensors[start : start + int(event["tensors"])]
    return rows


def _op(trace: ProcessTrace, rows: Array, row: int) -> str:
    return trace.names.get(int(rows["op"][row]), "") or "data"
