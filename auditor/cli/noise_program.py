"""What the commands on noise have in common: the program's options, and how a report is made and delivered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import Invocation
from auditor.cli.interrupt import Interrupts
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.progress import Shown, choose_progress

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

    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    check_python(python)
    return NoiseProgram(
        command=program_command(script, module, invocation.program),
        cwd=Path.cwd(),
        python=python,
        timeout_s=timeout,
        quiet=quiet_program,
    )


def run_and_deliver(output: Output, store: Path | None, work: Callable[[Settings, Shown], AuditReport]) -> int:
    """Make a report with settings and progress, and send it where the options say."""
    from auditor.services.settings import load_settings

    settings = load_settings(Path.cwd(), {"store": None if store is None else store.absolute()})
    with Interrupts(output.console()) as interrupts:
        progress = choose_progress(output.progress, interrupts.requested)
        try:
            report = work(settings, progress)
        finally:
            progress.close()
    return deliver(report, output)
