"""Work spread over forked processes: the same results in the same order as one process gives, only sooner."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from auditor.model.annotations import TypeVar

Unit = TypeVar("Unit")
Result = TypeVar("Result")


def available() -> int:
    """How many processes are worth starting: one where forking is not safe, because other threads are running."""
    if not hasattr(os, "fork"):
        return 1
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() != 1:  # nobody has loaded it: there is one thread
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[Unit], Result], units: Sequence[Unit], processes: int) -> Iterator[tuple[int, Result]]:
    """Yield (number of the unit, `work(unit)`) as they come; with one process in order, in this one."""
    if min(processes, len(units)) < 2 or not hasattr(os, "fork"):
        for number, unit in enumerate(units):
            yield number, work(unit)
        return
    from auditor.static.scanning.pool import Pool  # a small project needs no other process

    # What exists now is shared by all; collecting garbage in it would copy it.
    gc.freeze()
    pool = Pool(work, units)
    try:
        pool.start(min(processes, len(units)))
        yield from pool.results()
    finally:
        pool.stop()
        gc.unfreeze()
