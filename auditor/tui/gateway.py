"""The services that the TUI calls, as one object that tests replace. Each is imported when it is first called."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.services.progress import Progress

if TYPE_CHECKING:
    from auditor.model.divergence import Divergence
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.services.settings import Settings
    from auditor.tui.evidence import Evidence


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
class Services:
    """Called from thread workers, all but `open_editor`."""

    scan: Callable[[Sequence[Path], Path, Progress], AuditReport]
    run_twice: Callable[[ProgramRequest, Progress], AuditReport]
    compare: Callable[[RunRecord, RunRecord, Progress], AuditReport]
    measure_overhead: Callable[[ProgramRequest, Progress], AuditReport]
    stored_runs: Callable[[Path], tuple[RunRecord, ...]]
    """Newest first."""

    find_run: Callable[[str, Path], RunRecord]
    open_evidence: Callable[[RunRecord, RunRecord, Divergence | None], Evidence]
    open_editor: Callable[[Sequence[str]], int]
    """Run an editor's command in the foreground; returns its exit code."""


def real_services(settings: Settings) -> Services:
    """The services of `auditor.services`, with these settings."""

    def scan(paths: Sequence[Path], root: Path, progress: Progress) -> AuditReport:
        from auditor.services.scan import scan

        return scan(paths, settings, progress, root=root)

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

    def find_run(name: str, root: Path) -> RunRecord:
        from auditor.services.history import find_run

        return find_run(name, root, settings)

    def open_evidence(reference: RunRecord, candidate: RunRecord, first: Divergence | None) -> Evidence:
        from auditor.tui.trace_evidence import open_evidence

        return open_evidence(reference, candidate, first)

    return Services(
        scan=scan,
        run_twice=run_twice,
        compare=compare,
        measure_overhead=measure_overhead,
        stored_runs=stored_runs,
        find_run=find_run,
        open_evidence=open_evidence,
        open_editor=lambda command: subprocess.run(command, check=False).returncode,
    )
