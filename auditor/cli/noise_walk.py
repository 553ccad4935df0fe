"""`repro-audit noise walk`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import write_file
from auditor.cli.executor_options import ExecutorOption, JobsOption, NeedsOption, RetriesOption
from auditor.cli.noise_program import (
    EvaluateOption,
    MetricOption,
    NoiseSeedOption,
    program_of,
    run_and_deliver,
)
from auditor.cli.options import (
    ModuleOption,
    PythonOption,
    QuietProgramOption,
    ScriptArgument,
    StoreOption,
    TimeoutOption,
    check_word,
    with_output,
)
from auditor.cli.output import Output
from auditor.cli.progress import Shown
from auditor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.model.report import AuditReport
    from auditor.services.noise_options import WalkOptions
    from auditor.services.settings import Settings

EXAMPLES = (
    "repro-audit noise walk train.py",
    "repro-audit noise walk train.py --evaluate train:losses --metric loss:min -- --epochs 5",
    "repro-audit noise walk train.py --mode train --layers head --jobs 4",
    "repro-audit noise walk train.py --train-sigma 8 --train-layers head --layers head",
)


@with_output
def walk_command(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="add, mul or combined.", rich_help_panel="What")
    ] = "add",
    sigma: Annotated[
        str | None,
        typer.Option(
            "--sigma",
            metavar="LEVELS",
            help="log:FROM:TO:COUNT, lin:…, or numbers.",
            rich_help_panel="What",
        ),
    ] = None,
    layers: Annotated[
        str,
        typer.Option(
            "--layers", metavar="LAYERS", help="all, global, names, patterns, numbers as 2-5.", rich_help_panel="What"
        ),
    ] = "all",
    evaluate: EvaluateOption = None,
    metric: MetricOption = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            "--repeats", metavar="N", min=1, help="Draws of noise a level: 3; train: 1.", rich_help_panel="How"
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option("--precision", metavar="SHARE", help="Of each midpoint, when to stop.", rich_help_panel="How"),
    ] = "10%",
    grid: Annotated[
        bool, typer.Option("--grid", help="Measure every level, not only those that tell.", rich_help_panel="How")
    ] = False,
    at_once: Annotated[
        str,
        typer.Option(
            "--levels-at-once",
            metavar="K",
            help="eval: levels in one forward pass; auto, or a number.",
            rich_help_panel="How",
        ),
    ] = "auto",
    mode: Annotated[
        str,
        typer.Option("--mode", metavar="MODE", help="Noise when: eval or train.", rich_help_panel="What"),
    ] = "eval",
    train_sigma: Annotated[
        float | None,
        typer.Option(
            "--train-sigma", metavar="S", help="eval: train the model under this noise.", rich_help_panel="How"
        ),
    ] = None,
    train_layers: Annotated[
        str,
        typer.Option("--train-layers", metavar="LAYERS", help="Where that noise is.", rich_help_panel="How"),
    ] = "all",
    jobs: JobsOption = None,
    executor: ExecutorOption = "local",
    needs: NeedsOption = "",
    retries: RetriesOption = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="train: go on with the last walk.", rich_help_panel="How")
    ] = False,
    ratio: Annotated[
        float, typer.Option("--ratio", metavar="R", help="combined: additive share of sigma.", rich_help_panel="How")
    ] = 0.5,
    order: Annotated[
        str, typer.Option("--order", metavar="ORDER", help="combined: mul-add or add-mul.", rich_help_panel="How")
    ] = "mul-add",
    executions: Annotated[
        str,
        typer.Option(
            "--executions",
            metavar="N|FILE",
            help="Apply the noise so often and average; or what allocate --json wrote.",
            rich_help_panel="How",
        ),
    ] = "1",
    clamp: Annotated[
        float | None,
        typer.Option(
            "--clamp", metavar="C", help="Clamp weights to ±C in training, norms left out.", rich_help_panel="How"
        ),
    ] = None,
    chance: Annotated[
        float | None,
        typer.Option("--chance", metavar="Q", help="The metric of a model that guesses.", rich_help_panel="How"),
    ] = None,
    seed: NoiseSeedOption = 0,
    python: PythonOption = None,
    timeout: TimeoutOption = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write every measurement there.", rich_help_panel="Output"),
    ] = None,
    weights_csv: Annotated[
        Path | None,
        typer.Option(
            "--weights-csv", metavar="FILE", help="Write singular values of trained weights.", rich_help_panel="Output"
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Write curves and midpoints as HTML.", rich_help_panel="Output"),
    ] = None,
    quiet_program: QuietProgramOption = False,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Measure the noise level at which each layer's quality has fallen half-way.

    The program trains once, unchanged; then its evaluation is repeated with noise at one layer after the other.
    """
    from auditor.model.sensitivity import NoiseMode
    from auditor.runs.executor import parse_needs
    from auditor.services.executors import parse_jobs
    from auditor.services.noise import walk_noise

    check_word("--mode", mode, [each.value for each in NoiseMode])
    written = {"--csv": csv, "--weights-csv": weights_csv, "--plot": plot}
    _check_files(written, output)
    if weights_csv is not None and mode == "eval" and train_sigma is None:
        raise UsageError("--weights-csv: weights are looked at with --mode train, or with --train-sigma")
    options = _options(
        kind,
        sigma,
        precision=None if grid else _share(precision),
        layers=layers,
        repeats=repeats or (1 if mode == "train" else 3),
        mode=NoiseMode(mode),
        levels_at_once=_at_once(at_once),
        train_sigma=train_sigma,
        train_layers=train_layers,
        jobs=None if jobs is None else parse_jobs(jobs),
        executor=executor,
        needs=parse_needs(needs),
        retries=retries,
        resume=resume,
        ratio=ratio,
        order=order,
        executions=_executions(executions),
        evaluate=evaluate,
        metric=metric,
        chance=chance,
        clamp=clamp,
        seed=seed,
    )
    program = program_of(context, script, module, python, timeout, quiet_program)

    def work(settings: Settings, progress: Shown) -> AuditReport:
        report = walk_noise(program, options, settings=settings, progress=progress)
        _write_files(report, written)
        return report

    return run_and_deliver(output, store, work)


def _check_files(written: Mapping[str, Path | None], output: Output) -> None:
    """Raise `UsageError`, before the program runs, where a file must not be overwritten."""
    for option, path in written.items():
        if path is not None and path.exists() and not output.force:
            raise UsageError(f"{option} {path}: exists already; --force overwrites it")


def _options(kind: str, sigma: str | None, **values: object) -> WalkOptions:
    from auditor.experiments.noiselevels import DEFAULT_LEVELS, parse_levels
    from auditor.model.sensitivity import NoiseKind
    from auditor.services.noise_options import WalkOptions, check_options

    check_word("--kind", kind, tuple(DEFAULT_LEVELS))
    try:
        sigmas = parse_levels(sigma if sigma is not None else DEFAULT_LEVELS[kind])
    except ValueError as error:
        raise UsageError(f"--sigma {error}") from error
    options = WalkOptions(kind=NoiseKind(kind), sigmas=sigmas, **values)  # type: ignore[arg-type]  # typed by Typer
    check_options(options)
    return options


def _share(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise UsageError(f"--precision: expected a share such as 10% or 0.1, found `{text}`") from None


def _at_once(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit():
        raise UsageError(f"--levels-at-once: expected auto, or 1 or more, found `{text}`")
    return int(text)


def _executions(text: str) -> dict[str, int]:
    if text.isdigit():
        return {"": int(text)}
    from auditor.services.noise_allocation import read_executions

    return read_executions(Path(text))


def _write_files(report: AuditReport, written: Mapping[str, Path | None]) -> None:
    from auditor.report.prose.sensitivity_plot import to_html
    from auditor.report.prose.sensitivity_table import to_csv, weights_to_csv

    assert report.sensitivity is not None
    for (option, path), render in zip(written.items(), (to_csv, weights_to_csv, to_html), strict=True):
        if path is not None:
            write_file(path, render(report.sensitivity), option)
