"""Run a program with its operators counted and timed, and hold them against the list of non-deterministic ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import auditor
from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.ruleset import load
from auditor.ruleset.operators import facts_wanted
from auditor.runs.launch import check, launch
from auditor.runs.operatorcalls import read_calls
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import open_store
from auditor.runs.tracefile import open_run
from auditor.services.profile_removal import with_removals
from auditor.services.profile_report import profile_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOptions:
    """How to run the program; the words are those of running twice."""

    steps: int | None = None
    timeout_s: float | None = None
    python: Path | None = None
    quiet_program: bool = False
    scan: bool = True
    """Look in the source for the rule and the patch of every operator that is non-deterministic here."""


def profile_program(
    command: Sequence[str],
    *,
    cwd: Path,
    settings: Settings,
    options: ProfileOptions | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Run `command` once and report which of its operators are non-deterministic under the conditions that hold.

    The run is kept. Raises `ProgramError` with the end of its log where the program fails, `UsageError` where it cannot
    be started.
    """
    options, progress = options or ProfileOptions(), progress or Silent()
    if options.steps is not None and options.steps < 1:
        raise UsageError(f"--steps {options.steps}: at least one step must run")
    cwd = cwd.resolve()
    project = find_root([cwd])
    folder = open_store(project, settings.store).new()
    plan = LaunchPlan(
        argv=command,
        cwd=cwd,
        project=project,
        run_dir=folder.path,
        run_id=folder.id,
        python=options.python,
        probe={"stop_after_steps": options.steps, "profile": {"facts": facts_wanted(load().operators), "time": True}},
        timeout_s=options.timeout_s,
        quiet=options.quiet_program,
    )
    progress.stage("profile")
    run = launch(plan, lambda elapsed: _poll(progress, elapsed))
    check(run)
    return profile_run(run, settings=settings, scan=options.scan, progress=progress)


def profile_run(
    run: RunRecord, *, settings: Settings, scan: bool = True, progress: Progress | None = None
) -> AuditReport:
    """Report the same of a run that exists. One that was not made by `profile` has no times.

    Raises `TraceFormatError` for a damaged run and `UsageError` for one whose files are gone.
    """
    if not run.folder or not (Path(run.folder) / "trace").is_dir():
        raise UsageError(f"run {run.id}: its trace is gone, or it was made without one; run the program again")
    operators = load().operators
    calls = read_calls(
        open_run(Path(run.folder)), lambda name: any(operators.find(name, device) for device in ("cpu", "cuda"))
    )
    profile = profile_of(calls, operators, run, interrupted=run.status.ending is Ending.INTERRUPTED)
    report = AuditReport(
        tool=f"repro-audit {auditor.__version__}", project=Path(run.project).name, runs=(run,), profile=profile
    )
    return with_removals(report, run, settings, progress or Silent(), scan=scan)


def _poll(progress: Progress, elapsed_s: float) -> bool:
    progress.update(int(elapsed_s))
    return progress.cancelled()
