"""`repro-audit noise`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver, write_file
from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import CONTEXT, GroupedCommand, GroupedGroup, Invocation, examples, new_app
from auditor.cli.interrupt import Interrupts
from auditor.cli.options import JsonOption, StoreOption, with_output
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.progress import Shown, choose_progress
from auditor.cli.run import ModuleOption, PythonOption, ScriptArgument
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.report import AuditReport
    from auditor.services.noise import NoiseProgram
    from auditor.services.noise_options import WalkOptions
    from auditor.services.settings import Settings

app = new_app("How much noise each layer of the trained model tolerates.")
LAYERS_EXAMPLES = (
    "repro-audit noise layers train.py -- --epochs 1",
    "repro-audit noise layers -m package.train --format json",
)
WALK_EXAMPLES = (
    "repro-audit noise walk train.py",
    "repro-audit noise walk train.py --evaluate evaluation:accuracy --sigma log:1e-2:1e3:26",
    "repro-audit noise walk train.py --kind mul --layers 'encoder.*,global' -- --epochs 5",
    "repro-audit noise walk train.py --evaluate train:losses --metric loss:min --csv curves.csv",
    "repro-audit noise walk train.py --mode train --layers head --jobs 4",
    "repro-audit noise walk train.py --train-sigma 8 --train-layers head --layers head",
)
ALLOCATE_EXAMPLES = (
    "repro-audit noise allocate walk.json --budget 4",
    "repro-audit noise allocate walk.json --budget 4 --power 1 --json > executions.json",
    "repro-audit noise walk train.py --layers global --executions executions.json",
)
DEFAULT_SIGMA = {"add": "log:1e-2:1e8:41", "mul": "lin:0:6:25,log:1e1:1e10:37", "combined": "log:1e-2:1e8:41"}
TimeoutOption = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="A longer run has failed.", rich_help_panel="How"),
]
QuietProgramOption = Annotated[
    bool, typer.Option("--quiet-program", help="Hide what the program prints.", rich_help_panel="Output")
]


@app.callback(cls=GroupedGroup)
def _group() -> None:
    """How much noise each layer of the trained model tolerates."""


@app.command("layers", cls=GroupedCommand, epilog=examples(*LAYERS_EXAMPLES), context_settings=CONTEXT)
@with_output
def layers_command(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    python: PythonOption = None,
    timeout: TimeoutOption = None,
    quiet_program: QuietProgramOption = False,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """List where noise can enter the model that a program trains, in forward order.

    The program runs once, unchanged: the input of its model, and every module that calls no other.
    """
    from auditor.services.noise import list_layers

    program = _program(context, script, module, python, timeout, quiet_program)
    return _deliver(
        output, store, lambda settings, progress: list_layers(program, settings=settings, progress=progress)
    )


@app.command("walk", cls=GroupedCommand, epilog=examples(*WALK_EXAMPLES), context_settings=CONTEXT)
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
    evaluate: Annotated[
        str | None,
        typer.Option(
            "--evaluate",
            metavar="MODULE:FUNCTION",
            help="Is given the model; default: the program's own.",
            rich_help_panel="What",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="NAME[:min]",
            help="Of what the function returns; else agreement[:DIMENSION] or fidelity.",
            rich_help_panel="How",
        ),
    ] = None,
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
    mode: Annotated[
        str,
        typer.Option(
            "--mode", metavar="MODE", help="eval; train: a training under noise a level.", rich_help_panel="What"
        ),
    ] = "eval",
    train_sigma: Annotated[
        float | None,
        typer.Option(
            "--train-sigma", metavar="S", help="eval: train the model under this noise.", rich_help_panel="What"
        ),
    ] = None,
    train_layers: Annotated[
        str,
        typer.Option("--train-layers", metavar="LAYERS", help="Where that noise is.", rich_help_panel="What"),
    ] = "all",
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, help="train: trainings at a time.", rich_help_panel="How")
    ] = 1,
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
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the noise.", rich_help_panel="How")] = 0,
    python: PythonOption = None,
    timeout: TimeoutOption = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write every measurement there.", rich_help_panel="Output"),
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

    The program trains once, unchanged; then its evaluation is repeated with noise at one layer after the other. With
    --mode train each level of each layer is a training of its own, under the noise from its first step on.
    """
    from auditor.model.sensitivity import NoiseMode
    from auditor.services.noise import walk_noise

    modes = {each.value: each for each in NoiseMode}
    if mode not in modes:
        raise UsageError(f"--mode: expected one of {', '.join(modes)}, found `{mode}`")
    for option, path in (("--csv", csv), ("--plot", plot)):
        if path is not None and path.exists() and not output.force:
            raise UsageError(f"{option} {path}: exists already; --force overwrites it")
    options = _options(
        kind,
        sigma,
        precision=None if grid else _share(precision),
        layers=layers,
        repeats=repeats or (1 if mode == "train" else 3),
        mode=modes[mode],
        train_sigma=train_sigma,
        train_layers=train_layers,
        jobs=jobs,
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
    program = _program(context, script, module, python, timeout, quiet_program)

    def work(settings: Settings, progress: Shown) -> AuditReport:
        report = walk_noise(program, options, settings=settings, progress=progress)
        _write_files(report, csv, plot)
        return report

    return _deliver(output, store, work)


@app.command("allocate", cls=GroupedCommand, epilog=examples(*ALLOCATE_EXAMPLES), context_settings=CONTEXT)
def allocate_command(
    walk: Annotated[Path, typer.Argument(metavar="WALK", help="JSON report of a walk.")],
    budget: Annotated[
        float, typer.Option("--budget", metavar="B", help="Executions a layer, in the mean.", rich_help_panel="What")
    ],
    power: Annotated[
        float, typer.Option("--power", metavar="P", help="Executions go with midpoint^-P.", rich_help_panel="What")
    ] = 1.0,
    as_json: JsonOption = False,
) -> int:
    """Share executions out over the layers of a walk: more where noise hurts more.

    Averaging n executions of a layer leaves sigma / sqrt(n) of its noise.
    """
    from auditor.services.noise_allocation import allocate_executions

    shared = allocate_executions(walk, budget, power)
    write_stdout(shared.to_json() if as_json else shared.to_text())
    return ExitCode.CLEAN


def _program(
    context: typer.Context,
    script: str | None,
    module: str | None,
    python: Path | None,
    timeout: float | None,
    quiet_program: bool,
) -> NoiseProgram:
    from auditor.services.noise import NoiseProgram

    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    check_python(python)
    return NoiseProgram(
        command=program_command(script, module, invocation.program),
        cwd=Path.cwd(),
        python=python,
        timeout_s=timeout,
        quiet=quiet_program,
    )


def _options(kind: str, sigma: str | None, **values: object) -> WalkOptions:
    from auditor.experiments.noiselevels import parse_levels
    from auditor.model.sensitivity import NoiseKind
    from auditor.services.noise_options import WalkOptions, check_options

    if kind not in DEFAULT_SIGMA:
        raise UsageError(f"--kind: expected one of {', '.join(DEFAULT_SIGMA)}, found `{kind}`")
    try:
        sigmas = parse_levels(sigma if sigma is not None else DEFAULT_SIGMA[kind])
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


def _executions(text: str) -> dict[str, int]:
    if text.isdigit():
        return {"": int(text)}
    from auditor.services.noise_allocation import read_executions

    return read_executions(Path(text))


def _deliver(output: Output, store: Path | None, work: Callable[[Settings, Shown], AuditReport]) -> int:
    from auditor.services.settings import load_settings

    settings = load_settings(Path.cwd(), {"store": None if store is None else store.absolute()})
    with Interrupts(output.console()) as interrupts:
        progress = choose_progress(output.progress, interrupts.requested)
        try:
            report = work(settings, progress)
        finally:
            progress.close()
    return deliver(report, output)


def _write_files(report: AuditReport, csv: Path | None, plot: Path | None) -> None:
    assert report.sensitivity is not None
    if csv is not None:
        from auditor.report.prose.sensitivity_table import to_csv

        write_file(csv, to_csv(report.sensitivity), "--csv")
    if plot is not None:
        from auditor.report.prose.sensitivity_plot import to_html

        write_file(plot, to_html(report.sensitivity), "--plot")
