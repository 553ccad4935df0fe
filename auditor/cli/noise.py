"""`repro-audit noise`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import noise_simulate, noise_walk
from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import CONTEXT, GroupedCommand, GroupedGroup, examples, new_app
from auditor.cli.noise_program import program_of, run_and_deliver
from auditor.cli.options import (
    JsonOption,
    ModuleOption,
    PythonOption,
    QuietProgramOption,
    ScriptArgument,
    StoreOption,
    TimeoutOption,
    with_output,
)
from auditor.cli.output import Output
from auditor.cli.stdout import write_stdout

app = new_app("How much noise each layer of the trained model tolerates.")
LAYERS_EXAMPLES = (
    "repro-audit noise layers train.py -- --epochs 1",
    "repro-audit noise layers -m package.train --format json",
)
ALLOCATE_EXAMPLES = (
    "repro-audit noise allocate walk.json --budget 4",
    "repro-audit noise allocate walk.json --budget 4 --power 1 --json > executions.json",
    "repro-audit noise walk train.py --layers global --executions executions.json",
)


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

    program = program_of(context, script, module, python, timeout, quiet_program)
    return run_and_deliver(
        output, store, lambda settings, progress: list_layers(program, settings=settings, progress=progress)
    )


app.command("walk", cls=GroupedCommand, epilog=examples(*noise_walk.EXAMPLES), context_settings=CONTEXT)(
    noise_walk.walk_command
)
app.command("simulate", cls=GroupedCommand, epilog=examples(*noise_simulate.EXAMPLES), context_settings=CONTEXT)(
    noise_simulate.simulate_command
)


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
