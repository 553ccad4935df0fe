"""A single run: what was recorded, since one run alone proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.model.report import AuditReport
from auditor.model.run import RunRecord
from auditor.report.prose.numbers import count, duration, size
from auditor.report.prose.page import Page
from auditor.report.prose.place import command_line, ending
from auditor.report.prose.story import add_runs


def add_recorded(page: Page, report: AuditReport, verbosity: int) -> None:
    """Add what each run left, and how to use it."""
    add_runs(page, report.runs)
    page.add()
    for run in report.runs:
        _add_run(page, run, verbosity)
    page.add()
    page.sentence("One run alone says nothing about reproducibility; two do:")
    page.add(f"  repro-audit compare {report.runs[0].id} OTHER-RUN    repro-audit runs list")


def add_run_list(page: Page, runs: Sequence[RunRecord], sizes_bytes: Sequence[int], folder: str) -> None:
    """Add a line for every run, and where they are kept."""
    for run, size_bytes in zip(runs, sizes_bytes, strict=True):
        steps = max((process.steps for process in run.processes), default=0)
        facts = [run.started_at, count(steps, "step"), duration(run.duration_s), size(size_bytes), ending(run)]
        page.add(f"{run.id:<5} " + "   ".join(fact for fact in facts if fact) + f"   {command_line(run)}")
    page.add(f"{count(len(runs), 'run')} in {folder}")


def _add_run(page: Page, run: RunRecord, verbosity: int) -> None:
    page.named("command", command_line(run))
    for process in run.processes:
        end = "" if process.complete else ", no end record"
        page.named("process", f"{process.name}: {count(process.events, 'event')}, {count(process.steps, 'step')}{end}")
        page.named("problem", list(process.problems)) if process.problems else None
        if verbosity > 0:
            environment = process.environment
            page.named("runs on", f"Python {environment.python}, torch {environment.torch}, {environment.cpu}")
    if run.files_written:
        more = f" and {len(run.files_written) - 5:,} more" if len(run.files_written) > 5 else ""
        page.named("wrote", ", ".join(run.files_written[:5]) + more)
    for name, value in run.changes.items() if verbosity > 0 else ():
        page.named("set", f"{name}={value}")
    for note in run.notes:
        page.named("note", note)
