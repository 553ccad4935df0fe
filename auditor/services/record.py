"""Run a program once under the probe, and keep what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import auditor
from auditor.errors import UsageError
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.ruleset import load
from auditor.ruleset.operators import facts_at_hand
from auditor.runs.launch import check, launch
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import open_store
from auditor.runs.workplace import Workplace
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root

ISOLATION = ("none", "copy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How to run; the same words as for running twice."""

    steps: int | None = None
    timeout_s: float | None = None
    isolate: str = "none"
    python: Path | None = None
    compile: str = "keep"
    quiet_program: bool = False


def record(
    command: Sequence[str],
    *,
    cwd: Path,
    settings: Settings,
    options: RecordOptions | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Run `command` once in `cwd`; the report has the run and no verdict, since one run alone proves nothing.

    Raises `ProgramError` with the end of its log where the program fails or hangs.
    """
    options = options or RecordOptions()
    progress = progress or Silent()
    if options.isolate not in ISOLATION:
        raise UsageError(f"isolate: expected one of {', '.join(ISOLATION)}, found `{options.isolate}`")
    cwd = cwd.resolve()
    project = find_root([cwd]).resolve()
    store = open_store(project, settings.store)
    folder = store.new()
    place = Workplace.of(command, cwd, project)
    if options.isolate == "copy":
        place = place.copied_to(folder.path, store.root, options.python)
    plan = LaunchPlan(
        argv=place.command,
        cwd=place.cwd,
        project=place.project,
        environment=place.variables,
        run_dir=folder.path,
        run_id=folder.id,
        python=options.python,
        probe={
            "stop_after_steps": options.steps,
            "compile": options.compile,
            "profile": {"facts": facts_at_hand(load().operators), "time": False},
        },
        timeout_s=options.timeout_s,
        quiet=options.quiet_program,
    )
    progress.stage("run")
    run = launch(plan, lambda elapsed: _poll(progress, elapsed))
    check(run)
    return AuditReport(tool=f"repro-audit {auditor.__version__}", project=project.name, runs=(run,))


def _poll(progress: Progress, elapsed_s: float) -> bool:
    progress.update(int(elapsed_s))
    return progress.cancelled()
