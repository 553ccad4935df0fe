"""The patches at hand: what was planned, marked, tried and applied. Changed by the app's message handlers only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditor.model.patch import Applicability

if TYPE_CHECKING:
    from auditor.model.proof import PatchProof, Proof
    from auditor.services.fix import FixPlan, PlannedPatch
    from auditor.services.journal import Step
    from auditor.services.trial import Trial

APPLICABILITY = {Applicability.SAFE: "safe", Applicability.UNSAFE: "unsafe", Applicability.DISPLAY: "look"}
"""Words of at most six letters, for the list and for `is:safe`; `look`: shown and never applied."""


class PatchDesk:
    """Patches by finding. A new scan makes the plan and the trials void: they were for other source."""

    def __init__(self) -> None:
        self.plan: FixPlan | None = None
        self.problem = ""
        """Why there is no plan."""

        self.marked: set[str] = set()
        """Keys of findings."""

        self.steps: tuple[Step, ...] | None = None
        """What was ever applied to the project, the oldest first; None before the journal was read."""

        self.own_steps: set[str] = set()
        """Steps of this session: `u` takes them back without a question."""

        self.proof: Proof | None = None
        """Which patches the program needs, where that was found out."""

        self._trials: dict[str, Trial] = {}
        self._by_finding: dict[str, PlannedPatch] = {}
        self._reasons: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def forget(self, keys: Iterable[str]) -> None:
        """The source may have changed; these are the keys of the findings that there are now."""
        self.plan, self.problem = None, ""
        self.marked.intersection_update(keys)
        self.proof = None
        self._trials.clear()
        self._by_finding, self._reasons, self._numbers = {}, {}, {}

    def take(self, plan: FixPlan | None, problem: str = "") -> None:
        """Use a plan, or remember why there is none."""
        self.plan, self.problem = plan, problem
        if plan is not None:
            self._by_finding = {key: patch for patch in plan.patches for key in patch.finding_keys}
            self._reasons = {each.finding_key: each.reason for each in plan.refused}
            self._numbers = {patch.id: number for number, patch in enumerate(plan.patches, start=1)}

    @property
    def is_planned(self) -> bool:
        """A plan was made, or it is known why it cannot be."""
        return self.plan is not None or bool(self.problem)

    @property
    def total(self) -> int:
        return len(self._numbers)

    def number(self, patch: PlannedPatch) -> int:
        """Its place among all patches, from 1."""
        return self._numbers[patch.id]

    def patch(self, key: str) -> PlannedPatch | None:
        """The patch that removes a finding."""
        return self._by_finding.get(key)

    def word(self, key: str) -> str:
        """`safe`, `unsafe`, `look`; empty where there is no patch."""
        patch = self._by_finding.get(key)
        return APPLICABILITY[patch.applicability] if patch else ""

    def why_none(self, key: str) -> str:
        """Why there is no patch for a finding, as half a sentence; empty if there is one."""
        if key in self._by_finding:
            return ""
        if self.problem:
            return self.problem.splitlines()[0]
        if self.plan is None:
            return "patches are still being planned"
        return self._reasons.get(key, "it lies outside of what was scanned")

    def of_rule(self, rule_id: str) -> tuple[PlannedPatch, ...]:
        """All patches for findings of a rule."""
        plan = self.plan
        return tuple(patch for patch in plan.patches if rule_id in patch.rule_ids) if plan is not None else ()

    def of_findings(self, keys: Iterable[str]) -> tuple[PlannedPatch, ...]:
        """The patches for these findings, each once, in the plan's order."""
        wanted = {patch.id for key in keys if (patch := self._by_finding.get(key))}
        return tuple(patch for patch in self.plan.patches if patch.id in wanted) if self.plan is not None else ()

    def keep_trial(self, trial: Trial) -> None:
        """Show what came out at each of its patches."""
        self._trials.update(dict.fromkeys(trial.patches, trial))

    def trial(self, key: str) -> Trial | None:
        """What came out when the patch of a finding was tried last."""
        patch = self._by_finding.get(key)
        return self._trials.get(patch.id) if patch else None

    def proven(self, key: str) -> PatchProof | None:
        """What the proof says of the patch of a finding."""
        patch = self._by_finding.get(key)
        found = self.proof.patches if self.proof else ()
        return next((each for each in found if patch is not None and each.id == patch.id), None)

    @property
    def was_tried(self) -> bool:
        """Some patch was."""
        return bool(self._trials) or self.proof is not None

    def is_verified(self, key: str) -> bool:
        """Its patch was tried last in a version whose runs were equal."""
        from auditor.model.verdict import Status  # the first frame comes sooner without it

        trial = self.trial(key)
        return trial is not None and trial.verdict is not None and trial.verdict.status is Status.REPRODUCIBLE

    @property
    def last_step(self) -> Step | None:
        """What `u` takes back."""
        return next((step for step in reversed(self.steps or ()) if step.undone_at is None), None)
