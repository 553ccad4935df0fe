"""What a program prints: read as it comes, kept in `program.log`, passed on untouched.

Where our own stderr is a terminal the program gets a terminal too, so that it prints as it would without us.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sys
import termios
import threading
from pathlib import Path
from typing import BinaryIO

LOG_NAME = "program.log"
_READ_BYTES = 1 << 16
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class Output:
    """The reading end of a program's stdout and stderr. Start the program with `child_fd` as both."""

    def __init__(self, log: Path, echo: BinaryIO | None, terminal: bool) -> None:
        self._log = log.open("wb", buffering=0)
        self._echo = echo
        self._read_fd, self.child_fd = _open_terminal() if terminal else os.pipe()
        self._thread = threading.Thread(target=self._pump, name="program output", daemon=True)

    def start(self) -> None:
        """The program runs: let go of its end, and read."""
        os.close(self.child_fd)
        self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Read what is left. A process that the program left behind may hold the other end open: don't wait for it."""
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._log.close()
            os.close(self._read_fd)

    def _pump(self) -> None:
        while True:
            try:
                data = os.read(self._read_fd, _READ_BYTES)
            except OSError:
                return  # how a terminal says that the other end is closed
            if not data:
                return
            with contextlib.suppress(OSError):  # a full disk does not stop the program
                self._log.write(data)
            self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        if self._echo is None:
            return
        try:
            self._echo.write(data)
            self._echo.flush()
        except (OSError, ValueError):
            self._echo = None  # our own reader is gone


def echo_target(quiet: bool) -> BinaryIO | None:
    """Return where the program's output goes: stdout is the report's, so to stderr; None for nowhere."""
    return None if quiet else getattr(sys.stderr, "buffer", None)


def tail(log: Path, lines: int) -> tuple[str, ...]:
    """Return the last lines of a log, without escape sequences or carriage returns; empty where there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 400 * lines - 4096))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    text = _ESCAPES.sub("", text)
    found = [line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while found and not found[-1]:
        found.pop()
    return tuple(found[-lines:])


def _open_terminal() -> tuple[int, int]:
    """Return (our end, the program's end) of a terminal as wide as ours that leaves every byte as it is."""
    ours, theirs = os.openpty()
    mode = termios.tcgetattr(theirs)
    mode[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, mode)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        size = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    return ours, theirs
