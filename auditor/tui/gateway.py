"""The services that the TUI calls, as one object that tests replace. Each is imported when it is first called."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.lean import dataclass, field, replace
from auditor.services.progress import Progress

if TYPE_CHECKING:
    from auditor.model.divergence import Divergence
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.services.acceptance import BaselineChange
    from auditor.services.apply import Applied, Undone
    from auditor.services.fix import FixPlan
    from auditor.services.journal import Step
    from auditor.services.settings import Settings
    from auditor.services.trial import Trial
    from auditor.tui.evidence import Evidence


LOG_LINES = 200
"""How much of a program's output is read into a panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRequest:
    """What the person asked to run."""

    command: tuple[str, ...]
    cwd: Path
    steps: int | None = None
    isolate: str = "none"
    runs: int = 10
    """For the cost of deterministic mode: runs of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """A scan, with what of it the baseline knows."""

    report: AuditReport
    known: Mapping[str, str] = field(default_factory=dict)
    """Keys of those of its findings that the baseline knows, each with the reason given there; empty where they are
    left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Called from thread workers, all but `open_editor` and `log_tail`."""

    scan: Callable[[Sequence[Path], Path | None, bool, Progress], ScanAnswer]
    """With the baseline to hold it against; the flag asks for findings that it knows, too."""

    accept: Callable[[AuditReport, Collection[str], Path, str], BaselineChange]
    """Add findings of a report to a baseline, with a reason."""

    take_out: Callable[[Collection[str], Path], BaselineChange]
    """Remove findings from a baseline."""

    take_back: Callable[[BaselineChange], BaselineChange]

    plan: Callable[[Sequence[Path], AuditReport, Path, Progress], FixPlan]
    """Patches for the findings of a report."""

    apply: Callable[[FixPlan, Collection[str]], Applied]
    undo: Callable[[Path, str | None], Undone]
    steps: Callable[[Path], tuple[Step, ...]]
    """What was ever applied to the project, the oldest first."""

    verify: Callable[[FixPlan, Collection[str], ProgramRequest, Progress], Trial]
    run_twice: Callable[[ProgramRequest, Progress], AuditReport]
    compare: Callable[[RunRecord, RunRecord, Progress], AuditReport]
    measure_overhead: Callable[[ProgramRequest, Progress], AuditReport]
    stored_runs: Callable[[Path], tuple[RunRecord, ...]]
    """Newest first."""

    newest_pair: Callable[[Path], tuple[RunRecord, RunRecord] | None]
    """The two runs that were compared last, reference first; None where there are none."""

    find_run: Callable[[str, Path], RunRecord]
    log_tail: Callable[[RunRecord], tuple[str, ...]]
    """The last lines that a run's program printed; empty where it printed none."""

    open_evidence: Callable[[RunRecord, RunRecord, Divergence | None], Evidence]
    open_editor: Callable[[Sequence[str]], int]
    """Run an editor's command in the foreground; returns its exit code."""

    profile: Callable[[RunRecord, Progress], AuditReport]
    """Which operators of a stored run are non-deterministic under the conditions that held."""

    prove: Callable[[FixPlan, ProgramRequest, Progress], AuditReport]
    """Which patches the program needs to be reproducible, and their price: a report with a proof."""


def real_services(settings: Settings) -> Services:
    """The services of `auditor.services`, with these settings."""

    def scan(paths: Sequence[Path], baseline: Path | None, shows_known: bool, progress: Progress) -> ScanAnswer:
        from auditor.services.check import check

        if baseline is None or not shows_known:
            return ScanAnswer(report=check(paths, replace(settings, baseline=baseline), progress=progress))
        from auditor.services.baseline import read_baseline

        report = check(paths, replace(settings, baseline=None), progress=progress)
        reasons = {entry.key: entry.reason for entry in read_baseline(baseline)}
        return ScanAnswer(
            report=report, known={each.key: reasons[each.key] for each in report.findings if each.key in reasons}
        )

    def accept(report: AuditReport, keys: Collection[str], path: Path, reason: str) -> BaselineChange:
        from auditor.services.acceptance import accept

        return accept(report, keys, path, reason)

    def take_out(keys: Collection[str], path: Path) -> BaselineChange:
        from auditor.services.acceptance import take_out

        return take_out(keys, path)

    def take_back(change: BaselineChange) -> BaselineChange:
        from auditor.services.acceptance import take_back

        return take_back(change)

    def plan(paths: Sequence[Path], report: AuditReport, root: Path, progress: Progress) -> FixPlan:
        from auditor.services.fix import plan_for

        return plan_for(report, paths, settings, progress, root=root)

    def apply(plan: FixPlan, ids: Collection[str]) -> Applied:
        from auditor.services.apply import apply

        return apply(plan, ids, store=settings.store)

    def undo(root: Path, step: str | None) -> Undone:
        from auditor.services.apply import undo

        return undo(root, step, store=settings.store)

    def steps(root: Path) -> tuple[Step, ...]:
        from auditor.services.apply import history

        return history(root, store=settings.store)

    def verify(plan: FixPlan, ids: Collection[str], request: ProgramRequest, progress: Progress) -> Trial:
        from auditor.services.trial import try_patches

        return try_patches(
            plan, ids, request.command, cwd=request.cwd, settings=settings, steps=request.steps, progress=progress
        )

    def run_twice(request: ProgramRequest, progress: Progress) -> AuditReport:
        from auditor.services.twice import TwiceOptions, run_twice

        options = TwiceOptions(
            steps=request.steps,
            isolate="copy" if request.isolate == "copy" else "none",
            quiet_program=True,  # its output would run over the screen; it is in the run's log
        )
        return run_twice(request.command, cwd=request.cwd, settings=settings, options=options, progress=progress)

    def compare(reference: RunRecord, candidate: RunRecord, progress: Progress) -> AuditReport:
        from auditor.services.compare import compare_runs

        return compare_runs(reference, candidate, settings, progress)

    def measure_overhead(request: ProgramRequest, progress: Progress) -> AuditReport:
        from auditor.services.overhead import measure_overhead

        return measure_overhead(
            request.command,
            cwd=request.cwd,
            settings=settings,
            runs=request.runs,
            steps=request.steps,
            progress=progress,
        )

    def stored_runs(root: Path) -> tuple[RunRecord, ...]:
        from auditor.services.history import stored_runs

        return tuple(reversed(stored_runs(root, settings)))

    def newest_pair(root: Path) -> tuple[RunRecord, RunRecord] | None:
        from auditor.services.history import newest_pair

        return newest_pair(root, settings)

    def find_run(name: str, root: Path) -> RunRecord:
        from auditor.services.history import find_run

        return find_run(name, root, settings)

    def log_tail(run: RunRecord) -> tuple[str, ...]:
        from auditor.runs.launch import log_tail

        return log_tail(run, LOG_LINES)

    def open_evidence(reference: RunRecord, candidate: RunRecord, first: Divergence | None) -> Evidence:
        from auditor.tui.trace_evidence import open_evidence

        return open_evidence(reference, candidate, first)

    def profile(run: RunRecord, progress: Progress) -> AuditReport:
        from auditor.services.profile import profile_run

        return profile_run(run, settings=settings, progress=progress)

    def prove(plan: FixPlan, request: ProgramRequest, progress: Progress) -> AuditReport:
        from auditor.services.verify import VerifyOptions, verify

        options = VerifyOptions(steps=request.steps)
        return verify(request.command, plan, cwd=request.cwd, settings=settings, options=options, progress=progress)

    return Services(
        scan=scan,
        accept=accept,
        take_out=take_out,
        take_back=take_back,
        plan=plan,
        apply=apply,
        undo=undo,
        steps=steps,
        verify=verify,
        profile=profile,
        prove=prove,
        run_twice=run_twice,
        compare=compare,
        measure_overhead=measure_overhead,
        stored_runs=stored_runs,
        newest_pair=newest_pair,
        find_run=find_run,
        log_tail=log_tail,
        open_evidence=open_evidence,
        open_editor=lambda command: subprocess.run(command, check=False).returncode,
    )
