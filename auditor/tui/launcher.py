"""Starts services in thread workers: at most one job at a time, and short reads beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from auditor.errors import ProjectError, ReproAuditError
from auditor.report.prose.numbers import count
from auditor.services.progress import Progress, Silent
from auditor.tui.gateway import ProgramRequest, Services
from auditor.tui.jobs import Job
from auditor.tui.messages import (
    BaselineWritten,
    EvidenceReady,
    JobFailed,
    JobFinished,
    OperatorsRead,
    PairFound,
    PatchesPlanned,
    PatchesWritten,
    ProofEnded,
    RunsListed,
    ScanFinished,
    StepRead,
    StepsRead,
    TrialEnded,
)
from auditor.tui.session import Session

if TYPE_CHECKING:
    from auditor.model.divergence import Divergence
    from auditor.model.report import AuditReport
    from auditor.model.run import RunRecord
    from auditor.services.acceptance import BaselineChange
    from auditor.services.apply import Applied
    from auditor.services.fix import FixPlan
    from auditor.tui.evidence import Evidence
    from auditor.tui.jobs import Ended, Work


class Launcher:
    """The app's only way to the services. Workers post messages to the app and change nothing."""

    def __init__(self, app: App[int], session: Session, services: Services) -> None:
        self._app = app
        self._session = session
        self._services = services
        self.job: Job | None = None
        """What runs now."""

        self._planned_for: AuditReport | None = None
        self._closed = False
        self._after = ""

    @property
    def busy(self) -> str:
        """Why no job can be started; empty if one can."""
        return f"{self.job.title}: ctrl+c stops it first." if self.job else ""

    def cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def ended(self) -> None:
        self.job = None

    # jobs

    def scan(self, after: str = "") -> None:
        """Scan the project; `after` is what happened before it, to be said with its result."""
        session = self._session
        self._after = after
        work = partial(self._services.scan, session.paths, session.baseline, session.shows_known)
        self._start("scan", "Scanning", work, ScanFinished)

    def said(self, message: JobFinished) -> str:
        """How a scan ended that followed something; empty for all others."""
        after, self._after = self._after, ""
        if not after or message.kind != "scan":
            return ""
        number = len(message.report.findings)
        return f"{after} {count(number, 'finding') if number else 'No findings'} now."

    def run_twice(self, request: ProgramRequest) -> None:
        self._remember(request)
        self._start("twice", "Running twice", partial(self._services.run_twice, request))

    def compare(self, reference: RunRecord, candidate: RunRecord) -> None:
        title = f"Comparing {reference.id} and {candidate.id}"
        self._start("compare", title, partial(self._services.compare, reference, candidate))

    def compare_named(self, names: tuple[str, str]) -> None:
        """Compare two runs that were named on the command line."""

        def work(progress):  # type: ignore[no-untyped-def]
            runs = [self._services.find_run(name, self._session.root) for name in names]
            return self._services.compare(runs[0], runs[1], progress)

        self._start("compare", f"Comparing {names[0]} and {names[1]}", work)

    def profile(self, run: RunRecord) -> None:
        """Hold the operators of a stored run against what is known of them; runs nothing."""
        title = f"Looking at the operators of {run.id}"
        self._start("profile", title, partial(self._services.profile, run), OperatorsRead)

    def measure_overhead(self, request: ProgramRequest) -> None:
        self._remember(request)
        self._start("overhead", "Measuring the cost", partial(self._services.measure_overhead, request))

    def apply(self, plan: FixPlan, ids: Collection[str]) -> None:
        """Write patches into the project, unless a file is not as it was scanned."""

        def work(progress: Progress) -> Applied:
            for path in sorted({path for patch in plan.patches if patch.id in ids for path in patch.files}):
                if _content(plan.root / path) != plan.original(path):
                    raise ProjectError(f"{path} changed since the scan; R rescans. Nothing was applied.")
            return self._services.apply(plan, ids)

        self._start("apply", "Applying", work, PatchesWritten)

    def undo(self, step: str) -> None:
        self._start("undo", "Taking back", lambda _: self._services.undo(self._session.root, step), PatchesWritten)

    def accept(self, report: AuditReport, keys: Collection[str], path: Path, reason: str) -> None:
        """Write findings of a report into a baseline."""
        self._write("accept", lambda _: self._services.accept(report, keys, path, reason))

    def take_out(self, keys: Collection[str], path: Path) -> None:
        self._write("take out", lambda _: self._services.take_out(keys, path))

    def take_back(self, change: BaselineChange) -> None:
        self._write("take back", lambda _: self._services.take_back(change))

    def _write(self, kind: str, work: Work) -> None:
        self._start(kind, "Writing the baseline", work, BaselineWritten)

    def verify(self, plan: FixPlan, ids: Collection[str], request: ProgramRequest) -> None:
        self._remember(request)
        title = f"Verifying {next(iter(ids))}" if len(ids) == 1 else f"Verifying {len(ids)} patches"
        self._start("verify", title, partial(self._services.verify, plan, ids, request), TrialEnded)

    def prove(self, plan: FixPlan, request: ProgramRequest) -> None:
        self._remember(request)
        self._start("prove", "Proving patches", partial(self._services.prove, plan, request), ProofEnded)

    def _remember(self, request: ProgramRequest) -> None:
        self._session.command, self._session.cwd = request.command, request.cwd
        self._session.steps, self._session.isolate = request.steps, request.isolate

    def _start(self, kind: str, title: str, work: Work, ended: Ended = JobFinished) -> None:
        self.job = Job(kind, title)
        self._app.run_worker(partial(self.job.run, work, self._app.post_message, ended), thread=True, group="job")

    # short reads

    def list_runs(self) -> None:
        """Post the stored runs; a store that cannot be read is told once, in the message line."""
        self._read("runs", self._list_runs)

    def _list_runs(self) -> None:
        try:
            self._app.post_message(RunsListed(self._services.stored_runs(self._session.root)))
        except (ReproAuditError, OSError) as error:
            self._app.post_message(JobFailed("runs", error, cancelled=False))

    def find_newest_pair(self) -> None:
        """Post the runs that were compared last, if there are any."""
        self._read("pair", self._find_newest_pair)

    def _find_newest_pair(self) -> None:
        with contextlib.suppress(ReproAuditError, OSError):  # what cannot be read is told where runs are listed
            pair = self._services.newest_pair(self._session.root)
            if pair is not None:
                self._app.post_message(PairFound(pair))

    def plan_once(self, report: AuditReport) -> None:
        """Plan patches for a report, unless that is done or under way."""
        if self._planned_for is not report:
            self._planned_for = report
            self._read("plan", partial(self._plan, report))

    def _plan(self, report: AuditReport) -> None:
        session = self._session
        try:
            plan = self._services.plan(session.paths, report, session.root, _WhileWanted(self, report))
        except Exception as error:  # findings are shown all the same, and each says that this failed
            self._app.post_message(PatchesPlanned(report, None, _reason(error)))
        else:
            if self.is_wanted(report):
                self._app.post_message(PatchesPlanned(report, plan))

    def is_wanted(self, report: AuditReport) -> bool:
        """Whether a plan for this report is still waited for."""
        return self._planned_for is report and not self._closed

    def close(self) -> None:
        """Nobody waits for anything any more."""
        self._closed = True
        self.cancel()

    def list_steps(self) -> None:
        """Post what the journal holds."""
        self._read("steps", self._list_steps)

    def _list_steps(self) -> None:
        try:
            self._app.post_message(StepsRead(self._services.steps(self._session.root)))
        except (ReproAuditError, OSError) as error:
            self._app.post_message(JobFailed("steps", error, cancelled=False))

    def open_evidence(self, pair: tuple[RunRecord, RunRecord], first: Divergence | None) -> None:
        self._read("evidence", partial(self._open_evidence, pair, first))

    def _open_evidence(self, pair: tuple[RunRecord, RunRecord], first: Divergence | None) -> None:
        try:
            evidence = self._services.open_evidence(*pair, first)
        except (ReproAuditError, OSError, ImportError) as error:
            self._app.post_message(EvidenceReady(None, str(error)))
        else:
            self._app.post_message(EvidenceReady(evidence))

    def read_step(self, evidence: Evidence, process: str, step: int) -> None:
        self._read("step", partial(self._read_step, evidence, process, step))

    def _read_step(self, evidence: Evidence, process: str, step: int) -> None:
        try:
            evidence.read(process, step)
        except (ReproAuditError, OSError) as error:
            self._app.post_message(EvidenceReady(None, str(error)))
        else:
            self._app.post_message(StepRead(evidence, process, step))

    def _read(self, group: str, work: partial[None] | object) -> None:
        self._app.run_worker(work, thread=True, group=group)  # type: ignore[arg-type]


class _WhileWanted(Silent):
    """Cancels the making of a plan once another scan came or the app closed."""

    def __init__(self, launcher: Launcher, report: AuditReport) -> None:
        self._launcher, self._report = launcher, report

    def cancelled(self) -> bool:
        return not self._launcher.is_wanted(self._report)


def _reason(error: Exception) -> str:
    if isinstance(error, ReproAuditError | OSError):
        return str(error)
    return f"a bug in repro-audit kept patches from being planned ({type(error).__name__}: {error})"


def _content(path: Path) -> bytes | None:
    """None where the file is not there or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def default_request(session: Session) -> ProgramRequest:
    """What the dialog offers: the last program, as it was run."""
    command = session.suggested_command()
    return ProgramRequest(command=command, cwd=_folder(session), steps=session.steps, isolate=session.isolate)


def _folder(session: Session) -> Path:
    if session.cwd is not None and session.cwd.is_dir():
        return session.cwd
    last = session.runs[0] if session.runs and not session.command else None
    if last is not None and Path(last.cwd).is_dir() and not last.cwd.startswith(last.folder or "\0"):
        return Path(last.cwd)
    return session.root
