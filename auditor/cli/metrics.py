"""`repro-audit metrics import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import CONTEXT, GroupedCommand, examples, new_app
from auditor.cli.options import AsciiOption, ColorOption, JsonOption
from auditor.cli.output import Output
from auditor.cli.stdout import write_stdout

app = new_app("Results of trainings that were run elsewhere.")
EXAMPLES = (
    "repro-audit metrics import --format icse22 results.tar.gz",
    "repro-audit metrics import --format icse22 results/ --json | jq .variance.groups",
)


@app.callback()
def _group() -> None:
    """Results of trainings that were run elsewhere."""


@app.command("import", cls=GroupedCommand, epilog=examples(*EXAMPLES), context_settings=CONTEXT)
def import_results(
    source: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Archive or folder of result files.")],
    kind: Annotated[
        str, typer.Option("--format", metavar="KIND", help="What the files are: icse22.", rich_help_panel="What")
    ],
    ddof: Annotated[
        int,
        typer.Option("--ddof", min=0, max=1, help="1: deviations are divided by n - 1.", rich_help_panel="How"),
    ] = 0,
    artifact_compat: Annotated[
        bool,
        typer.Option("--artifact-compat", help="Churn as in the artifact of Zhuang et al.", rich_help_panel="How"),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Also a table of classes.", rich_help_panel="Output")
    ] = False,
    as_json: JsonOption = False,
    color: ColorOption = "auto",
    ascii: AsciiOption = False,  # noqa: A002
) -> int:
    """Say which runs of a training agree, by criterion, and how far its replicas spread."""
    from auditor.report import render
    from auditor.services.metrics import import_metrics

    output = Output(
        format="json" if as_json else "text",
        path=None,
        force=False,
        verbosity=int(verbose),
        color=color,
        ascii=ascii,
        progress=False,
        exit_zero=False,
    )
    output.check()
    report = import_metrics(source, kind, ddof=ddof, artifact=artifact_compat)
    write_stdout(render(report, output.format, output.render_options(ExitCode.CLEAN)))
    return ExitCode.CLEAN
