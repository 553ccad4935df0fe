"""`repro-audit scan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import IgnoreOption, Output, SelectOption, with_output, words
from auditor.cli.progress import choose_progress
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError

app = new_app()
EXAMPLES = (
    "repro-audit scan .",
    "repro-audit scan train.py src --select RA1,RA301",
    "repro-audit scan . --format sarif -o findings.sarif",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def scan(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files and folders; default: .")
    ] = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            "--exclude", metavar="PATTERNS", help="Leave out paths, as in .gitignore.", rich_help_panel="What"
        ),
    ] = None,
    severity: Annotated[
        str | None,
        typer.Option("--severity", metavar="LEVEL", help="From error, warning or note on.", rich_help_panel="What"),
    ] = None,
    confidence: Annotated[
        str | None,
        typer.Option("--confidence", metavar="LEVEL", help="From high, medium or low on.", rich_help_panel="What"),
    ] = None,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="Do not use or keep the result of a scan.", rich_help_panel="Advanced"),
    ] = False,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Say where each setting comes from.", rich_help_panel="Advanced")
    ] = False,
    *,
    output: Output,
) -> int:
    """Find hazards in source; nothing is executed.

    Each program is judged as a whole: which RNG libraries it draws from, and whether they are seeded before.
    """
    from auditor.cli.settings_page import settings_page
    from auditor.services.scan import scan as scan_service
    from auditor.services.setting_keys import read_option
    from auditor.services.settings import resolve_settings

    chosen = paths or [Path()]
    for path in chosen:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    overrides = {
        "select": words(select),
        "ignore": words(ignore),
        "exclude": words(exclude),
        "min_severity": read_option("--severity", "min-severity", severity),
        "min_confidence": read_option("--confidence", "min-confidence", confidence),
    }
    resolved = resolve_settings(chosen[0], overrides)
    if show_settings:
        write_stdout(settings_page(resolved))
        return 0
    progress = choose_progress(output.progress, lambda: False)
    try:
        report = scan_service(chosen, resolved.settings, progress, cached=not no_cache)
    finally:
        progress.close()
    return deliver(report, output)
