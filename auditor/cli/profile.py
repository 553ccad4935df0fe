"""`repro-audit profile`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.delivery import deliver
from auditor.cli.help import GroupedCommand, examples, new_app, program_after
from auditor.cli.options import (
    ModuleOption,
    PythonOption,
    QuietProgramOption,
    StepsOption,
    StoreOption,
    TimeoutOption,
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
    from auditor.model.run import RunRecord
    from auditor.services.profile import ProfileOptions
    from auditor.services.settings import Settings

app = new_app()
EXAMPLES = (
    "repro-audit profile train.py -- --epochs 1",
    "repro-audit profile -m package.train --steps 50",
    "repro-audit profile -- torchrun --nproc-per-node 2 train.py",
    "repro-audit profile r7",
)
_RUN_ID = re.compile(r"r[0-9]+")


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
@with_output
def profile(
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(metavar="[SCRIPT | RUN] [-- ARGS...]", help="Program to run, or a run that exists."),
    ] = None,
    module: ModuleOption = None,
    python: PythonOption = None,
    steps: StepsOption = None,
    timeout: TimeoutOption = None,
    no_scan: Annotated[
        bool, typer.Option("--no-scan", help="Don't look for patches in the source.", rich_help_panel="How")
    ] = False,
    quiet_program: QuietProgramOption = False,
    store: StoreOption = None,
    *,
    output: Output,
) -> int:
    """Which executed operators are non-deterministic under the conditions that hold.

    With count, time share and line of each, what takes it out, and the command that proves it.
    """
    from auditor.services.profile import ProfileOptions

    settings = settings_with(store)
    run = _kept_run(what, settings) if module is None and not program_after(context) else None
    options = ProfileOptions(
        steps=steps, timeout_s=timeout, python=python, quiet_program=quiet_program, scan=not no_scan
    )
    if run is not None:
        if steps is not None or timeout is not None or python is not None:
            raise UsageError(f"{what} is a run that exists: --steps, --timeout and --python are for running a program")
        command = []
    else:
        command = program_command(what, module, program_after(context))
        check_python(python)
    with working(output) as progress:
        report = _report(run, command, settings, options, progress)
    return deliver(report, output)


def _kept_run(what: str | None, settings: Settings) -> RunRecord | None:
    """The run that is named, by id or folder; None where a program is meant."""
    from auditor.runs.record import FILE_NAME
    from auditor.services.history import find_run

    if what is None or Path(what).is_file():
        return None
    if (Path(what) / FILE_NAME).is_file() or (_RUN_ID.fullmatch(what) and not Path(what).exists()):
        return find_run(what, Path.cwd(), settings)
    return None


def _report(
    run: RunRecord | None, command: list[str], settings: Settings, options: ProfileOptions, progress: Shown
) -> AuditReport:
    from auditor.services.profile import profile_program, profile_run

    if run is not None:
        return profile_run(run, settings=settings, scan=options.scan, progress=progress)
    return profile_program(command, cwd=Path.cwd(), settings=settings, options=options, progress=progress)
