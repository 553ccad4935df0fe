"""Everything that goes to stderr, and what the terminal can show."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping

from auditor.errors import UsageError
from auditor.model.annotations import TextIO

COLOR_CHOICES = ("auto", "always", "never")


def use_color(choice: str, stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Decide by `--color`, then `NO_COLOR`, then `FORCE_COLOR`, then whether the stream is a terminal."""
    if choice not in COLOR_CHOICES:
        raise UsageError(f"--color: expected one of {', '.join(COLOR_CHOICES)}, found `{choice}`")
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream, environ)


def is_terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal that can do more than print lines."""
    try:
        return stream.isatty() and environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False


def needs_ascii(stream: TextIO) -> bool:
    """Whether the stream's encoding lacks the signs that we use."""
    try:
        "≠×·–".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


class Console:
    """Messages for people; never on stdout, which belongs to the report."""

    def __init__(self, *, verbosity: int = 0) -> None:
        self.verbosity = verbosity

    def error(self, message: str, quoted: str = "") -> None:
        """Say what is wrong, below what the audited program said; shown even where we are asked to be quiet."""
        self._write(f"{quoted}\nrepro-audit: {message}" if quoted else f"repro-audit: {message}")

    def note(self, message: str) -> None:
        """Say something that is good to know."""
        if self.verbosity >= 0:
            self._write(message)

    def detail(self, message: str) -> None:
        """Say something for those who asked for more."""
        if self.verbosity > 0:
            self._write(message)

    def _write(self, message: str) -> None:
        with contextlib.suppress(OSError):  # nobody is listening any more; the exit code still tells
            print(message, file=sys.stderr, flush=True)
