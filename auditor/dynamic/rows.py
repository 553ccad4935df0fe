"""The same rows in another order: proven from the digests of single rows.

A batch whose rows are those of the other run, rearranged, proves that the data are the same and their order is not. So
does an epoch: every row that the candidate got so far is somewhere among the reference's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic.evidence import Case, Side
from auditor.model.lean import dataclass
from auditor.model.trace import EventKind
from auditor.probe import wire

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace

Array = np.ndarray[Any, Any]

LIMIT_EVENTS = 20_000  # batches looked at on each side
TELLING = 8  # different rows in a batch that are enough, however many rows repeat
_KINDS = {EventKind.BATCH: wire.BATCH, EventKind.OUTSIDE: wire.OUTSIDE}


@dataclass(frozen=True, kw_only=True)
class Reordering:
    """Rows of the divergent event that the other run has in another place."""

    rows: int
    """Rows that were compared."""

    moved: int
    """Rows of these that are in another place."""

    batches: int
    """Batches over which the rows agree in total: 1 if they do inside the divergent one."""

    whole_batches: bool
    """Batches came as a whole in another order; their contents are the same."""


def reordering(case: Case) -> Reordering | None:
    """What proves that data only came in another order; None where nothing does."""
    if case.event.kind not in _KINDS or None in (case.first.reference, case.first.candidate):
        return None
    sides = [_at(side) for side in case.sides]
    positions = sorted(set(sides[0]) & set(sides[1]), key=lambda p: (-_distinct(sides[0][p]), p))
    for position in positions:
        a, b = sides[0][position], sides[1][position]
        if len(a) != len(b) or _distinct(a) < 2 or np.array_equal(a, b):
            continue
        if _is_telling(a, TELLING) and np.array_equal(np.sort(a), np.sort(b)):
            return Reordering(rows=len(a), moved=int((a != b).sum()), batches=1, whole_batches=False)
        if found := _over_batches(case, position):
            return found
    return None


def _over_batches(case: Case, position: int) -> Reordering | None:
    """Are the candidate's rows since the divergence among the reference's? It may have been stopped before the end."""
    kind = _KINDS[case.event.kind]
    reference, candidate = (_since(side, kind, position) for side in case.sides)
    if not reference or not candidate:
        return None
    count = min(len(reference), len(candidate))
    if Counter(_key(rows) for rows in candidate) <= Counter(_key(rows) for rows in reference):
        rows = sum(len(rows) for rows in candidate)
        moved = sum(len(a) for a, b in zip(reference, candidate, strict=False) if _key(a) != _key(b))
        return Reordering(rows=rows, moved=moved, batches=count, whole_batches=True)
    a, b = np.concatenate(reference), np.concatenate(candidate)
    if not _is_telling(b, len(b)):
        return None
    have, counts = np.unique(a, return_counts=True)
    need, needed = np.unique(b, return_counts=True)
    place = np.minimum(np.searchsorted(have, need), len(have) - 1)
    if not ((have[place] == need) & (counts[place] >= needed)).all():
        return None
    shared = min(len(a), len(b))
    return Reordering(rows=len(b), moved=int((a[:shared] != b[:shared]).sum()), batches=count, whole_batches=False)


def _at(side: Side) -> dict[int, Array]:
    """Row digests of the divergent event's tensors, by position."""
    assert side.trace is not None, "both runs have the event"
    return _tensors(side.trace, side.row)


def _since(side: Side, kind: int, position: int) -> list[Array]:
    """Row digests of that tensor in all events of the kind from the divergence on."""
    assert side.trace is not None, "both runs have the event"
    events = side.trace.events
    same = (events["kind"] == kind) & (events["op"] == events["op"][side.row])
    chosen: Array = np.flatnonzero(same[side.row :])[:LIMIT_EVENTS] + side.row
    found = (_tensors(side.trace, int(row)).get(position) for row in chosen.tolist())
    return [rows for rows in found if rows is not None]


def _tensors(trace: ProcessTrace, row: int) -> dict[int, Array]:
    event = trace.events[row]
    first = int(event["first_tensor"])
    found = {}
    for tensor in trace.tensors[first : first + int(event["tensors"])]:
        shape = trace.specs[int(tensor["spec"])].shape if tensor["rows"] else ()
        if shape:
            start = int(tensor["first_row"])
            found[int(tensor["position"])] = np.asarray(trace.rows[start : start + shape[0]])
    return found


def _is_telling(rows: Array, enough: int) -> bool:
    """False for labels and flags: with few values, the same rows come together by chance."""
    distinct = _distinct(rows)
    return distinct * 2 > len(rows) or distinct >= enough


def _distinct(rows: Array) -> int:
    return len(np.unique(rows))


def _key(rows: Array) -> bytes:
    return rows.tobytes()
