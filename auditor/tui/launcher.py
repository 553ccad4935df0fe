"""Starts services in thread workers: at most one job at a time, and short reads beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from auditor.errors import ReproAuditError
from auditor.tui.gateway import ProgramRequest, Services
from auditor.tui.jobs import Job
from auditor.tui.messages import EvidenceReady, JobFailed, RunsListed, StepRead
from auditor.tui.session import Session

if TYPE_CHECKING:
    from auditor.model.divergence import Divergence
    from auditor.model.run import RunRecord
    from auditor.tui.evidence import Evidence
    from auditor.tui.jobs import Work


class Launcher:
    """The app's only way to the services. Workers post messages to the app and change nothing."""

    def __init__(self, app: App[int], session: Session, services: Services) -> None:
        self._app = app
        self._session = session
        self._services = services
        self.job: Job | None = None
        """What runs now."""

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

    def scan(self) -> None:
        session = self._session
        self._start("scan", "Scanning", partial(self._services.scan, session.paths, session.root))

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

    def measure_overhead(self, request: ProgramRequest) -> None:
        self._remember(request)
        self._start("overhead", "Measuring the cost", partial(self._services.measure_overhead, request))

    def _remember(self, request: ProgramRequest) -> None:
        self._session.command, self._session.cwd = request.command, request.cwd
        self._session.steps, self._session.isolate = request.steps, request.isolate

    def _start(self, kind: str, title: str, work: Work) -> None:
        self.job = Job(kind, title)
        self._app.run_worker(partial(self.job.run, work, self._app.post_message), thread=True, group="job")

    # short reads

    def list_runs(self) -> None:
        """Post the stored runs; a store that cannot be read is told once, in the message line."""
        self._read("runs", self._list_runs)

    def _list_runs(self) -> None:
        try:
            self._app.post_message(RunsListed(self._services.stored_runs(self._session.root)))
        except (ReproAuditError, OSError) as error:
            self._app.post_message(JobFailed("runs", error, cancelled=False))

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
