"""The answer."""

from __future__ import annotations

from enum import Enum

from auditor.model.divergence import Comparison
from auditor.model.lean import dataclass
from auditor.model.location import Location
from auditor.model.rule import Category, Confidence


class Status(Enum):
    REPRODUCIBLE = "reproducible"
    DIVERGENT = "divergent"
    INCONCLUSIVE = "inconclusive"

    WITHIN_TOLERANCE = "divergent-within-tolerance"
    """Divergent, and accepted: every layer keeps the distance from its noise tolerance that somebody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why two runs differ, with what speaks for it."""

    kind: str
    """Name of the cause, as its file in `dynamic/causes` is called: `unseeded-rng`."""

    title: str
    category: Category
    confidence: Confidence
    evidence: tuple[str, ...]
    """Sentences, strongest first."""

    location: Location | None
    findings: tuple[str, ...]
    """Keys of the scan findings that say the same."""

    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What two runs say about the program."""

    status: Status
    comparison: Comparison | None
    """None where nothing could be compared."""

    causes: tuple[Cause, ...]
    """Best first; empty where nothing diverged."""

    reasons: tuple[str, ...]
    """Sentences on what the status rests on, and what was not seen."""
