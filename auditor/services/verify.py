"""Prove patches by running: with which of them is a program reproducible, what do they cost, does it learn the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.dynamic.judge import without_comparison
from auditor.dynamic.training import compare_training
from auditor.errors import ProgramError, UsageError
from auditor.model.patch import Applicability
from auditor.model.proof import Need, PatchProof, Proof, ProofRound, Training
from auditor.model.report import AuditReport
from auditor.model.run import RunRecord
from auditor.model.verdict import Status
from auditor.runs.launch import check, log_tail
from auditor.services.laboratory import (
    AS_IS,
    Laboratory,
    Plan,
    StoppedError,
    Version,
    executed_files,
    patches_of,
    variables_of,
)
from auditor.services.overhead import BASELINE
from auditor.services.price import Price, measure, run_figures
from auditor.services.program import about_program, script_of
from auditor.services.progress import Progress, Silent
from auditor.services.proof_reduction import Reduced, Trials
from auditor.services.proof_search import Search
from auditor.services.proof_words import advice, answer, reason_applied, reason_left_out
from auditor.services.settings import Settings
from auditor.services.twice import RunFailedError, TwiceOptions
from auditor.static.patches import PlannedPatch

TOGETHER = "all needed patches"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """How far to go for a proof."""

    steps: int | None = None
    """Stop every run after so many optimizer steps."""

    timeout_s: float | None = None
    python: Path | None = None
    confidence: float = 0.95
    max_runs: int = 6
    """Most runs of any one version of the program. Six that all differ ask for six that agree, at 95 %."""

    timed_runs: int = 6
    """Runs of each version that the price is measured with; 0 leaves it out."""

    fresh: bool = False
    """Every run starts from the project's own files; else the second run sees what the first one wrote."""

    def check(self) -> None:
        """Raise `UsageError` for wishes that cannot be met."""
        if not 0.5 <= self.confidence < 1:
            raise UsageError(f"--confidence {self.confidence}: expected a share from 0.5 to below 1")
        if self.max_runs < 3:
            raise UsageError(f"--max-runs {self.max_runs}: three runs of a version are the least")
        if self.timed_runs < 0:
            raise UsageError(f"--runs {self.timed_runs}: expected 0 or more")
        if self.steps is not None and self.steps < 1:
            raise UsageError(f"--steps {self.steps}: at least one step must run")


def verify(
    command: Sequence[str],
    plan: Plan,
    *,
    cwd: Path,
    settings: Settings,
    options: VerifyOptions | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Prove which of a plan's patches make `command` reproducible; the report has a `proof`.

    The program runs in a copy of the project, many times; the project itself is only read. Patches that a person must
    decide about are not tried. Raises `RunFailedError` where the program fails as it is. An interrupt ends it with what
    is known by then, which is no proof.
    """
    options = options or VerifyOptions()
    options.check()
    lab = Laboratory(
        plan=plan,
        command=tuple(command),
        cwd=cwd,
        settings=settings,
        options=TwiceOptions(
            steps=options.steps,
            timeout_s=options.timeout_s,
            python=options.python,
            full=not options.timed_runs,
            quiet_program=True,
        ),
        progress=progress or Silent(),
        fresh=options.fresh,
    )
    verification = _Verification(lab, options)
    try:
        return verification.run()
    finally:
        lab.close(verification.kept)


class _Verification:
    """One proof, from the first run to the report."""

    def __init__(self, lab: Laboratory, options: VerifyOptions) -> None:
        self._lab = lab
        self._options = options
        plan = lab.plan
        self._script = script_of(lab.command, lab.cwd)
        self._report = about_program(plan.report, self._script, lab.project)
        keys = {finding.key for finding in self._report.findings}
        self._patches = tuple(patch for patch in plan.patches if set(patch.finding_keys) & keys)
        tried = [patch for patch in self._patches if patch.applicability is not Applicability.DISPLAY]
        self._search = Search(lab, tried, confidence=options.confidence, most_runs=options.max_runs)
        self._idle: set[str] = set()
        self._reduced: Reduced | None = None
        self._price = Price()
        self._interrupted = False
        self.kept: list[RunRecord] = []

    def run(self) -> AuditReport:
        try:
            self._prove()
        except StoppedError:
            self._interrupted = True
        return self._told()

    def _prove(self) -> None:
        search, lab = self._search, self._lab
        lab.expected = 2
        begun = search.begin()
        if begun.failed is not None:
            self._give_up(begun.failed)
        self._leave_out_idle()
        search.go()
        if self._is_proven() and search.standing.version:
            self._reduced = Trials(search).run()
            self._interrupted |= not self._reduced.reduction.complete
        if self._is_proven() and self._options.timed_runs and self._minimal() and not self._interrupted:
            self._price = measure(lab, self._versions_to_time(), self._options.timed_runs)
            self._interrupted |= lab.progress.cancelled()

    def _give_up(self, failed: RunRecord) -> None:
        self.kept.append(failed)
        try:
            check(failed)
        except ProgramError as error:
            hint = f"\nIt ran in a copy of {self._lab.project}, as it is, without any patch."
            if self._lab.runs(AS_IS)[0] is not failed:
                hint += " An earlier run there ended well: if it cannot run twice in one folder, add --fresh."
            raise RunFailedError(f"{error}{hint}", failed) from None

    def _leave_out_idle(self) -> None:
        """Patches of files that the runs never loaded or read cannot matter to them."""
        executed = executed_files(self._lab.runs(AS_IS))
        if executed is not None:
            self._idle = {patch.id for patch in self._patches if not executed & set(patch.files)}
            for each in self._idle:
                self._search.patches.pop(each, None)

    def _is_proven(self) -> bool:
        """The last version is reproducible, and ran often enough to say so."""
        if not self._search.rounds:
            return False
        wanted = self._search.runs_wanted()
        runs = len(self._lab.runs(self._search.standing.version))
        return self._search.standing.status is Status.REPRODUCIBLE and wanted is not None and runs >= wanted

    def _minimal(self) -> Version:
        if self._reduced is not None:
            return frozenset(self._reduced.reduction.kept)
        return self._search.standing.version if self._is_proven() else AS_IS

    def _versions_to_time(self) -> dict[str, Version]:
        minimal = self._minimal()
        alone = {each: frozenset({each}) for each in sorted(minimal)}
        return alone if len(minimal) == 1 else {TOGETHER: minimal, **alone}

    # the report

    def _told(self) -> AuditReport:
        lab, search = self._lab, self._search
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
            self._report,
            runs=tuple(lab.told(record) for record in self.kept),
            verdict=self._lab.original(version).tell(verdict),
            proof=self._lab.original(version).tell(proof),
        )

    def _proof(self) -> Proof:
        lab, search = self._lab, self._search
        standing = search.standing if search.rounds else None
        minimal = self._minimal()
        training = self._training()
        status, reasons = answer(search, proven=self._is_proven(), minimal=minimal, interrupted=self._interrupted)
        label = TOGETHER if len(minimal) > 1 else next(iter(minimal), BASELINE)
        if status is Status.REPRODUCIBLE and not self._price.losses_agree(label):
            status = Status.DIVERGENT
            reasons = (
                "Traced runs are equal, but runs of the same program without the tracer had different losses: "  # noqa: ISC004
                "what makes them differ is hidden by the tracer's timing.",
                *reasons[1:],
            )
        proven = status is Status.REPRODUCIBLE
        return Proof(
            status=status,
            reasons=reasons,
            command=lab.command,
            steps=self._options.steps,
            confidence=self._options.confidence,
            runs=len(lab.runs(minimal if proven else standing.version)) if standing is not None else 0,
            launches=lab.launches,
            rounds=self._rounds(),
            patches=tuple(self._patch(patch, proven, minimal) for patch in self._patches),
            minimal=tuple(sorted(minimal)) if proven else (),
            diff=lab.plan.diff(patches_of(minimal)) if proven and patches_of(minimal) else "",
            launcher=variables_of(minimal) if proven else (),
            advice=() if proven else advice(search, lab.plan),
            price=self._price.report,
            training=training,
            interrupted=self._interrupted,
        )

    def _rounds(self) -> tuple[ProofRound, ...]:
        told = []
        for each in self._search.rounds:
            standing = each.standing
            found = ProofRound(
                added=each.added,
                patches=tuple(sorted(standing.version)),
                runs=len(self._lab.runs(standing.version)),
                status=standing.status or Status.INCONCLUSIVE,
                first=standing.first,
                cause=standing.causes[0] if standing.causes else None,
                rate=each.rate,
            )
            told.append(self._lab.original(standing.version).tell(found))
        return tuple(told)

    def _patch(self, patch: PlannedPatch, proven: bool, minimal: Version) -> PatchProof:
        need, reason, log = self._judge(patch, proven, minimal)
        alone = self._price.figures(patch.id)
        unpatched = self._price.figures(BASELINE)
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
            price=self._price.ratio(patch.id),
            training=training,
        )

    def _judge(self, patch: PlannedPatch, proven: bool, minimal: Version) -> tuple[Need, str, tuple[str, ...]]:
        search = self._search
        if patch.applicability is Applicability.DISPLAY:
            return Need.NOT_TRIED, "a person has to decide about it", ()
        if patch.id in self._idle:
            return Need.NOT_EXERCISED, f"this run never loaded {', '.join(patch.files)}", ()
        if patch.id in search.broken:
            return Need.BREAKS, "the program fails with it; left out", log_tail(search.broken[patch.id])
        if patch.id in search.refused:
            return Need.NOT_TRIED, search.refused[patch.id], ()
        if not search.rounds or patch.id not in search.standing.version:
            need, reason = reason_left_out(search, proven)
            return need, reason, ()
        if self._reduced is None:
            return Need.UNKNOWN, reason_applied(search, patch.id), ()
        reduction = self._reduced.reduction
        if patch.id in reduction.removed:
            without = [v for v in self._reduced.reasons if patch.id not in v and v >= minimal]
            reasons = [self._reduced.reasons[version] for version in without]
            return Need.NOT_NEEDED, reasons[0] if reasons else "the program is reproducible without it", ()
        need = Need.UNKNOWN if patch.id in reduction.unknown else Need.NEEDED
        return need, self._reduced.reason_without(patch.id), ()

    def _training(self) -> Training | None:
        """The program with the minimal set against the program as it is."""
        minimal = self._minimal()
        if not minimal or not self._is_proven():
            return None
        label = TOGETHER if len(minimal) > 1 else next(iter(minimal))
        unpatched, patched = self._price.figures(BASELINE), self._price.figures(label)
        if not patched:
            unpatched = [run_figures(record) for record in self._lab.runs(AS_IS)]
            patched = [run_figures(record) for record in self._lab.runs(minimal)]
        effect = any(patch.effect for patch in self._patches if patch.id in minimal)
        return compare_training(unpatched, patched, effect)
