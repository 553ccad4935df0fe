"""What deterministic mode costs a program: timed runs with and without it, in turns."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import auditor
from auditor.dynamic.overhead import Sample, compare, schedule, step_times
from auditor.errors import ProgramError, UsageError
from auditor.model.evidence import EvidenceKind
from auditor.model.lean import dataclass
from auditor.model.overhead import OverheadReport
from auditor.model.report import AuditReport
from auditor.model.run import Ending, RunRecord
from auditor.probe import wire
from auditor.runs.gpu import DeviceMemory
from auditor.runs.launch import check, launch, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store, open_store
from auditor.runs.tracefile import open_run
from auditor.services.evidence import leaves_evidence
from auditor.services.outside import WORKSPACE
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.static.files.discovery import find_root

BASELINE = "as is"
DETERMINISTIC = "deterministic algorithms"

_NO_KERNEL = re.compile(
    r"does not have a deterministic implementation|CUBLAS_WORKSPACE_CONFIG|[Dd]eterministic behavior"
)


@dataclass(frozen=True, kw_only=True)
class _Session:
    """What all runs of one measurement share."""

    command: Sequence[str]
    cwd: Path
    project: Path
    store: Store
    python: Path | None
    warmup_steps: int
    steps: int | None
    progress: Progress


@leaves_evidence(EvidenceKind.OVERHEAD)
def measure_overhead(
    command: Sequence[str],
    *,
    cwd: Path,
    settings: Settings,
    runs: int = 10,
    warmup_steps: int = 3,
    steps: int | None = None,
    progress: Progress | None = None,
    python: Path | None = None,
) -> AuditReport:
    """Run a program `runs` times as it is and `runs` times in deterministic mode, in turns, and compare step times.

    `steps` ends each run after so many optimizer steps. Where the program raises in deterministic mode because an op
    has no deterministic kernel, that is in the report's notes and there is no ratio. Raises `ProgramError` where the
    program fails as it is, `UsageError` where it takes too few steps to time. A cancelled measurement reports the
    rounds that were whole.
    """
    if runs < 1:
        raise UsageError("overhead needs at least one run of each kind: --runs 1 or more")
    if steps is not None and steps < warmup_steps + 2:
        raise UsageError(f"--steps {steps} leaves nothing to time after {warmup_steps} warm-up steps")
    progress = progress or Silent()
    cwd = cwd.resolve()
    project = find_root([cwd])
    session = _Session(
        command=command,
        cwd=cwd,
        project=project,
        store=open_store(project, settings.store),
        python=python,
        warmup_steps=warmup_steps,
        steps=steps,
        progress=progress,
    )
    return AuditReport(
        tool=f"repro-audit {auditor.__version__}", project=project.name, overhead=_measure(session, runs)
    )


def _measure(session: _Session, runs: int) -> OverheadReport:
    samples: dict[str, list[Sample]] = {BASELINE: [], DETERMINISTIC: []}
    notes: list[str] = []
    session.progress.stage("overhead", 2 * runs)
    for done, (number, label) in enumerate(schedule((BASELINE, DETERMINISTIC), runs)):
        session.progress.update(done, f"round {number + 1} of {runs}, {label}")
        run = _run(session, label)
        if run.status.ending is Ending.INTERRUPTED:
            notes.append(f"interrupted in round {number + 1} of {runs}")
            break
        if label == DETERMINISTIC and run.status.ending is Ending.FAILED:
            notes.append(_refusal(run))
            break
        check(run)
        notes += [note for note in _remarks(run, label) if note not in notes]
        samples[label].append(_sample(session, run))
        shutil.rmtree(run.folder, ignore_errors=True)
    session.progress.update(2 * runs)
    if not samples[BASELINE]:
        raise ProgramError("interrupted before the first run was whole; nothing was measured")
    device = DeviceMemory()
    if device.reason:
        notes.append(device.reason)
    device.close()
    measured = [(DETERMINISTIC, samples[DETERMINISTIC])] if samples[DETERMINISTIC] else []
    return compare((BASELINE, samples[BASELINE]), measured, warmup_steps=session.warmup_steps, notes=notes)


def _run(session: _Session, label: str) -> RunRecord:
    folder = session.store.new()
    deterministic = label == DETERMINISTIC
    plan = LaunchPlan(
        argv=session.command,
        cwd=session.cwd,
        project=session.project,
        run_dir=folder.path,
        run_id=folder.id,
        python=session.python,
        environment=WORKSPACE if deterministic else {},
        probe={
            "mode": "timing",
            "stop_after_steps": session.steps,
            "switches": {"deterministic": True} if deterministic else {},
        },
        quiet=True,
    )
    return launch(plan, lambda _: session.progress.cancelled())


def _sample(session: _Session, run: RunRecord) -> Sample:
    ends = step_ends(run)
    times = step_times(ends, session.warmup_steps)
    if not times:
        raise UsageError(
            f"the probe saw {len(ends)} optimizer steps; with {session.warmup_steps} for warm-up, nothing is left to "
            f"time (run {run.id}). Let the program take more steps, or lower --warmup-steps"
        )
    return Sample(
        step_s=times,
        wall_s=run.duration_s,
        peak_memory_bytes=run.peak_memory_bytes or 0,
        peak_device_memory_bytes=run.peak_device_memory_bytes,
    )


def step_ends(run: RunRecord) -> list[int]:
    """When each step ended, in nanoseconds, in the process that took most steps; of several ranks, the first."""
    traces = open_run(Path(run.folder)).processes.values()
    trace = max(traces, key=lambda trace: trace.steps, default=None)
    if trace is None:
        return []
    return [int(state) for state in trace.events["state"][trace.events["kind"] == wire.STEP]]


def _refusal(run: RunRecord) -> str:
    """What a program that fails in deterministic mode, and only there, says."""
    lines = log_tail(run, 40)
    reason = next((line.strip() for line in reversed(lines) if _NO_KERNEL.search(line)), "")
    if reason:
        return f"the program cannot run in deterministic mode: {reason} (log {run.folder}/program.log)"
    last = lines[-1].strip() if lines else f"exit code {run.status.code}"
    return f"the program fails in deterministic mode and only there: {last} (log {run.folder}/program.log)"


def _remarks(run: RunRecord, label: str) -> list[str]:
    """What makes the comparison mean something else than it seems to."""
    found = []
    modes = {p.environment.flags.get("deterministic_algorithms") for p in run.processes if p.steps}
    if label == BASELINE and "True" in modes:
        found.append("the program switches deterministic mode on by itself: both kinds of run have it")
    if label == DETERMINISTIC and "False" in modes:
        found.append("the program switches deterministic mode off again: the second kind of run did not keep it")
    if run.files_written:
        some = ", ".join(run.files_written[:3])
        found.append(f"runs write into the project ({some}); a later run may start from what an earlier one left")
    return found
