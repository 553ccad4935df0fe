"""What a program prints: read as it comes, kept in `program.log`, passed on untouched.

Where our own stderr is a terminal the program gets a terminal too, so that it prints as it would without us.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

LOG_NAME = "program.log"
_READ_BYTES = 1 << 16
_PIPE_BYTES = 1 << 16
"""As much as a pipe holds: what comes after it was printed later."""

_TICK_S = 0.02
_PATIENCE_S = 60.0  # with our own reader, who may have stopped to read
_SEARCHED_BYTES = 1 << 22
_RANK_LINE = re.compile(r"(\[rank\d+\]): (.+)")  # as torch prints what a rank raised
_ERASE = b"\r\x1b[K"
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class Output:
    """The reading end of a program's stdout and stderr. Start the program with `child_fd` as both."""

    def __init__(self, log: Path, echo: BinaryIO | None, terminal: bool) -> None:
        self._log = log.open("wb", buffering=0)
        self._echo = echo
        self._terminal = self._erases = terminal and os.environ.get("TERM") != "dumb"
        """At the start of a line there may be our line of progress; it goes before what the program prints."""

        self._read_fd, self.child_fd = _open_terminal() if terminal else os.pipe()
        self._thread = threading.Thread(target=self._pump, name="program output", daemon=True)
        self._in_hand = threading.Lock()  # held from reading something until it is in the log
        self._kept_bytes = 0

    def start(self) -> None:
        """The program runs: let go of its end, and read."""
        os.close(self.child_fd)
        self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Read what is left. A process that the program left behind may hold the other end open: don't wait for it.

        What was printed by now is in the log afterwards, also where a busy machine takes its time to get it there.
        """
        self._thread.join(timeout_s)
        most, until = self._kept_bytes + _PIPE_BYTES, time.monotonic() + _PATIENCE_S
        while self._thread.is_alive() and self._has_more():
            if self._kept_bytes >= most or time.monotonic() > until:
                break
            self._thread.join(_TICK_S)
        if not self._thread.is_alive():
            self._log.close()
            os.close(self._read_fd)

    def _has_more(self) -> bool:
        with self._in_hand:
            return self._is_readable(0)

    def _is_readable(self, timeout_s: float | None) -> bool:
        return bool(select.select([self._read_fd], [], [], timeout_s)[0])

    def _pump(self) -> None:
        while self._is_readable(None):
            with self._in_hand:
                try:
                    data = os.read(self._read_fd, _READ_BYTES)
                except OSError:
                    return  # how a terminal says that the other end is closed
                if not data:
                    return
                with contextlib.suppress(OSError):  # a full disk does not stop the program
                    self._log.write(data)
                self._kept_bytes += len(data)
            self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        if self._echo is None:
            return
        try:
            self._echo.write(_ERASE + data if self._erases else data)
            self._echo.flush()
        except (OSError, ValueError):
            self._echo = None  # our own reader is gone
        self._erases = self._terminal and data.endswith(b"\n")


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


def first_complaint(log: Path, shown: Sequence[str] = ()) -> tuple[str, ...]:
    """Return where and how the first rank failed that says so; empty where none does, or `shown` has it.

    A launcher's last words name the rank, not what happened to it; other ranks complain that their peer is gone.
    """
    try:
        with log.open("rb") as file:
            text = _ESCAPES.sub("", file.read(_SEARCHED_BYTES).decode("utf-8", "replace"))
    except OSError:
        return ()
    places: dict[str, str] = {}
    for line in text.splitlines():
        found = _RANK_LINE.match(line)
        if found is None or found[2].startswith("Traceback "):
            continue
        if not found[2].startswith(" "):
            told = tuple(part.rstrip() for part in (places.get(found[1], ""), line) if part)
            return () if told[-1] in shown else told
        if found[2].startswith("  File "):
            places[found[1]] = line
    return ()


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
