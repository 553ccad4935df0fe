"""`repro-audit overhead`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.options import (
    ModuleOption,
    PythonOption,
    ScriptArgument,
    StepsOption,
    StoreOption,
    settings_with,
    with_output,
)
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.working import working

app = new_app()
EXAMPLES = (
    "repro-audit overhead train.py -- --epochs 1",
    "repro-audit overhead train.py --runs 20 --steps 50",
    "repro-audit overhead -- torchrun --nproc-per-node 2 train.py",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def overhead(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    python: PythonOption = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=1, help="Runs of each kind.", rich_help_panel="How")
    ] = 10,
    warmup_steps: Annotated[
        int,
        typer.Option(
            "--warmup-steps", metavar="N", min=0, help="First steps that are left out.", rich_help_panel="How"
        ),
    ] = 3,
    steps: StepsOption = None,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Measure what deterministic mode costs.

    The program runs as it is and in deterministic mode, in turns; step times are compared.
    """
    from auditor.services.overhead import measure_overhead

    command = program_command(script, module, program_after(context))
    check_python(python)
    settings = settings_with(store)
    with working(output) as progress:
        report = measure_overhead(
            command,
            cwd=Path.cwd(),
            settings=settings,
            runs=runs,
            warmup_steps=warmup_steps,
            steps=steps,
            progress=progress,
            python=python,
        )
    return deliver(report, output)
