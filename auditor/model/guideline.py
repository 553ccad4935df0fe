"""How far a project follows the guideline for reproducible training, point by point, with the evidence."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass


class Standing(Enum):
    """What evidence says about a point."""

    MET = "met"
    NOT_MET = "not met"
    NOT_SHOWN = "not shown"
    """There is no evidence, or none about the source as it is."""

    TOLD = "told"
    """Of a fact that belongs to the picture and decides nothing; never of a point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineFact:
    """One thing that is known, or known to be missing."""

    standing: Standing
    text: str
    """One sentence."""

    source: str = ""
    """Where it comes from: kept evidence (`e3`), a file, `git`; empty where nothing is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelinePoint:
    """One of the six points."""

    number: int
    title: str
    standing: Standing
    facts: tuple[GuidelineFact, ...]
    """What decides comes first."""

    commands: tuple[str, ...]
    """What would show or mend what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidelineReport:
    """The walk through the guideline of Chen et al. (ICSE 2022)."""

    program: str
    """The program it is about, relative to the project; empty where nobody knows."""

    source: str
    """Digest of the project's source files as they are."""

    files: int
    """How many these are."""

    evidence: tuple[str, ...]
    """Kept evidence that was looked at: `e3 run --twice, 2026-01-31, current`. Newest first."""

    points: tuple[GuidelinePoint, ...]
    required: tuple[int, ...]
    """Points that decide the exit code."""

    again: str
    """The command by which CI can check all of it again."""
