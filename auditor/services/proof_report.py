"""From what was run to the report of a proof."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.dynamic.judge import without_comparison
from auditor.dynamic.training import compare_training
from auditor.model.lean import dataclass, field, replace
from auditor.model.patch import Applicability
from auditor.model.proof import Need, PatchProof, Proof, ProofRound, Training
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.model.verdict import Status
from auditor.runs.launch import log_tail
from auditor.services.laboratory import AS_IS, Laboratory, Version, patches_of, variables_of
from auditor.services.overhead import BASELINE
from auditor.services.price import Price, run_figures
from auditor.services.proof_reduction import Reduced
from auditor.services.proof_search import Search
from auditor.services.proof_words import advice, answer, reason_applied, reason_left_out
from auditor.static.patches import PlannedPatch

HIDDEN = (
    "Traced runs are equal, but runs of the same program without the tracer had different losses: what makes them "
    "differ is hidden by the tracer's timing."
)
TOGETHER = "all needed patches"
"""Label of the minimal set where it has several patches."""


@dataclass(kw_only=True)
class Evidence:
    """All that was run for a proof; it grows, and can be reported at any time."""

    lab: Laboratory
    scanned: AuditReport
    """Of the project as it is, about the program."""

    patches: Sequence[PlannedPatch]
    """Of the program, those that are not tried too."""

    search: Search
    steps: int | None
    idle: set[str] = field(default_factory=set)
    """Patches of files that the runs never loaded or read."""

    reduced: Reduced | None = None
    price: Price = field(default_factory=Price)
    interrupted: bool = False
    kept: list[RunRecord] = field(default_factory=list)
    """Runs that the report speaks of."""

    def is_proven(self) -> bool:
        """The last version is reproducible, and ran often enough to say so."""
        if not self.search.rounds:
            return False
        wanted = self.search.runs_wanted()
        runs = len(self.lab.runs(self.search.standing.version))
        return self.search.standing.status is Status.REPRODUCIBLE and wanted is not None and runs >= wanted

    def minimal(self) -> Version:
        if self.reduced is not None:
            return frozenset(self.reduced.reduction.kept)
        return self.search.standing.version if self.is_proven() else AS_IS

    # the report

    def report(self) -> AuditReport:
        lab, search = self.lab, self.search
        standing = search.standing if search.rounds else None
        proof = self._proof()
        verdict = standing.verdict if standing is not None else None
        if verdict is None:
            verdict = without_comparison(proof.reasons)
        elif verdict.status is not proof.status:
            verdict = replace(verdict, status=proof.status, reasons=(*proof.reasons, *verdict.reasons[1:]))
        self.kept = [*(standing.pair.records if standing is not None and standing.pair is not None else ())]
        version = standing.version if standing is not None else AS_IS
        return replace(
            self.scanned,
            runs=tuple(lab.told(record) for record in self.kept),
            verdict=self.lab.original(version).tell(verdict),
            proof=self.lab.original(AS_IS).tell(proof),  # its places are told already
        )

    def _proof(self) -> Proof:
        lab, search = self.lab, self.search
        standing = search.standing if search.rounds else None
        minimal = self.minimal()
        training = self._training()
        status, reasons = answer(search, proven=self.is_proven(), minimal=minimal, interrupted=self.interrupted)
        label = TOGETHER if len(minimal) > 1 else next(iter(minimal), BASELINE)
        if status is Status.REPRODUCIBLE and not self.price.losses_agree(label):
            status = Status.DIVERGENT
            reasons = (HIDDEN, *reasons[1:])
        proven = status is Status.REPRODUCIBLE
        return Proof(
            status=status,
            reasons=reasons,
            command=lab.command,
            steps=self.steps,
            confidence=search.confidence,
            runs=len(lab.runs(minimal if proven else standing.version)) if standing is not None else 0,
            launches=lab.launches,
            rounds=self._rounds(),
            patches=tuple(self._patch(patch, proven, minimal) for patch in self.patches),
            minimal=tuple(sorted(minimal)) if proven else (),
            diff=lab.plan.diff(patches_of(minimal)) if proven and patches_of(minimal) else "",
            launcher=variables_of(minimal) if proven else (),
            advice=() if proven else advice(search, lab.plan),
            price=self.price.report,
            training=training,
            interrupted=self.interrupted,
        )

    def _rounds(self) -> tuple[ProofRound, ...]:
        told = []
        for each in self.search.rounds:
            standing = each.standing
            found = ProofRound(
                added=each.added,
                patches=tuple(sorted(standing.version)),
                runs=len(self.lab.runs(standing.version)),
                status=standing.status or Status.INCONCLUSIVE,
                first=standing.first,
                cause=standing.causes[0] if standing.causes else None,
                rate=each.rate,
            )
            told.append(self.lab.original(standing.version).tell(found))
        return tuple(told)

    def _patch(self, patch: PlannedPatch, proven: bool, minimal: Version) -> PatchProof:
        need, reason, log = self._judge(patch, proven, minimal)
        alone = self.price.figures(patch.id)
        unpatched = self.price.figures(BASELINE)
        training = compare_training(unpatched, alone, bool(patch.effect)) if alone and len(minimal) > 1 else None
        return PatchProof(
            id=patch.id,
            title=patch.title,
            rule_ids=patch.rule_ids,
            files=patch.files,
            applicability=patch.applicability,
            effect=patch.effect,
            need=need,
            reason=reason,
            log=log,
            price=self.price.ratio(patch.id),
            training=training,
        )

    def _judge(self, patch: PlannedPatch, proven: bool, minimal: Version) -> tuple[Need, str, tuple[str, ...]]:
        search = self.search
        if patch.applicability is Applicability.DISPLAY:
            return Need.NOT_TRIED, "a person has to decide about it", ()
        if patch.id in self.idle:
            return Need.NOT_EXERCISED, f"this run never loaded {', '.join(patch.files)}", ()
        if patch.id in search.broken:
            broken = search.broken[patch.id]
            late = broken.status.ending is Ending.TIMED_OUT
            what = f"had not ended after {broken.duration_s:.0f} s" if late else "fails"
            return Need.BREAKS, f"the program {what} with it; left out", log_tail(broken)
        if patch.id in search.refused:
            return Need.NOT_TRIED, search.refused[patch.id], ()
        if not search.rounds or patch.id not in search.standing.version:
            need, reason = reason_left_out(search, proven)
            return need, reason, ()
        if self.reduced is None:
            return Need.UNKNOWN, reason_applied(search, patch.id), ()
        reduction = self.reduced.reduction
        if patch.id in reduction.removed:
            without = [v for v in self.reduced.reasons if patch.id not in v and v >= minimal]
            reasons = [self.reduced.reasons[version] for version in without]
            return Need.NOT_NEEDED, reasons[0] if reasons else "the program is reproducible without it", ()
        need = Need.UNKNOWN if patch.id in reduction.unknown else Need.NEEDED
        return need, self.reduced.reason_without(patch.id), ()

    def _training(self) -> Training | None:
        """The program with the minimal set against the program as it is."""
        minimal = self.minimal()
        if not minimal or not self.is_proven():
            return None
        label = TOGETHER if len(minimal) > 1 else next(iter(minimal))
        unpatched, patched = self.price.figures(BASELINE), self.price.figures(label)
        if not patched:
            unpatched = [run_figures(record) for record in self.lab.runs(AS_IS)]
            patched = [run_figures(record) for record in self.lab.runs(minimal)]
        effect = any(patch.effect for patch in self.patches if patch.id in minimal)
        return compare_training(unpatched, patched, effect)
