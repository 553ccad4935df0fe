"""stdout: reports and pages only, and no complaint when its reader has gone."""

from __future__ import annotations

import os
import sys


def write_stdout(text: str) -> bool:
    """Write text as UTF-8, or as what the terminal takes; return whether anybody still reads.

    A reader that has gone ends the output, not the command.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
        return False
    return True


def silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain about a closed pipe."""
    try:  # noqa: SIM105  # contextlib takes 4 ms to load
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # a stdout that is no file
        pass
