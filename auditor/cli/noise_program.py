"""What the commands on noise have in common: the program's options, and how a report is made and delivered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import program_after
from auditor.cli.options import settings_with
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.progress import Shown
from auditor.cli.working import working

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.model.report import AuditReport
    from auditor.services.noise_session import NoiseProgram
    from auditor.services.settings import Settings

EvaluateOption = Annotated[
    str | None,
    typer.Option(
        "--evaluate",
        metavar="MODULE:FUNCTION",
        help="Is given the model; default: the program's own.",
        rich_help_panel="What",
    ),
]
MetricOption = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="NAME[:min]",
        help="Of what the function returns; else agreement[:DIMENSION] or fidelity.",
        rich_help_panel="How",
    ),
]
NoiseSeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Of the noise.", rich_help_panel="How")]


def program_of(
    context: typer.Context,
    script: str | None,
    module: str | None,
    python: Path | None,
    timeout: float | None,
    quiet_program: bool,
) -> NoiseProgram:
    """Return the program that a command line names."""
    from auditor.services.noise_session import NoiseProgram

    check_python(python)
    return NoiseProgram(
        command=program_command(script, module, program_after(context)),
        cwd=Path.cwd(),
        python=python,
        timeout_s=timeout,
        quiet=quiet_program,
    )


def run_and_deliver(output: Output, store: Path | None, work: Callable[[Settings, Shown], AuditReport]) -> int:
    """Make a report with settings and progress, and send it where the options say."""
    settings = settings_with(store)
    with working(output) as progress:
        report = work(settings, progress)
    return deliver(report, output)
