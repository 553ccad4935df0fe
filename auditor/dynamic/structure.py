"""Do two runs that differ in their numbers do the same otherwise? Operators, shapes, arguments, draws, data.

Stricter than a comparison: for runs whose difference somebody wants to call small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from auditor.dynamic.column import UNCOMPARED_FLAGS, differing, identities, is_compared
from auditor.dynamic.vocabulary import Vocabulary
from auditor.probe import wire
from auditor.runs.tracefile import ProcessTrace, RunTraces

Array = np.ndarray[Any, Any]

_PASS_ROWS = 1 << 14
"""How far a layer is looked for that shows a difference."""

_FLOATING = ("float", "bfloat", "complex")


def deviations(reference: RunTraces, candidate: RunTraces, layers: Collection[str] | None = None) -> tuple[str, ...]:
    """Return in what the runs deviate beside values of floating-point numbers, as sentences; empty if in nothing.

    `layers`: module paths whose outputs were measured. A difference that arises in a forward pass outside them, and
    that none of them shows afterwards in the same pass, deviates too: nothing tells its size. None asks for no such
    thing.
    """
    found = [
        f"Process {name} is in one run only." for name in sorted(set(reference.processes) ^ set(candidate.processes))
    ]
    for name in sorted(set(reference.processes) & set(candidate.processes)):
        found += _of_process(reference.processes[name], candidate.processes[name], layers)
    return tuple(found)


def _of_process(a: ProcessTrace, b: ProcessTrace, layers: Collection[str] | None) -> Iterator[str]:
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
    if layers is not None:
        yield from _outside(a, first, second, unequal, layers)


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
    yield from _of_tensors(a, b, first, second)


def _of_tensors(a: ProcessTrace, b: ProcessTrace, first: Array, second: Array) -> Iterator[str]:
    """Tensors of another shape or type, and differing ones that are not floating-point."""
    owner: Array = np.repeat(np.arange(len(first)), first["tensors"])
    one, two = (_tensors(trace, rows, owner) for trace, rows in ((a, first), (b, second)))
    compared = ((one["flags"] | two["flags"]) & UNCOMPARED_FLAGS) == 0
    texts: dict[tuple[str, tuple[int, ...]], int] = {}
    kinds = [_kinds(trace, texts)[rows["spec"]] for trace, rows in ((a, one), (b, two))]
    names = [dtype.removeprefix("torch.") for dtype, _ in texts]
    floating = np.array([name.startswith(_FLOATING) for name in names] or [False])
    reshaped = np.flatnonzero(compared & (kinds[0] != kinds[1]))
    if len(reshaped):
        row = int(owner[reshaped[0]])
        yield f"Another shape or type in step {int(first['step'][row]):,} ({_op(a, first, row)})."
        return
    whole = np.flatnonzero(compared & (one["digest"] != two["digest"]) & ~floating[kinds[0]])
    if len(whole):
        row, name = int(owner[whole[0]]), names[int(kinds[0][whole[0]])]
        where = f"in step {int(first['step'][row]):,} ({_op(a, first, row)})"
        yield f"Numbers of type {name} differ {where}; they have no tolerance."


def _outside(a: ProcessTrace, first: Array, second: Array, unequal: Array, layers: Collection[str]) -> Iterator[str]:
    """The first operator outside the layers that makes different things of the same, where no layer shows it."""
    one, two = first[unequal], second[unequal]
    unknown = (one["flags"] | two["flags"]) & (wire.ARGUMENT_UNKNOWN | wire.READS_UNINITIALISED)
    known = {number for number, text in a.names.items() if text in layers}
    arises = np.isin(one["kind"], (wire.OP, wire.REGION)) & np.isin(one["phase"], (wire.FORWARD, wire.OTHER))
    arises &= (unknown == 0) & ~np.isin(one["module"], list(known))
    for column in ("inputs", "arguments", "state"):
        arises &= one[column] == two[column]
    for place in np.flatnonzero(arises).tolist():
        row = int(unequal[place])
        if not _is_shown(first, row, unequal, known):
            where = a.names.get(int(first["module"][row]), "") or "outside all modules"
            yield (
                f"A difference arises outside the layers in step {int(first['step'][row]):,} ({_op(a, first, row)}, "
                f"{where}), and no layer shows its size."
            )
            return


def _is_shown(events: Array, row: int, unequal: Array, layers: set[int]) -> bool:
    """True if a layer that is called later in the same forward pass differs."""
    if not events["module"][row]:
        return False
    rest = events[row : row + _PASS_ROWS]
    mine = rest["thread"] == rest["thread"][0]
    ended = np.flatnonzero(mine & ((rest["module"] == 0) | (rest["phase"] != rest["phase"][0])))
    stop = row + (int(ended[0]) if len(ended) else len(rest))
    later = unequal[(unequal > row) & (unequal < stop)]
    return bool(
        (np.isin(events["module"][later], list(layers)) & (events["thread"][later] == events["thread"][row])).any()
    )


def _tensors(trace: ProcessTrace, rows: Array, owner: Array) -> Array:
    """The tensor rows of these events, one after the other."""
    counts: Array = rows["tensors"].astype(np.intp)
    starts = np.cumsum(counts) - counts
    found: Array = trace.tensors[rows["first_tensor"].astype(np.intp)[owner] + np.arange(len(owner)) - starts[owner]]
    return found


def _kinds(trace: ProcessTrace, texts: dict[tuple[str, tuple[int, ...]], int]) -> Array:
    """Number of the type and shape of each spec id, the same in both traces."""
    table: Array = np.zeros(max(trace.specs, default=0) + 1, np.intp)
    for number, spec in trace.specs.items():
        table[number] = texts.setdefault((spec.dtype, tuple(spec.shape)), len(texts))
    return table


def _op(trace: ProcessTrace, rows: Array, row: int) -> str:
    return trace.names.get(int(rows["op"][row]), "") or "data"
