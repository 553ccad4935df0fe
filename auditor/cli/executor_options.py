"""Options of commands that run a program many times: how many at a time, where, and what each is given."""

from __future__ import annotations

from typing import Annotated

import typer

JobsOption = Annotated[
    str | None,
    typer.Option("--jobs", metavar="N|auto", help="Trainings at a time, each in a copy.", rich_help_panel="How"),
]
ExecutorOption = Annotated[
    str,
    typer.Option("--executor", metavar="WHERE", help="local, ray[:ADDRESS], slurm[:PARTITION].", rich_help_panel="How"),
]
RetriesOption = Annotated[
    int, typer.Option("--retries", metavar="N", min=0, help="Run failed ones so often again.", rich_help_panel="How")
]
NeedsOption = Annotated[
    str, typer.Option("--needs", metavar="WHAT", help="Of each: cpus=4,gpus=1,memory=8G.", rich_help_panel="How")
]
