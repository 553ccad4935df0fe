"""What a scan found, and what it could not look at."""

from __future__ import annotations

from auditor.model.annotations import TYPE_CHECKING
from auditor.model.lean import dataclass

if TYPE_CHECKING:
    from auditor.model.location import Location
    from auditor.model.patch import Patch
    from auditor.model.rule import Confidence, RuleId, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A second place that belongs to a finding: a draw, a seed that comes too late, a step of the way there."""

    location: Location
    message: str
    is_step: bool = False
    """A call or an import on the way from the program to the place of the finding; steps stand in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that holds at a place."""

    rule_id: RuleId
    severity: Severity
    confidence: Confidence
    message: str
    """One sentence: what is there and why it matters here."""

    advice: str
    """One line: what to do."""

    location: Location
    related: tuple[Related, ...] = ()
    entry_points: tuple[str, ...] = ()
    """Programs (paths) that reach this place; empty where no entry point reaches it or the rule is not judged so."""

    patch: Patch | None = None
    key: str
    """Stable over line shifts, for baselines."""

    source_lines: tuple[str, ...] = ()
    """The source text of the location's lines, for display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A finding that a comment or the settings allow."""

    finding: Finding
    reason: str
    """The reason given; empty where none was given."""

    in_source: bool = True
    """By a comment; else by the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is wrong with a comment that allows findings: it does not count, or nothing needs it."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was not looked at, and why."""

    subject: str
    reason: str
