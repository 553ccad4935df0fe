"""How a program ended that we ran on our own terminal, in words and as our exit code."""

from __future__ import annotations

from auditor.cli.exit_codes import ExitCode


def program_failed(code: int) -> ExitCode:
    """What a command exits with for the exit code of the program that it ran."""
    if code in (-2, 130):
        return ExitCode.INTERRUPTED
    return ExitCode.PROGRAM_FAILED if code else ExitCode.CLEAN


def ended_with(code: int) -> str:
    """`was killed by SIGKILL`, `failed with exit code 3`."""
    import signal

    if code >= 0:
        return f"failed with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
