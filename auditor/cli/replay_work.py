"""What `replay` does once its line has been read, by Typer or without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.cli.console import Console
from auditor.cli.exit_codes import ExitCode
from auditor.cli.program import check_python, program_command
from auditor.cli.program_end import ended_with, program_failed
from auditor.errors import UsageError
from auditor.model.annotations import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.model.tape import ReplayOutcome
    from auditor.services.evidence import Inquiry

SHOWN = 5


def run_replay(given: dict[str, Any], program: Sequence[str] | None) -> int:
    """Replay as the values of the options of `tape_options` say; `program`: the words after `--`."""
    from auditor.services.tape import replay_tape

    tape, strict, python = given["tape"], given["strict"], given["python"]
    named = given["script"] is not None or given["module"] is not None or program
    command = program_command(given["script"], given["module"], program) if named else None
    check_python(python)
    console = Console(verbosity=-1 if given["quiet"] else 0)
    inquiry = _inquiry(tape, command, python, console)
    outcome = replay_tape(tape, command, cwd=Path.cwd(), strict=strict, python=python, tell=console.note)
    for note in _first(outcome.notes):
        console.note(f"note: {note}")
    code = _conclude(outcome, strict, console)
    if code is ExitCode.CLEAN and inquiry is not None:
        problem = inquiry.keep_answer(f"{tape.name} was given back and every request was the recorded one")
        if problem:
            console.note(f"note: {problem}")
    return code


def _inquiry(tape: Path, command: list[str] | None, python: Path | None, console: Console) -> Inquiry | None:
    """What is known before the replay, None where nothing can be kept; raises what `replay_tape` raises for no tape."""
    from auditor.model.evidence import EvidenceKind
    from auditor.runs.tapefile import read_launch
    from auditor.services.evidence import Inquiry, not_kept
    from auditor.services.settings import load_settings
    from auditor.services.tape import recorded_python

    launch = read_launch(tape)
    argv = command or launch.argv
    python = python or recorded_python(launch)
    settings = load_settings(Path.cwd())
    try:
        return Inquiry.begin(EvidenceKind.REPLAY, argv, Path.cwd(), store=settings.store, python=python)
    except UsageError as error:  # no folder to keep it in; the replay needs none
        console.note(f"note: {not_kept(error)}")
        return None


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
