"""How much noise each layer of a program's model tolerates: the program trains once, its model is then evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import auditor
from auditor.errors import ProgramError, UsageError
from auditor.model.evidence import EvidenceKind
from auditor.model.report import AuditReport
from auditor.model.sensitivity import NoiseMode, SensitivityReport, TrainedWeights, TrainingCondition
from auditor.runs.executor import Executor
from auditor.runs.noiselink import NoiseLink
from auditor.runs.store import open_store
from auditor.runs.trainings import open_trainings
from auditor.services.evaluation_name import check_evaluation
from auditor.services.evidence import leaves_evidence
from auditor.services.executors import choose_executor, own_threads
from auditor.services.noise_curves import noise_seed
from auditor.services.noise_options import WalkOptions, check_options, choose, probe_settings
from auditor.services.noise_report import describe, trained_weights
from auditor.services.noise_session import NoiseProgram, project_of, use_model
from auditor.services.noise_training import TrainingWalk, training_noise
from auditor.services.noise_trainings import TrainingShop
from auditor.services.noise_walk import Walk
from auditor.services.program import script_of
from auditor.services.progress import Progress, Silent
from auditor.services.settings import Settings
from auditor.services.sourcedigest import source_digests
from auditor.services.walks import keep_walk


def list_layers(program: NoiseProgram, *, settings: Settings, progress: Progress | None = None) -> AuditReport:
    """Run a program once and list where noise can enter the model that it trains, in forward order.

    Raises `ProgramError` where the program fails, `UsageError` where it has no model.
    """

    def look(link: NoiseLink, hello: Mapping[str, Any]) -> SensitivityReport:
        return _layers_alone(program, hello)

    return _report(program, use_model(program, probe_settings(), look, settings, progress or Silent()))


def _report(program: NoiseProgram, found: SensitivityReport) -> AuditReport:
    tool = f"repro-audit {auditor.__version__}"
    return AuditReport(tool=tool, project=project_of(program).name, sensitivity=found)


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


@leaves_evidence(EvidenceKind.NOISE)
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
    check_evaluation(options.evaluate, script_of(program.command, program.cwd.resolve()))
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

    report = _report(program, use_model(program, probe, walk, settings, progress, eager=eager))
    return keep_walk(report, program.command, program.cwd, settings)


def _conditions(
    program: NoiseProgram, options: WalkOptions, sigma: float, settings: Settings, progress: Progress
) -> tuple[Mapping[str, Any], TrainingCondition, dict[str, object]]:
    """Train without noise to learn where it can enter; return what that told, and the noise of the next training."""
    hello = use_model(program, probe_settings(spectra=True), lambda _, hello: hello, settings, progress)
    points = describe(program.command, hello)["points"]
    chosen, together = choose(options.train_layers, points)
    layers = [point for point in (points if together else chosen) if point.injectable]
    if not layers:
        raise UsageError(f"--train-layers {options.train_layers}: no noise can enter there")
    training = training_noise(hello, [point.index for point in layers], options, sigma)
    training["seed"] = noise_seed(options.seed, "training", sigma, 0)
    return hello, TrainingCondition(layers=tuple(point.name for point in layers), sigma=sigma), training


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
    project = project_of(program)
    runner = executor or choose_executor(
        options.executor, jobs=options.jobs, needs=options.needs, threads=own_threads()
    )
    if runner.parallel and not cwd.is_relative_to(project):
        raise UsageError(f"copies of {project} are run; start from a folder inside it, not from {cwd}")
    runs = open_store(project, settings.store).root
    conditions = {
        "command": list(program.command),
        "folder": str(cwd),
        "python": "" if program.python is None else str(program.python),
        "sources": source_digests(project, runs),
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
        executor=runner,
        progress=progress,
        probe=probe_settings(evaluate=options.evaluate, metric=options.probe_metric, clamp=options.clamp),
        python=program.python,
        timeout_s=program.timeout_s,
        quiet=program.quiet,
        isolated=runner.parallel,
        retries=options.retries,
    )
    try:
        return _report(program, SensitivityReport(**TrainingWalk(shop, options).run()))
    finally:
        runner.close()
