"""What `record` does once its line has been read, by Typer or without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.cli.console import Console
from auditor.cli.option_table import words
from auditor.cli.program import check_python, program_command
from auditor.cli.program_end import ended_with, program_failed
from auditor.errors import UsageError
from auditor.model.annotations import Any


def run_record(given: dict[str, Any], program: Sequence[str] | None) -> int:
    """Record as the values of the options of `tape_options` say; `program`: the words after `--`."""
    from auditor.services.tape import VOLATILE, record_tape, recording_remarks

    command = program_command(given["script"], given["module"], program)
    check_python(given["python"])
    kinds = words(given["volatile"]) or ()
    for kind in kinds:
        if kind not in VOLATILE:
            raise UsageError(f"--tape: expected some of {', '.join(VOLATILE)}, found `{kind}`")
    console = Console(verbosity=-1 if given["quiet"] else 0)
    tape: Path = given["tape"]
    recorded = record_tape(
        command,
        tape,
        cwd=Path.cwd(),
        volatile=kinds,
        python=given["python"],
        force=given["force"],
        native=given["native"],
        tell=console.note,
    )
    for remark in recording_remarks(recorded):
        console.note(remark)
    if recorded.exit_code:
        console.error(f"the program {ended_with(recorded.exit_code)}; {tape} holds what it was given until then")
    return program_failed(recorded.exit_code)
