"""Run a program two times as it stands, and say whether the runs agree, where they part, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from auditor.dynamic.classify import is_settled
from auditor.dynamic.evidence import LATER_RUNS, Intervention
from auditor.errors import ProgramError, UsageError
from auditor.model.evidence import EvidenceKind
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.model.verdict import Cause
from auditor.ruleset.operators import facts_at_hand
from auditor.runs.launch import check, launch
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store, open_store
from auditor.runs.workplace import Workplace
from auditor.runs.written import differing
from auditor.services.compare import Pair, report, ruleset, scan_for_causes, unfinished
from auditor.services.evidence import leaves_evidence
from auditor.services.experiment import Experiments
from auditor.services.following import Follower, Watcher
from auditor.services.margin import MarginOptions, check_options, probe_settings, with_margins
from auditor.services.margin_pair import keep_pair
from auditor.services.noise_session import NoiseProgram
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root

_PAIR = ("reference", "candidate")
"""Stages of the two runs that are compared; others help to explain."""


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

    margins: MarginOptions | None = None
    """Hold the runs' activations against the noise that the layers tolerate; the candidate then runs to its end."""

    tell: Callable[[str], None] = lambda text: None
    """Is told what is about to take long."""


class RunFailedError(ProgramError):
    """The audited program failed, hung or was killed; `run` is the run in question, with its log."""

    def __init__(self, message: str, run: RunRecord) -> None:
        super().__init__(message)
        self.run = run


@leaves_evidence(EvidenceKind.TWICE)
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
    if options.margins is not None:
        check_options(options.margins, cwd, settings)
    session = Session.of(command, cwd, settings, options, progress or Silent())
    script = script_of(command, session.cwd)
    scanned = scan_for_causes(session.project, script, settings, session.progress) if options.scan else None
    reference = session.run("reference")
    session.check(reference)
    if reference.status.ending is Ending.INTERRUPTED:
        return unfinished((reference,), "You stopped the first run; there is nothing to compare it with.", scanned)
    candidate = session.run("candidate", follower=Follower.of(reference, full=session.follows_to_the_end))
    session.check(candidate, earlier=reference)
    report = _conclude(session, (reference, candidate), scanned, differing(reference, candidate))
    return report if options.margins is None else _with_margins(session, report, settings, options.margins)


def _conclude(
    session: Session, records: tuple[RunRecord, RunRecord], scanned: AuditReport | None, changed: tuple[str, ...]
) -> AuditReport:
    session.progress.stage("compare")
    pair, causes, interventions = diagnose(session, Pair.of(records, session.progress), scanned)
    one_tape = None
    if _invites_runs(session, pair) and not pair.leaks and not is_settled(causes):
        one_tape = Experiments(session.run_again, pair).on_one_tape()
    if one_tape is not None and (one_tape.kind == LATER_RUNS or one_tape.asked or one_tape.unseeded):
        causes = pair.classify(scanned, [*interventions, one_tape])
    verdict = pair.judge(causes, session.options.steps, changed, one_tape, scanned)
    return report(records, verdict, scanned, pair.leaks)


def _with_margins(session: Session, report: AuditReport, settings: Settings, margins: MarginOptions) -> AuditReport:
    keep_pair((report.runs[0], report.runs[1]))
    options = session.options
    program = None
    if options.isolate == "none":  # else a walk would run the program where the user asked for copies
        program = NoiseProgram(
            command=session.command, cwd=session.cwd, python=options.python, timeout_s=options.timeout_s, quiet=True
        )
    return with_margins(report, margins, settings, session.progress, program, options.tell)


def diagnose(
    session: Session, pair: Pair, scanned: AuditReport | None
) -> tuple[Pair, tuple[Cause, ...], list[Intervention]]:
    """Return the pair, with a close-up where that was worth it, its causes, best first, and what else was tried."""
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
    return pair, causes, interventions


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
        place = Workplace.of(self.command, self.cwd, self.project)
        if self.options.isolate == "copy":
            place = place.copied_to(folder.path, self.store.root, self.options.python)
        limits = [limit for limit in (self.options.steps, stop_after) if limit is not None]
        settings = {
            "stop_after_steps": min(limits, default=None),
            "compile": self.options.compile,
            "losses": True,
            "profile": {"facts": facts_at_hand(ruleset().operators), "time": False} if stage in _PAIR else None,
            **(probe or {}),
        }
        if self.options.margins is not None and stage in _PAIR:
            settings |= probe_settings(folder.path, self.options.margins)
        plan = LaunchPlan(
            argv=place.command,
            cwd=place.cwd,
            project=place.project,
            run_dir=folder.path,
            run_id=folder.id,
            python=self.options.python,
            environment={**place.variables, **(environment or {})},
            probe=settings,
            timeout_s=self.options.timeout_s,
            quiet=self.options.quiet_program or stage not in _PAIR,
        )
        total = min(limits, default=None) if follower is None else follower.steps
        self.progress.stage(stage, total)
        watcher = Watcher(folder.path, folder.id, stage, self.progress, follower)
        return launch(plan, watcher.look)

    @property
    def follows_to_the_end(self) -> bool:
        """The candidate is not stopped after its first divergence."""
        return self.options.full or self.options.margins is not None

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
