"""`repro-audit record`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import Console
from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import GroupedCommand, Invocation, examples, new_app
from auditor.cli.option_table import words
from auditor.cli.program import check_python, program_command
from auditor.cli.run import ModuleOption, PythonOption, ScriptArgument
from auditor.errors import UsageError

app = new_app()
EXAMPLES = (
    "repro-audit record -o run.tape -- python train.py --epochs 1",
    "repro-audit record -o run.tape train.py -- --epochs 1",
    "repro-audit record -o run.tape --tape time,listing -- torchrun --nproc-per-node 2 train.py",
    "repro-audit replay run.tape",
)
NativeOption = Annotated[
    bool,
    typer.Option(
        "--native/--no-native", help="Tape native code too, where a C compiler is there.", rich_help_panel="How"
    ),
]


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def record(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    tape: Annotated[
        Path, typer.Option("-o", "--output", metavar="TAPE", help="Folder for the tape.", rich_help_panel="Output")
    ] = Path("run.tape"),
    volatile: Annotated[
        str | None,
        typer.Option(
            "--tape",
            metavar="KINDS",
            help="Tape these wherever they are read, not only where they become seeds: time, pid, host, listing.",
            rich_help_panel="How",
        ),
    ] = None,
    native: NativeOption = True,
    python: PythonOption = None,
    force: Annotated[bool, typer.Option("--force", help="Record over TAPE.", rich_help_panel="Output")] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Say nothing unless something is wrong.", rich_help_panel="Output")
    ] = False,
) -> int:
    """Run a program and tape all that is random in it.

    The program is not changed and keeps its terminal. Every seed that the system gives it is on the tape; `replay`
    gives them back.
    """
    from auditor.services.tape import VOLATILE, record_tape, recording_remarks

    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    command = program_command(script, module, invocation.program)
    check_python(python)
    kinds = words(volatile) or ()
    for kind in kinds:
        if kind not in VOLATILE:
            raise UsageError(f"--tape: expected some of {', '.join(VOLATILE)}, found `{kind}`")
    console = Console(verbosity=-1 if quiet else 0)
    recorded = record_tape(
        command, tape, cwd=Path.cwd(), volatile=kinds, python=python, force=force, native=native, tell=console.note
    )
    for remark in recording_remarks(recorded):
        console.note(remark)
    if recorded.exit_code:
        console.error(f"the program {ended_with(recorded.exit_code)}; {tape} holds what it was given until then")
    return program_failed(recorded.exit_code)


def program_failed(code: int) -> ExitCode:
    """What a command exits with for the exit code of the program that it ran."""
    if code in (-2, 130):
        return ExitCode.INTERRUPTED
    return ExitCode.PROGRAM_FAILED if code else ExitCode.CLEAN


def ended_with(code: int) -> str:
    """`was killed by SIGKILL`, `failed with exit code 3`."""
    import signal

    if code >= 0:
        return f"failed with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
