"""Ctrl-C, SIGTERM and a lost terminal: once asks the service to stop and keep what it has, twice ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
import threading
from types import FrameType, TracebackType

from auditor.cli.console import Console

_HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows


class Interrupts:
    """While entered, the first signal only sets `requested`; a second SIGINT or SIGTERM raises `KeyboardInterrupt`.

    Without this a scheduler's SIGTERM, or the end of an ssh connection, would leave the program running and its run
    without a record.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._count = 0
        self._before: dict[int, object] = {}

    def requested(self) -> bool:
        return self._count > 0

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, _HANGUP):
                # `nohup` ignores SIGHUP, and that is meant for us too.
                if number is not None and (number != _HANGUP or signal.getsignal(number) is not signal.SIG_IGN):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
        self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == _HANGUP:
            self._count = max(self._count, 1)
            _leave_terminal()
            return
        self._count += 1
        if self._count > 1:
            raise KeyboardInterrupt
        self._console.note("\nstopping; traces are kept (ctrl-c again insists)")


def _leave_terminal() -> None:
    """The terminal is gone: what is written to it would be an error, and the run would go without its record."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # no file, or closed
            if stat.S_ISCHR(os.fstat(stream.fileno()).st_mode):  # isatty says no of a terminal that is gone
                os.dup2(nothing, stream.fileno())
    os.close(nothing)
