"""`repro-audit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app
from auditor.cli.option_table import words
from auditor.cli.options import StoreOption, settings_with, with_output
from auditor.cli.output import Output
from auditor.cli.progress import choose_progress
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.services.progress import Progress
    from auditor.services.settings import Settings

app = new_app()
EXAMPLES = (
    "repro-audit compare r1 r2",
    "repro-audit compare ../elsewhere/runs/r7 r2 --format markdown",
    "repro-audit compare r1 r2 --criteria --metric 'accuracy=accuracy ([0-9.]+)'",
    "repro-audit compare v1/control/1 v1/control/2 --criteria",
    "repro-audit compare results/a results/b --criteria --only overall,losses",
)
_WHAT, _HOW = "What", "How"


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def compare(
    reference: Annotated[str, typer.Argument(metavar="RUN", help="Id of a stored run, or its folder.")],
    candidate: Annotated[str, typer.Argument(metavar="RUN", help="The run that is held against it.")],
    criteria: Annotated[
        bool,
        typer.Option("--criteria", help="By results: metrics, losses, weights, ….", rich_help_panel=_WHAT),
    ] = False,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="NAMES", help="Criteria that count: overall, …", rich_help_panel=_HOW),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME=REGEX", help="In the output; or FILE.json.", rich_help_panel=_HOW),
    ] = None,
    predictions: Annotated[
        str | None,
        typer.Option("--predictions", metavar="FILE", help="One entry a test sample.", rich_help_panel=_HOW),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="True classes of the samples.", rich_help_panel=_HOW),
    ] = None,
    losses: Annotated[
        str | None,
        typer.Option("--losses", metavar="REGEX", help="In the output; or FILE:column.", rich_help_panel=_HOW),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", metavar="FILE", help="Final weights: .pt .npz ….", rich_help_panel=_HOW),
    ] = None,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Give the same verdict for two runs that exist.

    With --criteria also replicas of `variance` (v1/algo/1), and folders or files of results, criterion by criterion.
    """
    settings = settings_with(store)
    named = {
        "--only": only,
        "--metric": metric,
        "--predictions": predictions,
        "--labels": labels,
        "--losses": losses,
        "--weights": weights,
    }
    given = next((option for option, value in named.items() if value), None)
    if given is not None and not criteria:
        raise UsageError(f"{given}: only with --criteria")
    progress = choose_progress(output.progress, lambda: False)
    try:
        if criteria:
            from auditor.services.criteria import CriteriaOptions, compare_criteria, parse_criteria, parse_looking

            options = CriteriaOptions(
                looking=parse_looking(metric or (), predictions, labels, losses, weights),
                only=parse_criteria(words(only) or ()),
            )
            report = compare_criteria(
                reference, candidate, cwd=Path.cwd(), settings=settings, options=options, progress=progress
            )
        else:
            report = _compare(reference, candidate, settings, progress)
    finally:
        progress.close()
    return deliver(report, output)


def _compare(reference: str, candidate: str, settings: Settings, progress: Progress) -> AuditReport:
    from auditor.services.compare import compare_runs
    from auditor.services.history import find_run

    runs = [find_run(name, Path.cwd(), settings) for name in (reference, candidate)]
    return compare_runs(runs[0], runs[1], settings, progress)
