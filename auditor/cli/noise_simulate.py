"""`repro-audit noise simulate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

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
    with_output,
)
from auditor.cli.output import Output
from auditor.cli.progress import Shown

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.services.settings import Settings

EXAMPLES = (
    "repro-audit noise simulate train.py --profile int8",
    "repro-audit noise simulate train.py --profile mine.toml --evaluate train:accuracy",
)


@with_output
def simulate_command(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="NAME|FILE",
            help="int8, bfloat16, analog-crossbar, brainscales2, or a TOML file; repeatable.",
            rich_help_panel="What",
        ),
    ] = None,
    evaluate: EvaluateOption = None,
    metric: MetricOption = None,
    repeats: Annotated[
        int, typer.Option("--repeats", metavar="N", min=2, help="Draws of the noise.", rich_help_panel="How")
    ] = 20,
    seed: NoiseSeedOption = 0,
    python: PythonOption = None,
    timeout: TimeoutOption = None,
    quiet_program: QuietProgramOption = False,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Say what the trained model would reach on hardware with noise.

    The program trains once, unchanged; then its evaluation is repeated with the noise that a profile gives each class
    of layers.
    """
    from auditor.services.noise_simulation import SimulationOptions, simulate

    options = SimulationOptions(
        profiles=tuple(profile or ()), repeats=repeats, evaluate=evaluate, metric=metric, seed=seed
    )
    program = program_of(context, script, module, python, timeout, quiet_program)

    def work(settings: Settings, progress: Shown) -> AuditReport:
        return simulate(program, options, settings=settings, progress=progress)

    return run_and_deliver(output, store, work)
