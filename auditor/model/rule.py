"""What a rule says: pattern, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from auditor.model.annotations import NewType
from auditor.model.lean import dataclass

RuleId = NewType("RuleId", str)


class Severity(Enum):
    """How bad it is where it holds; apart from how sure we are that it holds."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Confidence(Enum):
    """How sure we are that the pattern is really there."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Category(Enum):
    """Groups of rules, and of causes of divergence."""

    SEEDING = "seeding"
    OPERATORS = "operators"
    DATA_ORDER = "data-order"
    ENVIRONMENT = "environment"
    FRAMEWORK = "framework"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What to look for: `kind` names a matcher or detector, `options` are its checked parameters."""

    kind: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixAdvice:
    """The rule's `[fix]` table: what a person should do, in one line; later the edit that does it."""

    summary: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A piece of source with the lines on which the rule must speak; an empty `finds` means silence."""

    source: str
    finds: tuple[int, ...]
    fixed: str | None = None
    """What the patch must yield; None where the rule has no patch."""

    path: str = "example.py"
    requirements: str | None = None
    """Content of a `requirements.txt` beside it, for rules that depend on versions."""

    confidence: Confidence | None = None
    """Confidence that every finding must have; None: whichever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One pattern that a person would explain or allow as one thing."""

    id: RuleId
    name: str
    """The pattern itself, so that "allow <name>" reads well: `cudnn-benchmark`."""

    title: str
    category: Category
    severity: Severity
    confidence: Confidence
    explanation: str
    """Markdown."""

    references: tuple[str, ...]
    match: Match
    fix: FixAdvice
    examples: tuple[Example, ...]
    sources: tuple[str, ...]
    """Ids of the catalogue entries that the rule covers."""

    path: str
    """The rule file, for messages."""

    devices: tuple[str, ...] = ()
    """Kinds of device (`cpu`, `cuda`) on which it holds; empty means any. A rule for `cuda` alone speaks with low
    confidence where nothing in the program uses CUDA."""

    versions: str | None = None
    """Library versions for which it holds (`torch < 2.10`); None means all."""
