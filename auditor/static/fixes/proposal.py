"""What a kind of fix says about one finding, and the protocol of the kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from auditor.model.finding import Finding
from auditor.model.lean import dataclass
from auditor.model.patch import Applicability
from auditor.model.rule import Rule
from auditor.static.fixes.changes import Change

if TYPE_CHECKING:
    from auditor.static.documents.document import Document
    from auditor.static.facts import ModuleFacts
    from auditor.static.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Changes that belong together: all or none."""

    title: str
    """What it does, one line in the imperative: `pass a seeded generator to the DataLoader`."""

    applicability: Applicability
    changes: tuple[Change, ...]
    effect: str = ""
    """What else changes, for patches that are not safe: `the sample order changes once`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No patch for this finding, and why; what a person can do instead stands in the finding's advice."""

    reason: str
    """One sentence: `the call stands in a loop, where a constant seed would repeat the same draw`."""


class Fix(Protocol):
    """One kind of edit: `FIX` in `fixes/<kind>.py`, with `_` for the hyphens of the kind."""

    kind: str
    """The name in `fix.kind`."""

    def validate(self, options: Mapping[str, object], where: str) -> None:
        """Raise `RuleError` naming `where` (rule file and table) and the key when an option is unknown or malformed."""

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        """Say what to change for a finding; `target` is the file in which it lies."""
