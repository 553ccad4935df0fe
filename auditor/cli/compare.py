"""`repro-audit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import StoreOption, with_output
from auditor.cli.output import Output
from auditor.cli.progress import choose_progress

app = new_app()
EXAMPLES = ("repro-audit compare r1 r2", "repro-audit compare ../elsewhere/runs/r7 r2 --format markdown")


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def compare(
    reference: Annotated[str, typer.Argument(metavar="RUN", help="Id of a stored run, or its folder.")],
    candidate: Annotated[str, typer.Argument(metavar="RUN", help="The run that is held against it.")],
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Give the same verdict for two runs that exist."""
    from auditor.services.compare import compare_runs
    from auditor.services.history import find_run
    from auditor.services.settings import load_settings

    cwd = Path.cwd()
    settings = load_settings(cwd, {"store": None if store is None else store.absolute()})
    runs = [find_run(name, cwd, settings) for name in (reference, candidate)]
    progress = choose_progress(output.progress, lambda: False)
    try:
        report = compare_runs(runs[0], runs[1], settings, progress)
    finally:
        progress.close()
    return deliver(report, output)
