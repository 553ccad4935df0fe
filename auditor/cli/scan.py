"""`repro-audit scan` for Typer: help, completion and complaints. Lines that are right come past it, see `line`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.option_table import OUTPUT, SCAN
from auditor.cli.options import named_path, with_options
from auditor.cli.scan_work import run_scan

app = new_app()
EXAMPLES = (
    "repro-audit scan .",
    "repro-audit scan train.py src --select RA1,RA301",
    "repro-audit scan . --format sarif -o findings.sarif",
    "repro-audit scan . --diff-base origin/main...",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_options((*SCAN, *OUTPUT))
def scan(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders; default: .", parser=named_path),
    ] = None,
    **values: Any,
) -> int:
    """Find hazards in source; nothing is executed.

    Each program is judged as a whole: which RNG libraries it draws from, and whether they are seeded before.
    """
    return run_scan({"paths": paths, **values})
