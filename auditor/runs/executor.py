"""Many launches at once: whatever runs them, the caller hands over plans and gets records as they end."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from auditor.model.run import RunRecord
from auditor.runs.launch import launch
from auditor.runs.plan import LaunchPlan

Finished = tuple[LaunchPlan, RunRecord]


class Executor(Protocol):
    """Runs programs somewhere. Run folders are written where the plans say, so both sides must see them."""

    def run(self, plans: Sequence[LaunchPlan], cancelled: Callable[[], bool]) -> Iterator[Finished]:
        """Yield each plan with its record as it ends, in any order.

        Once `cancelled` says so, running programs are interrupted and yielded, and nothing new is started.
        """


class LocalProcesses:
    """As many programs at a time on this machine as `jobs`."""

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs

    def run(self, plans: Sequence[LaunchPlan], cancelled: Callable[[], bool]) -> Iterator[Finished]:
        if self.jobs == 1 or len(plans) == 1:
            for plan in plans:
                if cancelled():
                    return
                yield plan, launch(plan, lambda _: cancelled())
            return
        yield from self._run_many(plans, cancelled)

    def _run_many(self, plans: Sequence[LaunchPlan], cancelled: Callable[[], bool]) -> Iterator[Finished]:
        waiting: queue.SimpleQueue[LaunchPlan] = queue.SimpleQueue()
        ended: queue.SimpleQueue[Finished | BaseException] = queue.SimpleQueue()
        given_up = threading.Event()
        for plan in plans:
            waiting.put(plan)

        def stop() -> bool:
            return given_up.is_set() or cancelled()

        def work() -> None:
            with contextlib.suppress(queue.Empty):
                while not stop():
                    plan = waiting.get_nowait()
                    try:
                        ended.put((plan, launch(plan, lambda _: stop())))
                    except BaseException as error:  # handed to whoever waits for the records
                        ended.put(error)
                        return

        threads = [threading.Thread(target=work, name="replica", daemon=True) for _ in range(self.jobs)]
        for thread in threads:
            thread.start()
        try:
            while True:
                alive = any(thread.is_alive() for thread in threads)
                try:
                    one = ended.get(timeout=0.1) if alive else ended.get_nowait()
                except queue.Empty:
                    if alive:
                        continue
                    return
                if isinstance(one, BaseException):
                    raise one
                yield one
        finally:
            given_up.set()
            for thread in threads:
                thread.join()
