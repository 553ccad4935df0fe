"""`repro-audit replay` for Typer: help, completion and complaints. Lines that are right come past it, see `line`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.options import with_options
from auditor.cli.replay_work import run_replay
from auditor.cli.tape_options import REPLAY

app = new_app()
EXAMPLES = (
    "repro-audit replay run.tape",
    "repro-audit replay run.tape -- python train.py --epochs 1",
    "repro-audit replay run.tape --lenient train.py",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_options(REPLAY)
def replay(
    context: typer.Context,
    tape: Annotated[Path, typer.Argument(metavar="TAPE", help="Folder that `record` made.")],
    script: Annotated[
        str | None,
        typer.Argument(metavar="[SCRIPT] [-- ARGS...]", help="Program; without one, the command that was recorded."),
    ] = None,
    **values: Any,
) -> int:
    """Run a program and give it from a tape what it was given before."""
    return run_replay({"tape": tape, "script": script, **values}, program_after(context))
