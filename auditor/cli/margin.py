"""`repro-audit margin`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import StoreOption, settings_with, with_output
from auditor.cli.output import Output
from auditor.cli.progress import choose_progress
from auditor.errors import UsageError

app = new_app()
EXAMPLES = (
    "repro-audit margin last",
    "repro-audit margin r2 walk-ee985009",
    "repro-audit margin r2 --replicas v3/algo -v",
    "repro-audit margin r2 --accept-margin 3 --format json",
)
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
AcceptOption = Annotated[
    float | None,
    typer.Option(
        "--accept-margin",
        metavar="DECADES",
        help="Exit 0 where every layer keeps so much.",
        rich_help_panel="What",
    ),
]


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def margin(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id or folder of a run that --margins made, or last.")],
    walk: Annotated[
        str | None, typer.Argument(metavar="[WALK]", help="Id, file or last; default: newest that fits.")
    ] = None,
    accept_margin: AcceptOption = None,
    replicas: Annotated[
        str | None,
        typer.Option(
            "--replicas", metavar="V", help="Spread of gradients and weights: v3 or v3/algo.", rich_help_panel="How"
        ),
    ] = None,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Hold the difference of two runs against the noise that each layer tolerates.

    Gradients and weights: against their spread over replicas. For runs made by: run SCRIPT --twice --margins. Nothing
    is run again.
    """
    from auditor.services.margin import margin_of_runs

    cwd = Path.cwd()
    settings = settings_with(store, cwd)
    progress = choose_progress(output.progress, lambda: False)
    try:
        report = margin_of_runs(
            run, walk, accept_margin, cwd=cwd, settings=settings, progress=progress, replicas=replicas
        )
    finally:
        progress.close()
    return deliver(report, output)


def size_bytes(option: str, text: str) -> int:
    """Read `64M` or `2G`; powers of 1024."""
    number, unit = (text[:-1], text[-1].upper()) if text and text[-1].isalpha() else (text, "")
    try:
        return int(float(number) * UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        raise UsageError(f"{option}: expected a size such as 64M or 2G, found `{text}`") from None
