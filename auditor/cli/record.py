"""`repro-audit record` for Typer: help, completion and complaints. Lines that are right come past it, see `line`."""

from __future__ import annotations

from typing import Any

import typer

from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.options import ScriptArgument, with_options
from auditor.cli.record_work import run_record
from auditor.cli.tape_options import RECORD

app = new_app()
EXAMPLES = (
    "repro-audit record -o run.tape -- python train.py --epochs 1",
    "repro-audit record -o run.tape train.py -- --epochs 1",
    "repro-audit record -o run.tape --tape time,listing -- torchrun --nproc-per-node 2 train.py",
    "repro-audit replay run.tape",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_options(RECORD)
def record(context: typer.Context, script: ScriptArgument = None, **values: Any) -> int:
    """Run a program and tape all that is random in it.

    The program is not changed and keeps its terminal. Every seed that the system gives it is on the tape; `replay`
    gives them back.
    """
    return run_record({"script": script, **values}, program_after(context))
