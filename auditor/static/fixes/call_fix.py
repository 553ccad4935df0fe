"""What the kinds of fix have in common whose findings are calls."""

from __future__ import annotations

from abc import abstractmethod

from auditor.model.annotations import TypeVar
from auditor.model.finding import Finding
from auditor.model.rule import Rule
from auditor.static.documents.document import Document
from auditor.static.facts import Call, ModuleFacts
from auditor.static.fixes.proposal import Proposal, Refusal
from auditor.static.project import Project
from auditor.static.resolution.nodeplace import call_at
from auditor.static.scanning.fixoptions import WithFixOptions

T = TypeVar("T")


class CallFix(WithFixOptions[T]):
    """Looks up the call that a rule found."""

    refusal = "the place is no call"
    """The reason where there is none."""

    def propose(
        self, finding: Finding, rule: Rule, target: ModuleFacts | Document, project: Project
    ) -> Proposal | Refusal:
        """Say what to change for a finding; see `Fix`."""
        call = call_at(target, finding.location) if isinstance(target, ModuleFacts) else None
        if call is None or not isinstance(target, ModuleFacts):
            return Refusal(reason=self.refusal)
        return self.propose_for(call, finding, rule, target, project)

    @abstractmethod
    def propose_for(
        self, call: Call, finding: Finding, rule: Rule, target: ModuleFacts, project: Project
    ) -> Proposal | Refusal:
        """Say what to change where the call stands."""
