"""`repro-audit tui`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, StoreOption, settings_with
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.services.settings import Settings

app = new_app()
EXAMPLES = ("repro-audit tui", "repro-audit tui src/ train.py", "repro-audit tui r1 r2")


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def tui(
    things: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH|RUN]...", help="What to scan, or one or two runs to show.")
    ] = None,
    store: StoreOption = None,
    theme: Annotated[
        str | None,
        typer.Option("--theme", metavar="NAME", help="Colours; default: your terminal's.", rich_help_panel="Output"),
    ] = None,
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Go through findings, divergence and cost on the screen.

    Stored runs of the project are listed; work starts only when asked.
    """
    check_terminal()
    paths, runs = _sorted_out(things or [])
    settings = settings_with(store, paths[0] if paths else None)
    from auditor.tui.opening import run

    return run(paths, runs, settings, ascii_only=ascii, theme=theme or "")


def open_report(report: AuditReport, settings: Settings) -> None:
    """Show a report that another command made."""
    from auditor.tui.opening import run

    run((), (), settings, report)


def check_terminal() -> None:
    """Raise `UsageError` where no full-screen program can run."""
    from auditor.tui.terminal import refusal

    if reason := refusal(sys.stdin, sys.stdout):
        raise UsageError(reason)
    if not sys.stderr.isatty():
        raise UsageError("tui draws on the terminal through standard error, which leads elsewhere; drop the `2>`")


def _sorted_out(things: list[str]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Tell paths from runs: what exists and is no run folder is a path, anything else is asked of the store."""
    paths = tuple(Path(thing) for thing in things if Path(thing).exists() and not (Path(thing) / "run.json").is_file())
    runs = tuple(thing for thing in things if Path(thing) not in paths)
    if paths and runs:
        raise UsageError(f"name either paths ({paths[0]}) or runs ({runs[0]}), not both; {runs[0]} is no path")
    if len(runs) > 2:
        raise UsageError(f"{len(runs)} runs were named; at most two can be held against each other")
    return paths, runs
