"""Findings that an earlier state of a project had already, so that a scan tells only what is new."""

from __future__ import annotations

from enum import Enum

from auditor.model.lean import dataclass
from auditor.model.rule import RuleId


class EarlierKind(Enum):
    """What findings were held against."""

    BASELINE = "baseline"
    REVISION = "revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFinding:
    """A finding without its line number, which other edits move."""

    key: str
    """That of the finding."""

    rule_id: RuleId
    path: str
    """File, relative to the project, with `/`."""

    programs: tuple[str, ...] = ()
    """The programs that it is about; empty where the rule is not judged for each program by itself."""

    source: str
    """First line of the place, with single spaces."""

    reason: str = ""
    """Why it is accepted, in the words of a person; empty where nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier state made of the findings of a scan."""

    kind: EarlierKind
    name: str
    """The baseline file, or the revision as it was asked for."""

    known: int
    """Findings that were there already; they are not told."""

    gone: tuple[KnownFinding, ...] = ()
    """What was there and is no more; only what this scan could have found."""
