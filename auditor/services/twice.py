"""Run a program two times as it stands, and say whether the runs agree, where they part, and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from auditor.dynamic.classify import is_settled
from auditor.dynamic.compare import RunComparison
from auditor.dynamic.evidence import Intervention
from auditor.dynamic.extent import steps_of
from auditor.errors import ProgramError, TraceFormatError, UsageError
from auditor.model.lean import dataclass, field
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.model.verdict import Cause
from auditor.runs.isolation import copy_project
from auditor.runs.launch import check, launch
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store, open_store
from auditor.runs.tracefile import RunTraces, open_run
from auditor.runs.written import differing
from auditor.services.compare import Pair, report, scan_for_causes, unfinished
from auditor.services.experiment import Experiments
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.static.discovery import find_root

STEPS_AFTER = 20
"""Steps that the candidate still takes after its first divergence, to see how it spreads."""

LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwiceOptions:
    """What a person may choose for a twice-run."""

    steps: int | None = None
    """Stop both runs after so many optimizer steps."""

    timeout_s: float | None = None
    isolate: Literal["none", "copy"] = "none"
    """`copy` runs each in its own copy of the project folder."""

    python: Path | None = None
    """Interpreter of the training environment; None for the command's own."""

    compile: Literal["keep", "eager"] = "keep"
    full: bool = False
    """Let the candidate run to its end even after it diverged."""

    closeup: bool = True
    """Run again to look closely at the first divergence, where that helps."""

    scan: bool = True
    """Scan the source too, to link causes to findings."""

    quiet_program: bool = False
    """Keep the program's output out of our own stderr."""


class RunFailedError(ProgramError):
    """The audited program failed, hung or was killed; `run` is the run in question, with its log."""

    def __init__(self, message: str, run: RunRecord) -> None:
        super().__init__(message)
        self.run = run


def run_twice(
    command: Sequence[str],
    *,
    cwd: Path,
    settings: Settings,
    options: TwiceOptions | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Run `command` twice in fresh processes and compare what they did.

    A leading `python` stands for the interpreter of the options. Runs are kept in the store. Raises `RunFailedError`
    where the program fails, `UsageError` where it cannot be started. An interrupt ends the run at hand; what both
    runs have in common by then is compared.
    """
    options = options or TwiceOptions()
    if options.steps is not None and options.steps < 1:
        raise UsageError(f"--steps {options.steps}: at least one step must run")
    session = Session.of(command, cwd, settings, options, progress or Silent())
    script = script_of(command, session.cwd)
    scanned = scan_for_causes(session.project, script, settings, session.progress) if options.scan else None
    reference = session.run("reference")
    session.check(reference)
    if reference.status.ending is Ending.INTERRUPTED:
        return unfinished((reference,), "You stopped the first run; there is nothing to compare it with.", scanned)
    candidate = session.run("candidate", follower=Follower.of(reference, session))
    session.check(candidate, earlier=reference)
    return _conclude(session, (reference, candidate), scanned, differing(reference, candidate))


def _conclude(
    session: Session, records: tuple[RunRecord, RunRecord], scanned: AuditReport | None, changed: tuple[str, ...]
) -> AuditReport:
    session.progress.stage("compare")
    pair, causes = diagnose(session, Pair.of(records, session.progress), scanned)
    one_tape = None
    if _invites_runs(session, pair) and not pair.leaks and not is_settled(causes):
        one_tape = Experiments(session.run_again, pair).on_one_tape()
    verdict = pair.judge(causes, session.options.steps, changed, one_tape)
    return report(records, verdict, scanned, pair.leaks)


def diagnose(session: Session, pair: Pair, scanned: AuditReport | None) -> tuple[Pair, tuple[Cause, ...]]:
    """Return the pair, with a close-up where that was worth further runs, and its causes, best first."""
    causes = pair.classify(scanned)
    interventions: list[Intervention] = []
    if _invites_runs(session, pair):
        experiments = Experiments(session.run_again, pair)
        closeup = experiments.look_closely(leaking=bool(pair.leaks) and session.options.isolate == "none")
        if closeup is not None:
            pair = pair.with_closeup(closeup)
            causes = pair.classify(scanned)
        if not is_settled(causes):
            interventions = experiments.intervene()
            causes = pair.classify(scanned, interventions)
    return pair, causes


def _invites_runs(session: Session, pair: Pair) -> bool:
    """There is a difference to look into, by runs that a person has not forbidden or stopped."""
    interrupted = any(record.status.ending is Ending.INTERRUPTED for record in pair.records)
    return pair.outcome.comparison.first is not None and session.options.closeup and not interrupted


@dataclass(frozen=True, kw_only=True)
class Session:
    """What all runs of one twice-run share."""

    command: tuple[str, ...]
    cwd: Path
    project: Path
    store: Store
    options: TwiceOptions
    progress: Progress

    @classmethod
    def of(
        cls, command: Sequence[str], cwd: Path, settings: Settings, options: TwiceOptions, progress: Progress
    ) -> Session:
        cwd = cwd.resolve()
        project = find_root([script_of(command, cwd) or cwd]).resolve()
        if options.isolate == "copy" and not cwd.is_relative_to(project):
            raise UsageError(f"--isolate copy copies {project}; start from a folder inside it, not from {cwd}")
        # By where the user is, as for every other command: there the run is looked for afterwards.
        store = open_store(find_root([cwd]), settings.store)
        return cls(command=tuple(command), cwd=cwd, project=project, store=store, options=options, progress=progress)

    def run(
        self,
        stage: str,
        *,
        follower: Follower | None = None,
        probe: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        stop_after: int | None = None,
    ) -> RunRecord:
        """Launch the program once, with progress; how it ended is in the record."""
        folder = self.store.new()
        cwd, project = self.cwd, self.project
        if self.options.isolate == "copy":
            project = copy_project(self.project, folder.path, (self.store.root,)).resolve()
            cwd = project / self.cwd.relative_to(self.project)
        limits = [limit for limit in (self.options.steps, stop_after) if limit is not None]
        settings = {
            "stop_after_steps": min(limits, default=None),
            "compile": self.options.compile,
            "losses": True,
            **(probe or {}),
        }
        plan = LaunchPlan(
            argv=self.command,
            cwd=cwd,
            project=project,
            run_dir=folder.path,
            run_id=folder.id,
            python=self.options.python,
            environment=environment or {},
            probe=settings,
            timeout_s=self.options.timeout_s,
            quiet=self.options.quiet_program or stage not in ("reference", "candidate"),
        )
        total = min(limits, default=None) if follower is None else follower.steps
        self.progress.stage(stage, total)
        watcher = _Watcher(folder.path, folder.id, stage, self.progress, follower)
        return launch(plan, watcher.look)

    def run_again(
        self, stage: str, stop_after: int, probe: Mapping[str, object], environment: Mapping[str, str]
    ) -> RunRecord | None:
        """Run the program once more with something changed; None if it did not end well, or nobody wants to wait."""
        if self.progress.cancelled():
            return None
        run = self.run(stage, probe=probe, environment=environment, stop_after=stop_after)
        return run if run.status.ending in (Ending.FINISHED, Ending.STOPPED) else None

    def check(self, run: RunRecord, earlier: RunRecord | None = None) -> None:
        """Raise where the program failed."""
        try:
            check(run)
        except ProgramError as error:
            hint = f"; run {earlier.id} of the same command had ended well" if earlier is not None else ""
            raise RunFailedError(f"{error}{hint}", run) from None


@dataclass
class Follower:
    """Compares the candidate while it runs, and stops it some steps after the first divergence."""

    traces: RunTraces
    steps: int | None
    full: bool
    comparison: RunComparison = field(default_factory=RunComparison)
    divergent_step: int | None = None
    broken: bool = False

    @classmethod
    def of(cls, reference: RunRecord, session: Session) -> Follower:
        steps = max((process.steps for process in reference.processes), default=0)
        return cls(open_run(Path(reference.folder)), steps or None, session.options.full)

    def follow(self, candidate: RunTraces, run: Path) -> None:
        """Look at what is new. The verdict rests on a fresh comparison, so nothing that fails here can spoil it."""
        if self.broken or self.divergent_step is not None:
            return
        self.broken = True  # an interrupt in the middle of it leaves it broken
        self.comparison.advance(self.traces, candidate, final=False)
        self.divergent_step = self.comparison.divergent_step()
        if self.divergent_step is not None and not self.full:
            last = self.divergent_step + STEPS_AFTER
            if self.steps is None or last < self.steps:  # else the program ends by itself, and its final weights count
                (run / "stop").write_text(str(last))
        self.broken = False


class _Watcher:
    """Tells how far a run has come, and lets the follower look at it."""

    def __init__(
        self,
        run: Path,
        run_id: str,
        stage: str,
        progress: Progress,
        follower: Follower | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._name = f"{stage} {run_id}"
        self._progress = progress
        self._follower = follower
        self._clock = clock
        self._next = 0.0
        self._traces = RunTraces(run)

    def look(self, elapsed_s: float) -> bool:
        """Called by the launcher several times a second; True asks it to interrupt the program."""
        if elapsed_s >= self._next:
            started = self._clock()
            self._refresh(elapsed_s)
            # A long look is followed by a long pause: the program has the machine to itself most of the time.
            self._next = elapsed_s + max(LOOK_EVERY_S, 10 * (self._clock() - started))
        return self._progress.cancelled()

    def _refresh(self, elapsed_s: float) -> None:
        try:
            self._traces.refresh()
            if self._follower is not None:
                self._follower.follow(self._traces, self._run)
        except (TraceFormatError, OSError):
            return  # told when the finished run is read
        traces = self._traces.processes.values()
        steps = max((steps_of(trace) for trace in traces), default=0)
        events = sum(len(trace.events) for trace in traces)
        self._progress.update(steps, f"{self._name}  step {steps:,}  {_count(events)} events  {self._agreement()}")

    def _agreement(self) -> str:
        if self._follower is None or self._follower.broken:
            return ""
        step = self._follower.divergent_step
        return "equal so far" if step is None else f"differs since step {step:,}"


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1_000_000 else f"{number:,}"
