"""Ctrl-C: once asks the service to stop and keep what it has, twice ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from auditor.cli.console import Console


class Interrupts:
    """While entered, the first SIGINT only sets `requested`; the second raises `KeyboardInterrupt`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._count = 0
        self._before: object = None

    def requested(self) -> bool:
        return self._count > 0

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 1:
            raise KeyboardInterrupt
        self._console.note("\nstopping; traces are kept (ctrl-c again insists)")
