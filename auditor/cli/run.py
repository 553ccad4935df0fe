"""`repro-audit run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.margin import AcceptOption, size_bytes
from auditor.cli.options import (
    ModuleOption,
    PythonOption,
    QuietProgramOption,
    ScriptArgument,
    StepsOption,
    StoreOption,
    TimeoutOption,
    check_word,
    settings_with,
    with_output,
)
from auditor.cli.output import Output
from auditor.cli.program import check_python, program_command
from auditor.cli.progress import Shown
from auditor.cli.working import working
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.model.report import AuditReport
    from auditor.services.settings import Settings

app = new_app()
EXAMPLES = (
    "repro-audit run train.py --twice -- --epochs 1",
    "repro-audit run -m package.train --twice --steps 100",
    "repro-audit run --twice -- torchrun --nproc-per-node 2 train.py",
    "repro-audit run train.py --twice --margins --accept-margin 3",
    "repro-audit run train.py --twice --python ../venv/bin/python --format json -o verdict.json",
)


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def run(
    context: typer.Context,
    script: ScriptArgument = None,
    module: ModuleOption = None,
    twice: Annotated[
        bool, typer.Option("--twice", help="Run it two times and compare, bit for bit.", rich_help_panel="What")
    ] = False,
    margins: Annotated[
        bool, typer.Option("--margins", help="Say whether a difference matters, by layer.", rich_help_panel="What")
    ] = False,
    accept_margin: AcceptOption = None,
    python: PythonOption = None,
    isolate: Annotated[
        str,
        typer.Option("--isolate", metavar="HOW", help="none, or copy: each run in a copy.", rich_help_panel="How"),
    ] = "none",
    steps: StepsOption = None,
    timeout: TimeoutOption = None,
    compile: Annotated[  # noqa: A002
        str,
        typer.Option("--compile", metavar="HOW", help="keep, or eager: look inside.", rich_help_panel="How"),
    ] = "keep",
    full: Annotated[
        bool, typer.Option("--full", help="Don't stop after the first difference.", rich_help_panel="How")
    ] = False,
    no_closeup: Annotated[
        bool, typer.Option("--no-closeup", help="No second pair of runs to measure it.", rich_help_panel="How")
    ] = False,
    no_scan: Annotated[
        bool, typer.Option("--no-scan", help="Don't look for the cause in the source.", rich_help_panel="How")
    ] = False,
    walk: Annotated[
        str | None,
        typer.Option("--walk", metavar="WALK", help="Noise walk to take tolerances from.", rich_help_panel="How"),
    ] = None,
    margin_budget: Annotated[
        str, typer.Option("--margin-budget", metavar="SIZE", help="Kept on disk, a run.", rich_help_panel="How")
    ] = "256M",
    quiet_program: QuietProgramOption = False,
    tui: Annotated[
        bool, typer.Option("--tui", help="Show the result on the screen.", rich_help_panel="Output")
    ] = False,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Run a program under the probe; with --twice, name the first tensor that differs.

    The program is not changed. Its output streams through to stderr.
    """
    command = program_command(script, module, program_after(context))
    check_python(python)
    check_word("--isolate", isolate, ("none", "copy"))
    check_word("--compile", compile, ("keep", "eager"))
    if tui:
        from auditor.cli.tui import check_terminal

        check_terminal()
    settings = settings_with(store)
    shared = {
        "steps": steps,
        "timeout_s": timeout,
        "isolate": isolate,
        "python": python,
        "compile": compile,
        "quiet_program": quiet_program,
    }
    if (accept_margin is not None or walk is not None) and not margins:
        raise UsageError("--accept-margin and --walk: add --margins, which measures what they speak of")
    if margins and not twice:
        raise UsageError("--margins: add --twice; a margin is about the difference of two runs")
    own: dict[str, object] = {"full": full, "closeup": not no_closeup, "scan": not no_scan} if twice else {}
    if margins:
        from auditor.services.margin import MarginOptions

        budget = size_bytes("--margin-budget", margin_budget)
        own["margins"] = MarginOptions(walk=walk, accept=accept_margin, budget_bytes=budget)
        own["tell"] = output.console().note
    with working(output) as progress:
        report = _execute(command, settings, progress, {**shared, **own}, twice)
    code = deliver(report, output)
    if tui:
        from auditor.cli.tui import open_report

        open_report(report, settings)
    return code


def _execute(
    command: list[str], settings: Settings, progress: Shown, options: dict[str, object], twice: bool
) -> AuditReport:
    if twice:
        from auditor.services.twice import TwiceOptions, run_twice

        return run_twice(
            command,
            cwd=Path.cwd(),
            settings=settings,
            options=TwiceOptions(**options),  # type: ignore[arg-type]  # typed where the options are declared
            progress=progress,
        )
    from auditor.services.record import RecordOptions, record

    return record(
        command,
        cwd=Path.cwd(),
        settings=settings,
        options=RecordOptions(**options),  # type: ignore[arg-type]  # typed where the options are declared
        progress=progress,
    )
