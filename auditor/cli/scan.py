"""`repro-audit scan`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.options import IgnoreOption, Output, SelectOption, with_output, words
from auditor.cli.progress import choose_progress
from auditor.cli.stdout import write_stdout
from auditor.errors import UsageError
from auditor.report.prose.numbers import count

if TYPE_CHECKING:
    from auditor.services.check import CheckOptions
    from auditor.services.settings import Settings

app = new_app()
EXAMPLES = (
    "repro-audit scan .",
    "repro-audit scan train.py src --select RA1,RA301",
    "repro-audit scan . --format sarif -o findings.sarif",
    "repro-audit scan . --diff-base origin/main...",
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
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="FILE", help="Tell only what is not accepted there.", rich_help_panel="What"
        ),
    ] = None,
    diff_base: Annotated[
        str | None,
        typer.Option(
            "--diff-base",
            metavar="REV",
            help="Tell only what is new since a git revision.",
            rich_help_panel="What",
        ),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline", metavar="FILE", help="Accept what is found: write it there.", rich_help_panel="How"
        ),
    ] = None,
    no_baseline: Annotated[
        bool, typer.Option("--no-baseline", help="Heed no baseline, whatever the settings say.", rich_help_panel="How")
    ] = False,
    patches: Annotated[
        bool,
        typer.Option(
            "--patches", help="Give each finding its patch; --format sarif always does.", rich_help_panel="How"
        ),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Scan again after each save; ctrl-c ends.", rich_help_panel="How")
    ] = False,
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
    from auditor.services.check import CheckOptions, check
    from auditor.services.setting_keys import read_option
    from auditor.services.settings import resolve_settings
    from auditor.static.discovery import find_root

    chosen = paths or [Path()]
    for path in chosen:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    if baseline is not None and no_baseline:
        raise UsageError("--baseline and --no-baseline exclude each other")
    overrides = {
        "select": words(select),
        "ignore": words(ignore),
        "exclude": words(exclude),
        "min_severity": read_option("--severity", "min-severity", severity),
        "min_confidence": read_option("--confidence", "min-confidence", confidence),
        "baseline": baseline,
    }

    def settings() -> Settings:
        found = resolve_settings(chosen[0], overrides).settings
        return replace(found, baseline=None) if no_baseline else found

    if show_settings:
        write_stdout(settings_page(resolve_settings(chosen[0], overrides)))
        return 0
    options = CheckOptions(diff_base=diff_base, write_baseline=write_baseline, cached=not no_cache)
    if watch:
        return _watch(chosen, settings, options, output)
    progress = choose_progress(output.progress, lambda: False)
    try:
        resolved = settings()
        report = check(chosen, resolved, options, progress)
        if report.findings and (patches or output.format == "sarif"):
            from auditor.services.fix import plan_for, with_patches  # LibCST, which other scans do without

            report = with_patches(plan_for(report, chosen, resolved, progress))
    finally:
        progress.close()
    if write_baseline is not None:
        accepted = sum(earlier.known for earlier in report.earlier)
        output.console().note(f"{write_baseline}: holds {count(accepted, 'finding')}; --baseline leaves them out")
    return deliver(report, output, find_root(chosen))


def _watch(paths: Sequence[Path], settings: Callable[[], Settings], options: CheckOptions, output: Output) -> int:
    from auditor.cli.watching import watch_and_print
    from auditor.static.discovery import find_root

    for option, given in (("-o", output.path), ("--write-baseline", options.write_baseline)):
        if given is not None:
            raise UsageError(f"--watch and {option} exclude each other")
    settings()  # a mistake that is there from the beginning ends the command
    return watch_and_print(paths, settings, options, output, find_root(paths))
