"""`repro-audit runs list|show|prune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import CONTEXT, GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, StoreOption, page_text, settings_with, with_output
from auditor.cli.output import Output
from auditor.cli.stdout import write_stdout
from auditor.cli.version import version_line

app = new_app("List, show and prune stored runs of the project that this folder is in.")


@app.command("list", cls=GroupedCommand, epilog=examples("repro-audit runs list"), context_settings=CONTEXT)
def list_runs(store: StoreOption = None, ascii: AsciiOption = False) -> int:  # noqa: A002
    """List the stored runs, oldest first."""
    from auditor.report.prose.page import Page
    from auditor.report.prose.recorded import add_run_list
    from auditor.services.history import run_size_bytes, store_folder, stored_runs

    settings = settings_with(store)
    runs = stored_runs(Path.cwd(), settings)
    page = Page()
    add_run_list(page, runs, [run_size_bytes(run) for run in runs], str(store_folder(Path.cwd(), settings)))
    write_stdout(page_text(page, "never", ascii))
    return 0


@app.command("show", cls=GroupedCommand, epilog=examples("repro-audit runs show r1 -v"), context_settings=CONTEXT)
@with_output
def show_run(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or its folder.")],
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Show what one run left."""
    from auditor.model.report import AuditReport
    from auditor.services.history import find_run

    run = find_run(name, Path.cwd(), settings_with(store))
    tool = " ".join(version_line().split()[:2])
    deliver(AuditReport(tool=tool, project=Path(run.project).name, runs=(run,)), output)
    return 0


@app.command("prune", cls=GroupedCommand, epilog=examples("repro-audit runs prune --keep 4"), context_settings=CONTEXT)
def prune_runs(
    keep: Annotated[int, typer.Option("--keep", metavar="N", help="How many of the newest of each stay.")],
    store: StoreOption = None,
) -> int:
    """Remove all but the newest runs, noise walks, and trainings of noise walks.

    Replicas of variance and evidence stay, and whatever is going on.
    """
    from auditor.services.history import prune_runs as prune

    removed = prune(keep, Path.cwd(), settings_with(store))
    write_stdout(f"removed {', '.join(removed)}\n" if removed else "nothing to remove\n")
    return 0
