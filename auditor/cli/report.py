"""`repro-audit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.option_table import words
from auditor.cli.options import StoreOption, settings_with, with_output
from auditor.cli.output import Output
from auditor.cli.working import working
from auditor.errors import UsageError
from auditor.model.lean import replace

app = new_app()
EXAMPLES = (
    "repro-audit report",
    "repro-audit report -o report.html",
    "repro-audit report ../project --script train.py --format markdown",
    "repro-audit report --require 1,2,4,5",
)
_WHOLE = ("html", "json", "markdown", "text")
"""Formats that hold the whole walk; the others are for findings at places of the source."""

_FORMATS = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def report(
    project: Annotated[Path | None, typer.Argument(metavar="[PROJECT]", help="Its folder; default: this one.")] = None,
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="The program that it is about.", rich_help_panel="What"),
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(
            "--require", metavar="POINTS", help="Points that decide the exit code: 1,2,4.", rich_help_panel="What"
        ),
    ] = None,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Walk through the guideline for reproducible training, with the evidence that is kept.

    Nothing is run. Exits with 0 where all required points are met, 1 where one is not met, 4 where one is not shown.
    """
    from auditor.services.guideline.report import POINTS, GuidelineOptions, guideline

    output = _by_suffix(output)
    if output.format not in _WHOLE:
        raise UsageError(f"--format {output.format}: is for findings; this report is one of {', '.join(_WHOLE)}")
    folder = project or Path()
    if project is not None and not folder.is_dir():
        raise UsageError(f"{project}: no such folder; name the project's folder, and its program with --script")
    if script is not None and (folder / script).is_file():
        script = folder / script  # also where a file of that name lies in the folder that the user is in
    options = GuidelineOptions(script=script, required=_points(require, POINTS))
    settings = settings_with(store, folder)
    with working(output) as progress:
        found = guideline(folder, settings=settings, options=options, progress=progress)
    return deliver(found, output, folder.resolve())


def _points(text: str | None, there: tuple[int, ...]) -> tuple[int, ...]:
    """Read `1,2,4`."""
    chosen = words(text)
    if chosen is None:
        return there
    wrong = [word for word in chosen if not word.isdigit() or int(word) not in there]
    if wrong or not chosen:
        raise UsageError(f"--require: expected numbers of points from {there[0]} to {there[-1]}, found `{text}`")
    return tuple(sorted({int(word) for word in chosen}))


def _by_suffix(output: Output) -> Output:
    """The format that the file's name asks for, where no other was asked for."""
    suffix = output.path.suffix.lower() if output.path is not None else ""
    if output.format == "text" and suffix in _FORMATS:
        return replace(output, format=_FORMATS[suffix])
    return output
