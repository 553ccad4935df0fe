"""The live table of an experiment on a terminal: a row a variant. Anywhere else: the lines of `progress`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from auditor.cli.console import is_terminal, needs_ascii
from auditor.cli.progress import Clock, Shown, choose_progress
from auditor.model.annotations import TYPE_CHECKING, TextIO
from auditor.report.prose.numbers import duration
from auditor.services.board import Board

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

REFRESHES_A_SECOND = 2


def choose_board(wanted: bool, cancelled: Callable[[], bool], stream: TextIO | None = None) -> Shown:
    """Return the progress of an experiment that fits stderr; `cancelled` is asked by the service."""
    import sys

    stream = stream or sys.stderr
    if wanted and is_terminal(stream):
        return LiveBoard(stream, cancelled)
    return choose_progress(wanted, cancelled, stream)


class LiveBoard(Shown):
    """A table that is drawn over twice a second, and is gone when the work is done."""

    def __init__(self, stream: TextIO, cancelled: Callable[[], bool], clock: Clock = time.monotonic) -> None:
        super().__init__(cancelled, clock)
        self._stream = stream
        self._started = clock()
        self._read: Callable[[], Board] | None = None
        self._live: Live | None = None
        self._seen = Board(rows=(), planned=0)

    def board(self, read: Callable[[], Board]) -> None:
        """Begin to show; asked from the thread that draws."""
        from rich.console import Console
        from rich.live import Live

        self._read = read
        console = Console(file=self._stream, highlight=False)
        self._live = Live(
            get_renderable=self._lines,
            console=console,
            refresh_per_second=REFRESHES_A_SECOND,
            transient=True,
            redirect_stdout=False,  # stdout is the report's
        )
        with contextlib.suppress(OSError, ValueError):  # progress must never stop the work
            self._live.start()

    def close(self) -> None:
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError):
                self._live.stop()
            self._live = None

    def _lines(self) -> Group:
        if self._read is not None:
            with contextlib.suppress(OSError):  # a folder that is just made anew
                self._seen = self._read()
        return board_lines(self._seen, self._clock() - self._started, ascii=needs_ascii(self._stream))


def board_lines(board: Board, elapsed_s: float, *, ascii: bool = False) -> Group:  # noqa: A002
    """A row a variant, and below what it took and what is left."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("variant", no_wrap=True)
    for name in ("done", "running", "failed", "hashes", "each"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in board.rows:
        each = "" if row.mean_s is None else duration(row.mean_s)
        hashes = f"{row.hashes} of {row.done}" if row.hashes else ""
        done = "nothing to vary" if row.left_out else f"{row.done}/{board.planned}"
        table.add_row(row.name, done, _count(row.running), _count(row.failed), hashes, each)
    rest = board.rest_s()
    left = [f"about {duration(rest)} left"] if rest else []
    parts = [duration(elapsed_s), *left, "ctrl-c stops and keeps"]
    return Group(table, Text((" - " if ascii else " · ").join(parts), style="dim"))


def _count(number: int) -> str:
    return str(number) if number else ""
