"""How much noise each layer of a program's model tolerates: the program trains once, its model is then evaluated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import auditor
from auditor.errors import ProgramError, UsageError
from auditor.model.lean import dataclass
from auditor.model.report import AuditReport
from auditor.model.run import Ending
from auditor.model.sensitivity import NoiseMode, SensitivityReport, TrainedWeights, TrainingCondition
from auditor.runs.executor import Executor, LocalProcesses
from auditor.runs.launch import check, launch
from auditor.runs.noiselink import NoiseLink
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import open_store
from auditor.runs.trainings import open_trainings
from auditor.services.noise_curves import noise_seed
from auditor.services.noise_options import WalkOptions, check_options, choose, probe_settings
from auditor.services.noise_report import describe, trained_weights
from auditor.services.noise_training import TrainingWalk, source_digest, training_noise
from auditor.services.noise_trainings import NO_MODEL, TrainingShop
from auditor.services.noise_walk import Walk
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.static.discovery import find_root


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
        return _layers_alone(program, hello)

    return _run(program, probe_settings(), look, settings, progress or Silent())


def _layers_alone(program: NoiseProgram, hello: Mapping[str, Any]) -> SensitivityReport:
    return SensitivityReport(
        **describe(program.command, hello),
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


def walk_noise(
    program: NoiseProgram,
    options: WalkOptions,
    *,
    settings: Settings,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> AuditReport:
    """Run a program once, then evaluate its model with noise at one injection point after the other, and everywhere.

    With `options.train_sigma` it is run twice, and evaluated when it has trained under that noise. With
    `NoiseMode.TRAINING` each level of each point is a training, run by `executor`.

    Raises `ProgramError` where the program or its evaluation fails, `UsageError` where it has no model, evaluates it
    nowhere, or has no such layer. A cancelled walk reports the layers that were whole.
    """
    check_options(options)
    progress = progress or Silent()
    if options.mode is NoiseMode.TRAINING:
        return _train(program, options, settings, progress, executor)
    plain: Mapping[str, Any] | None = None
    probe = probe_settings(evaluate=options.evaluate, metric=options.probe_metric, clamp=options.clamp)
    trained_under, eager = None, False
    if options.train_sigma is not None:
        plain, trained_under, probe["training"] = _conditions(program, options, options.train_sigma, settings, progress)
        probe["spectra"], eager = True, plain["compiled"]

    def walk(link: NoiseLink, hello: Mapping[str, Any]) -> SensitivityReport:
        known = describe(program.command, hello)
        found = Walk(link=link, hello=hello, points=known["points"], options=options, progress=progress).run()
        weights: tuple[TrainedWeights, ...] = ()
        if plain is not None and trained_under is not None:
            _check_training(hello)
            words = ", ".join(trained_under.layers)
            weights = (
                trained_weights("", 0.0, 0, plain),
                trained_weights(words, trained_under.sigma, 0, hello),
            )
        return SensitivityReport(**known, **found, trained_under=trained_under, weights=weights)

    return _run(program, probe, walk, settings, progress, eager=eager)


def _conditions(
    program: NoiseProgram, options: WalkOptions, sigma: float, settings: Settings, progress: Progress
) -> tuple[Mapping[str, Any], TrainingCondition, dict[str, object]]:
    """Train without noise to learn where it can enter; return what that told, and the noise of the next training."""
    found: list[Mapping[str, Any]] = []

    def look(link: NoiseLink, hello: Mapping[str, Any]) -> SensitivityReport:
        found.append(hello)
        return _layers_alone(program, hello)

    _run(program, probe_settings(spectra=True), look, settings, progress)
    points = describe(program.command, found[0])["points"]
    chosen, together = choose(options.train_layers, points)
    layers = [point for point in (points if together else chosen) if point.injectable]
    if not layers:
        raise UsageError(f"--train-layers {options.train_layers}: no noise can enter there")
    training = training_noise(found[0], [point.index for point in layers], options, sigma)
    training["seed"] = noise_seed(options.seed, "training", sigma, 0)
    return found[0], TrainingCondition(layers=tuple(point.name for point in layers), sigma=sigma), training


def _check_training(hello: Mapping[str, Any]) -> None:
    """Raise `ProgramError` where the noise was not in the training."""
    training = hello["training"]
    if training["problems"]:
        raise ProgramError(f"noise could not enter in training: {training['problems'][0]}")
    silent = [name for name, calls in training["calls"].items() if not calls]
    if silent:
        raise ProgramError(f"no call with gradients has reached {', '.join(silent)}: there was no noise in training")


def _train(
    program: NoiseProgram, options: WalkOptions, settings: Settings, progress: Progress, executor: Executor | None
) -> AuditReport:
    """Walk with a training for each level."""
    cwd = program.cwd.resolve()
    script = script_of(program.command, cwd)
    project = find_root([script or cwd]).resolve()
    isolated = options.jobs > 1
    if isolated and not cwd.is_relative_to(project):
        raise UsageError(f"copies of {project} are run; start from a folder inside it, not from {cwd}")
    runs = open_store(project, settings.store).root
    conditions = {
        "command": list(program.command),
        "folder": str(cwd),
        "python": "" if program.python is None else str(program.python),
        "source": source_digest(script.parent if script is not None else cwd),
        "noise": [
            options.kind.value,
            options.ratio,
            options.order,
            options.seed,
            dict(sorted(options.executions.items())),
        ],
        "greatest sigma": options.sigmas[-1],
        "evaluation": [options.evaluate, options.probe_metric],
        "clamp": options.clamp,
    }
    shop = TrainingShop(
        command=tuple(program.command),
        cwd=cwd,
        project=project,
        store=open_trainings(runs, conditions, options.resume),
        runs=runs,
        executor=executor or LocalProcesses(options.jobs),
        progress=progress,
        probe=probe_settings(evaluate=options.evaluate, metric=options.probe_metric, clamp=options.clamp),
        python=program.python,
        timeout_s=program.timeout_s,
        quiet=program.quiet,
        isolated=isolated,
    )
    found = SensitivityReport(**TrainingWalk(shop, options).run())
    return AuditReport(tool=f"repro-audit {auditor.__version__}", project=project.name, sensitivity=found)


def _run(
    program: NoiseProgram,
    probe: Mapping[str, object],
    use: Callable[[NoiseLink, Mapping[str, Any]], SensitivityReport],
    settings: Settings,
    progress: Progress,
    *,
    eager: bool = False,
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
            probe={
                "mode": "noise",
                "noise": {**probe, "address": link.address},
                "compile": "eager" if eager else "keep",
            },
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
        raise UsageError(f"{NO_MODEL} (run {run.id}, log {run.folder}/program.log)")
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
