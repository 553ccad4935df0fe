"""`repro-audit exec`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import Console
from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import GroupedCommand, Invocation, examples, new_app
from auditor.cli.program import check_python, program_command
from auditor.cli.record import ended_with, program_failed
from auditor.cli.run import ModuleOption, PythonOption, ScriptArgument

app = new_app()
EXAMPLES = (
    "repro-audit exec --seed 7 train.py -- --epochs 1",
    "repro-audit exec --deterministic --threads 1 -m package.train",
    "repro-audit exec --seed 7 --deterministic -- torchrun --nproc-per-node 2 train.py",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def exec(  # noqa: A001, as the command is called
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Answer every request for entropy from N.", rich_help_panel="What"),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Deterministic algorithms only.", rich_help_panel="What")
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", min=1, help="Threads of operators.", rich_help_panel="What"),
    ] = None,
    python: PythonOption = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Don't print the lines for the launcher.", rich_help_panel="Output")
    ] = False,
) -> int:
    """Run a program once with seed, determinism and threads set from outside.

    The program is not changed and keeps its terminal. Lines that set the same in a launcher are printed to stderr.
    """
    from auditor.services.outside import Setup, equivalent_lines, run_outside

    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    command = program_command(script, module, invocation.program)
    check_python(python)
    setup = Setup(seed=seed, deterministic=deterministic, threads=threads)
    code = run_outside(command, setup, cwd=Path.cwd(), python=python)
    console = Console(verbosity=-1 if quiet else 0)
    for line in ["the same without repro-audit:", *(f"  {line}" for line in equivalent_lines(command, setup))]:
        console.note(line)
    if code:
        console.error(f"the program {ended_with(code)}")
    return program_failed(code) if code else ExitCode.CLEAN
