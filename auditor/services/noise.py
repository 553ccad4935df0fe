"""How much noise each layer of a program's model tolerates: the program trains once, its model is then evaluated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import auditor
from auditor.errors import ProgramError, UsageError
from auditor.model.evidence import EvidenceKind
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.model.run import Ending
from auditor.model.sensitivity import InjectionPoint, SensitivityReport
from auditor.runs.launch import check, launch
from auditor.runs.noiselink import NoiseLink
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import open_store
from auditor.services.evidence import leaves_evidence
from auditor.services.noise_options import WalkOptions, check_options
from auditor.services.noise_walk import Walk
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.services.walks import keep_walk
from auditor.static.discovery import find_root

LIMIT_BYTES = 1 << 30
"""How much of the program's last evaluation is kept in memory to be repeated."""

_NO_MODEL = (
    "the program called no module of torch that has parameters, so there is nothing to put noise into; if its "
    "interpreter ignores the environment (python -I, -E or -S) or it leaves by os._exit, we are not in it at its end"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseProgram:
    """The program whose model is looked at."""

    command: Sequence[str]
    cwd: Path
    python: Path | None = None
    timeout_s: float | None = None
    quiet: bool = False
    """Keep the program's output out of our stderr."""


def list_layers(program: NoiseProgram, *, settings: Settings, progress: Progress | None = None) -> AuditReport:
    """Run a program once and list where noise can enter the model that it trains, in forward order.

    Raises `ProgramError` where the program fails, `UsageError` where it has no model.
    """

    def look(link: NoiseLink, hello: Mapping[str, Any]) -> SensitivityReport:
        return SensitivityReport(
            **_described(program, hello),
            kind=None,
            metric=None,
            baseline=None,
            chance=None,
            samples=None,
            scale="",
            tolerances=(),
            all_layers=None,
            evaluations=0,
            grid_evaluations=0,
            seed=0,
            method="",
            notes=tuple(hello["notes"]),
        )

    return _run(program, {"evaluate": None, "metric": "auto", "clamp": None}, look, settings, progress or Silent())


@leaves_evidence(EvidenceKind.NOISE)
def walk_noise(
    program: NoiseProgram, options: WalkOptions, *, settings: Settings, progress: Progress | None = None
) -> AuditReport:
    """Run a program once, then evaluate its model with noise at one injection point after the other, and everywhere.

    Raises `ProgramError` where the program or its evaluation fails, `UsageError` where it has no model, evaluates it
    nowhere, or has no such layer. A cancelled walk reports the layers that were whole.
    """
    check_options(options)
    progress = progress or Silent()

    def walk(link: NoiseLink, hello: Mapping[str, Any]) -> SensitivityReport:
        described = _described(program, hello)
        found = Walk(link=link, hello=hello, points=described["points"], options=options, progress=progress)
        return SensitivityReport(**described, **found.run())

    probe = {"evaluate": options.evaluate, "metric": options.probe_metric, "clamp": options.clamp}
    return keep_walk(_run(program, probe, walk, settings, progress), program.command, program.cwd, settings)


def _run(
    program: NoiseProgram,
    probe: Mapping[str, object],
    use: Callable[[NoiseLink, Mapping[str, Any]], SensitivityReport],
    settings: Settings,
    progress: Progress,
) -> AuditReport:
    """Launch the program, and use its model in a thread of ours when it has ended."""
    cwd = program.cwd.resolve()
    project = find_root([script_of(program.command, cwd) or cwd]).resolve()
    folder = open_store(project, settings.store).new()
    with NoiseLink() as link:
        user = _User(link, use)
        plan = LaunchPlan(
            argv=program.command,
            cwd=cwd,
            project=project,
            run_dir=folder.path,
            run_id=folder.id,
            python=program.python,
            timeout_s=program.timeout_s,
            probe={"mode": "noise", "noise": {"address": link.address, "limit_bytes": LIMIT_BYTES, **probe}},
            quiet=program.quiet,
        )
        progress.stage("train")
        user.start()
        try:
            # Once the program has ended, stopping means to ask no more: an interrupt would only damage its end.
            run = launch(plan, lambda elapsed: _poll(progress, elapsed, link))
        finally:
            link.close()
            user.join()
    if user.error is not None and not isinstance(user.error, UsageError):
        check(run)
    if user.error is not None:
        raise user.error
    check(run)
    if user.report is None and run.status.ending is Ending.INTERRUPTED:
        raise ProgramError("interrupted before the program had ended; its model was not evaluated")
    if user.report is None:
        raise UsageError(f"{_NO_MODEL} (run {run.id}, log {run.folder}/program.log)")
    return AuditReport(tool=f"repro-audit {auditor.__version__}", project=project.name, sensitivity=user.report)


class _User(threading.Thread):
    """Waits for the program's model and works with it; what comes of it is read after `join`."""

    def __init__(self, link: NoiseLink, use: Callable[[NoiseLink, Mapping[str, Any]], SensitivityReport]) -> None:
        super().__init__(daemon=True)
        self._link = link
        self._use = use
        self.report: SensitivityReport | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            hello = self._link.accept()
            if hello is not None:
                self.report = self._use(self._link, hello)
        except Exception as error:  # told by the thread that started us
            self.error = error
        finally:
            self._link.close()


def _poll(progress: Progress, elapsed_s: float, link: NoiseLink) -> bool:
    if link.connected:
        return False
    progress.update(int(elapsed_s))
    return progress.cancelled()


def _described(program: NoiseProgram, hello: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same in every report on a model."""
    return {
        "program": " ".join(program.command),
        "models": tuple(hello["models"]),
        "points": tuple(
            InjectionPoint(
                index=index,
                name=point["name"],
                type=point["type"],
                shapes=tuple(tuple(shape) for shape in point["shapes"]),
                dtypes=tuple(point["dtypes"]),
                calls=point["calls"],
                injectable=point["injectable"],
            )
            for index, point in enumerate(hello["points"])
        ),
    }
