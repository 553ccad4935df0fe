"""Ctrl-C while a program runs: noted at once, passed on to the program where that is safe."""

from __future__ import annotations

import signal
import threading


class Interrupts:
    """Counts Ctrl-C while entered, where that would raise `KeyboardInterrupt`: at a bad moment nobody catches it.

    Whoever has another handler keeps it; what that one raises is counted where we wait for the program.
    """

    def __init__(self) -> None:
        self.count = 0
        self._counts = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._counts = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._counts:
            signal.signal(signal.SIGINT, self._add)
        return self

    def __exit__(self, *error: object) -> None:
        if self._counts:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _add(self, number: int, frame: object) -> None:
        self.count += 1
