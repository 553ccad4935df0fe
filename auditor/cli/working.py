"""While a service works: progress on stderr, and a first ctrl-c that stops it and keeps what it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auditor.cli.interrupt import Interrupts
from auditor.cli.output import Output
from auditor.cli.progress import Shown, choose_progress


@contextmanager
def working(output: Output, choose: Callable[[bool, Callable[[], bool]], Shown] = choose_progress) -> Iterator[Shown]:
    """Yield the progress for a service that may be interrupted; it is closed at the end, whatever comes."""
    with Interrupts(output.console()) as interrupts:
        progress = choose(output.progress, interrupts.requested)
        try:
            yield progress
        finally:
            progress.close()
