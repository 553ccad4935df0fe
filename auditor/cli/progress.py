"""How services' progress is shown: one line on a terminal, a line a minute in a log, nothing where quiet."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable

from auditor.cli.console import is_terminal, needs_ascii
from auditor.model.annotations import TextIO
from auditor.report.prose.numbers import duration
from auditor.report.prose.page import to_ascii

Clock = Callable[[], float]


def choose_progress(wanted: bool, cancelled: Callable[[], bool], stream: TextIO | None = None) -> Shown:
    """Return the progress that fits stderr; `cancelled` is asked by the service."""
    stream = stream or sys.stderr
    if not wanted:
        return Shown(cancelled)
    return TerminalLine(stream, cancelled) if is_terminal(stream) else LogLines(stream, cancelled)


class Shown:
    """A `Progress` that knows where the service is, and shows nothing."""

    def __init__(self, cancelled: Callable[[], bool], clock: Clock = time.monotonic) -> None:
        self._cancelled = cancelled
        self._clock = clock
        self._name = ""
        self._total: int | None = None
        self._began = self._last = clock()

    def stage(self, name: str, total: int | None = None) -> None:
        if name != self._name:
            self._began = self._clock()
        self._name, self._total = name, total
        self._show(0, "", changed=True)

    def update(self, done: int, note: str = "") -> None:
        self._show(done, note, changed=False)

    def cancelled(self) -> bool:
        return self._cancelled()

    def close(self) -> None:
        """Leave the stream as it should be for what follows."""

    def _show(self, done: int, note: str, changed: bool) -> None:
        """Show the state; `changed` where a new stage begins."""

    def _words(self, done: int, note: str) -> str:
        passed = self._clock() - self._began
        amount = f"{done:,}/{self._total:,}" if self._total else ""
        left = ""
        if self._total and 0 < done < self._total and passed > 10:
            left = f"ETA {duration(passed / done * (self._total - done))}"
        name = "" if note.startswith(self._name) else self._name
        return "  ".join(part for part in (name, amount, note, duration(passed), left) if part)

    def _due(self, seconds: float) -> bool:
        now = self._clock()
        if now - self._last < seconds:
            return False
        self._last = now
        return True


class TerminalLine(Shown):
    """One line that is written over, at most twice a second."""

    def __init__(self, stream: TextIO, cancelled: Callable[[], bool], clock: Clock = time.monotonic) -> None:
        super().__init__(cancelled, clock)
        self._stream = stream
        self._ascii = needs_ascii(stream)
        self._shown = False

    def close(self) -> None:
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _show(self, done: int, note: str, changed: bool) -> None:
        if not self._due(0.5):
            return
        words = self._words(done, note)
        self._write("\r\x1b[K" + (to_ascii(words) if self._ascii else words)[: _columns(self._stream) - 1])
        self._shown = True

    def _write(self, text: str) -> None:
        _write_quietly(self._stream, text)


class LogLines(Shown):
    """A whole line once a minute, so that a log shows that work goes on and stays short."""

    def __init__(self, stream: TextIO, cancelled: Callable[[], bool], clock: Clock = time.monotonic) -> None:
        super().__init__(cancelled, clock)
        self._stream = stream

    def _show(self, done: int, note: str, changed: bool) -> None:
        if self._due(60):
            _write_quietly(self._stream, self._words(done, note) + "\n")


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _write_quietly(stream: TextIO, text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # progress must never stop the work
        stream.write(text)
        stream.flush()
