"""`repro-audit exec` for Typer: help, completion and complaints. Lines that are right come past it, see `line`."""

from __future__ import annotations

from typing import Any

import typer

from auditor.cli.exec_work import run_exec
from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.options import ScriptArgument, with_options
from auditor.cli.tape_options import EXEC

app = new_app()
EXAMPLES = (
    "repro-audit exec --seed 7 train.py -- --epochs 1",
    "repro-audit exec --deterministic --threads 1 -m package.train",
    "repro-audit exec --seed 7 --deterministic -- torchrun --nproc-per-node 2 train.py",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_options(EXEC)
def exec(context: typer.Context, script: ScriptArgument = None, **values: Any) -> int:  # noqa: A001, as the command
    """Run a program once with seed, determinism and threads set from outside.

    The program is not changed and keeps its terminal. Lines that set the same in a launcher are printed to stderr.
    """
    return run_exec({"script": script, **values}, program_after(context))
