"""Rows at which a pair of processes was found to part."""

from __future__ import annotations

from auditor.dynamic.tally import Tally
from auditor.model.divergence import Difference
from auditor.model.lean import dataclass


@dataclass(frozen=True, kw_only=True)
class Hit:
    """The first pair of rows of a process that do not agree."""

    difference: Difference | None
    """MISSING or EXTRA; None for a pair of the same event, whose tensors tell the rest."""

    reference: int | None
    candidate: int | None
    instead: int | None = None
    """For MISSING and EXTRA: the row at which the other run is then; None at its end."""

    moved: bool = False
    """Both runs have the event, in another order."""

    order: int
    """Row of the reference at which it is met."""

    thread: int


@dataclass
class Tail:
    """What one run has after the other one's trace of a thread ended."""

    thread: int
    missing: bool
    """Only the reference has it."""

    first: int
    """First row with a tensor, or else first row."""

    events: int
    data_only: bool
    """Nothing but data loading: a worker that was stopped a moment later."""

    tally: Tally


def missing_at(row: int, thread: int, instead: int | None = None) -> Hit:
    """An event that only the reference has."""
    return Hit(difference=Difference.MISSING, reference=row, candidate=None, instead=instead, order=row, thread=thread)


def extra_at(row: int, order: int, thread: int, instead: int | None = None) -> Hit:
    """An event that only the candidate has, met at row `order` of the reference."""
    return Hit(difference=Difference.EXTRA, reference=None, candidate=row, instead=instead, order=order, thread=thread)
