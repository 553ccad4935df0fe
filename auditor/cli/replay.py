"""`repro-audit replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.console import Console
from auditor.cli.exit_codes import ExitCode
from auditor.cli.help import GroupedCommand, Invocation, examples, new_app
from auditor.cli.program import check_python, program_command
from auditor.cli.record import ended_with, program_failed
from auditor.cli.run import ModuleOption, PythonOption

if TYPE_CHECKING:
    from auditor.model.tape import ReplayOutcome
    from auditor.services.evidence import Inquiry

app = new_app()
EXAMPLES = (
    "repro-audit replay run.tape",
    "repro-audit replay run.tape -- python train.py --epochs 1",
    "repro-audit replay run.tape --lenient train.py",
)
SHOWN = 5


@app.command(cls=GroupedCommand, epilog=examples(*EXAMPLES))
def replay(
    context: typer.Context,
    tape: Annotated[Path, typer.Argument(metavar="TAPE", help="Folder that `record` made.")],
    script: Annotated[
        str | None,
        typer.Argument(metavar="[SCRIPT] [-- ARGS...]", help="Program; without one, the command that was recorded."),
    ] = None,
    module: ModuleOption = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict/--lenient",
            help="End the program at the first request that is not the recorded one, or go on and tell.",
            rich_help_panel="How",
        ),
    ] = True,
    python: PythonOption = None,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Say nothing unless something is wrong.", rich_help_panel="Output")
    ] = False,
) -> int:
    """Run a program and give it from a tape what it was given before."""
    from auditor.services.tape import replay_tape

    invocation = context.obj if isinstance(context.obj, Invocation) else Invocation()
    given = script is not None or module is not None or invocation.program
    command = program_command(script, module, invocation.program) if given else None
    check_python(python)
    console = Console(verbosity=-1 if quiet else 0)
    inquiry = _inquiry(tape, command, python)
    outcome = replay_tape(tape, command, cwd=Path.cwd(), strict=strict, python=python, tell=console.note)
    for note in _first(outcome.notes):
        console.note(f"note: {note}")
    code = _conclude(outcome, strict, console)
    if code is ExitCode.CLEAN:
        problem = inquiry.keep_answer(f"{tape.name} was given back and every request was the recorded one")
        if problem:
            console.note(f"note: {problem}")
    return code


def _inquiry(tape: Path, command: list[str] | None, python: Path | None) -> Inquiry:
    """What is known before the replay; raises what `replay_tape` raises for a tape that is none."""
    from auditor.model.evidence import EvidenceKind
    from auditor.runs.tapefile import read_launch
    from auditor.services.evidence import Inquiry
    from auditor.services.settings import load_settings

    argv = command or read_launch(tape).argv
    settings = load_settings(Path.cwd())
    return Inquiry.begin(EvidenceKind.REPLAY, argv, Path.cwd(), store=settings.store, python=python)


def _conclude(outcome: ReplayOutcome, strict: bool, console: Console) -> ExitCode:
    """Tell what came of it, and pick the exit code."""
    known = [divergence for divergence in outcome.divergences if not divergence.tape_was_cut]
    for text in _first(tuple(d.text for d in outcome.divergences)):
        console.error(text)
    for problem in _first(outcome.problems):
        console.error(problem)
    if known:
        ended = "the replay ended there; --lenient goes on" if strict else "the program went on with other entropy"
        console.error(f"the program is not the one that was recorded, or does not do the same each time: {ended}")
        return ExitCode.FOUND
    if outcome.divergences:
        console.error("what the program did until then is what was recorded; beyond it nothing is known")
        return ExitCode.INCONCLUSIVE
    if outcome.exit_code:
        console.error(f"the program {ended_with(outcome.exit_code)}")
        return program_failed(outcome.exit_code)
    if outcome.problems:
        return ExitCode.INCONCLUSIVE
    count = outcome.processes
    console.note(f"replayed: {count} process{'' if count == 1 else 'es'} got what {'it' if count == 1 else 'they'} had")
    return ExitCode.CLEAN


def _first(texts: tuple[str, ...]) -> list[str]:
    """The first few, and how many more there are."""
    more = len(texts) - SHOWN
    return [*texts[:SHOWN], *([f"{more:,} more of this kind"] if more > 0 else [])]
