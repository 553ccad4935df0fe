"""What `exec` does once its line has been read, by Typer or without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.cli.console import Console
from auditor.cli.program import check_python, program_command
from auditor.cli.program_end import ended_with, program_failed
from auditor.model.annotations import Any


def run_exec(given: dict[str, Any], program: Sequence[str] | None) -> int:
    """Run a program as the values of the options of `tape_options` say; `program`: the words after `--`."""
    from auditor.services.outside import Setup, equivalent_lines, run_outside

    command = program_command(given["script"], given["module"], program)
    check_python(given["python"])
    setup = Setup(seed=given["seed"], deterministic=given["deterministic"], threads=given["threads"])
    code = run_outside(command, setup, cwd=Path.cwd(), python=given["python"])
    console = Console(verbosity=-1 if given["quiet"] else 0)
    for line in ["the same without repro-audit:", *(f"  {line}" for line in equivalent_lines(command, setup))]:
        console.note(line)
    if code:
        console.error(f"the program {ended_with(code)}")
    return program_failed(code)
