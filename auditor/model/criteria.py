"""Two trainings held against each other, criterion by criterion."""

from __future__ import annotations

from enum import Enum

from auditor.model.divergence import Magnitude
from auditor.model.lean import dataclass
from auditor.model.variance import Criterion
from auditor.model.verdict import Status


class Agreement(Enum):
    """What is known of two trainings in one criterion."""

    EQUAL = "equal"
    """All that a criterion looks at was seen of both, and is the same, bit for bit or as printed."""

    DIFFERS = "differs"
    NOT_SEEN = "not seen"
    """At least one of them does not show it, or not whole. Never to be read as equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """The first place at which two trainings differ in a criterion."""

    place: str
    """`epoch 3`, `sample 17`, `net.table.weight`, `class 4`, `out/model.pt`."""

    reference: str
    """What stands there, as text; empty where only the candidate has it, or where it is no text."""

    candidate: str
    magnitude: Magnitude | None
    """Over the tensor, or all numbers, that the place belongs to; None where it was not measured."""

    note: str
    """What more is known; empty for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionResult:
    """One criterion."""

    criterion: Criterion
    agreement: Agreement
    compared: int
    """Metrics, classes, samples, losses, tensors, events or files of both; 0 where it was not seen."""

    differing: int
    held: str
    """What was held against each other: `500 samples of predictions.npy`; empty where nothing was."""

    first: Parting | None
    reasons: tuple[str, ...]
    """Where it was not seen: what was tried, and how to make it seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaReport:
    """The answer, and each criterion in the order of `Criterion`."""

    reference: str
    candidate: str
    status: Status
    first: Criterion | None
    """The first criterion that differs."""

    chosen: tuple[Criterion, ...]
    """Those that the answer was asked for; empty for whatever can be seen."""

    results: tuple[CriterionResult, ...]
    basis: str
    """A sentence: what the answer rests on, and what was not seen."""
