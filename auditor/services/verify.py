"""Prove patches by running: with which of them is a program reproducible, what do they cost, does it learn the same?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.errors import ProgramError, UsageError
from auditor.model.evidence import EvidenceKind
from auditor.model.lean import dataclass
from auditor.model.patch import Applicability
from auditor.model.report import AuditReport
from auditor.model.run import RunRecord
from auditor.runs.launch import check
from auditor.services.evidence import leaves_evidence
from auditor.services.laboratory import AS_IS, Laboratory, Plan, StoppedError, Version
from auditor.services.price import measure
from auditor.services.program import about_program, script_of
from auditor.services.progress import Progress, Silent
from auditor.services.proof_reduction import Trials
from auditor.services.proof_report import TOGETHER, Evidence
from auditor.services.proof_search import Search
from auditor.services.settings import Settings
from auditor.services.touched import executed_files
from auditor.services.twice import RunFailedError, TwiceOptions


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


@leaves_evidence(EvidenceKind.VERIFY)
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
    evidence = _begin(lab, options)
    try:
        _prove(evidence, options)
        return evidence.report()
    except StoppedError:
        evidence.interrupted = True
        return evidence.report()
    finally:
        lab.close(evidence.kept)


def _begin(lab: Laboratory, options: VerifyOptions) -> Evidence:
    """What is known before anything ran: which patches are about the program."""
    plan = lab.plan
    scanned = about_program(plan.report, script_of(lab.command, lab.cwd), lab.project, unplaced=True)
    keys = {finding.key for finding in scanned.findings}
    patches = tuple(patch for patch in plan.patches if set(patch.finding_keys) & keys)
    tried = [patch for patch in patches if patch.applicability is not Applicability.DISPLAY]
    search = Search(lab, tried, confidence=options.confidence, most_runs=options.max_runs)
    return Evidence(lab=lab, scanned=scanned, patches=patches, search=search, steps=options.steps)


def _prove(evidence: Evidence, options: VerifyOptions) -> None:
    """Search, reduce, time; whatever is known stays in the evidence when it is stopped."""
    search, lab = evidence.search, evidence.lab
    lab.expected = 2
    begun = search.begin()
    if begun.failed is not None:
        evidence.kept.append(begun.failed)
        _give_up(lab, begun.failed)
    _leave_out_idle(evidence)
    search.go()
    if not evidence.is_proven():
        return
    if search.standing.version:
        evidence.reduced = Trials(search).run()
        evidence.interrupted |= not evidence.reduced.reduction.complete
    if options.timed_runs and evidence.minimal() and not evidence.interrupted:
        evidence.price = measure(lab, _versions_to_time(evidence.minimal()), options.timed_runs)
        evidence.interrupted |= lab.progress.cancelled()


def _give_up(lab: Laboratory, failed: RunRecord) -> None:
    try:
        check(failed)
    except ProgramError as error:
        quoted, _, message = str(error).rpartition("\n")
        message += f"; it ran in a copy of {lab.project}, as it is, without any patch"
        if lab.runs(AS_IS)[0] is not failed:
            message += ". An earlier run there ended well: if it cannot run twice in one folder, add --fresh"
        raise RunFailedError(lab.original(AS_IS).tell(f"{quoted}\n{message}"), failed) from None


def _leave_out_idle(evidence: Evidence) -> None:
    """Patches of files that the runs never loaded or read cannot matter to them."""
    executed = executed_files(evidence.lab.runs(AS_IS))
    if executed is not None:
        evidence.idle = {patch.id for patch in evidence.patches if not executed & set(patch.files)}
        for each in evidence.idle:
            evidence.search.patches.pop(each, None)


def _versions_to_time(minimal: Version) -> dict[str, Version]:
    alone = {each: frozenset({each}) for each in sorted(minimal)}
    return alone if len(minimal) == 1 else {TOGETHER: minimal, **alone}
