"""Many launches at once: whatever runs them, the caller hands over plans and gets records as they end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from auditor.model.run import RunRecord
from auditor.runs.launch import launch
from auditor.runs.plan import LaunchPlan

Finished = tuple[LaunchPlan, RunRecord]


class Executor(Protocol):
    """Runs programs somewhere. Run folders are written where the plans say, so both sides must see them."""

    def run(self, plans: Iterable[LaunchPlan], cancelled: Callable[[], bool]) -> Iterator[Finished]:
        """Yield each plan with its record as it ends, in any order.

        A plan is taken only when it can start, so that making it may wait for what earlier ones came to. Once
        `cancelled` says so, running programs are interrupted and yielded, and nothing new is started.
        """


class LocalProcesses:
    """As many programs at a time on this machine as `jobs`."""

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs

    def run(self, plans: Iterable[LaunchPlan], cancelled: Callable[[], bool]) -> Iterator[Finished]:
        if self.jobs > 1:
            yield from _Pool(iter(plans), cancelled, self.jobs).finished()
            return
        waiting = iter(plans)
        while not cancelled():
            plan = next(waiting, None)
            if plan is None:
                return
            yield plan, launch(plan, lambda _: cancelled())


class _Pool:
    """Threads that each wait for one program at a time."""

    def __init__(self, plans: Iterator[LaunchPlan], cancelled: Callable[[], bool], jobs: int) -> None:
        self._plans = plans
        self._cancelled = cancelled
        self._taking = threading.Lock()
        self._given_up = threading.Event()
        self._ended: queue.SimpleQueue[Finished | BaseException] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name="replica", daemon=True) for _ in range(jobs)]

    def finished(self) -> Iterator[Finished]:
        for thread in self._threads:
            thread.start()
        try:
            while True:
                alive = any(thread.is_alive() for thread in self._threads)
                try:
                    one = self._ended.get(timeout=0.1) if alive else self._ended.get_nowait()
                except queue.Empty:
                    if alive:
                        continue
                    return
                if isinstance(one, BaseException):
                    raise one
                yield one
        finally:
            self._given_up.set()
            for thread in self._threads:
                thread.join()

    def _stop(self) -> bool:
        return self._given_up.is_set() or self._cancelled()

    def _work(self) -> None:
        try:
            while not self._stop():
                with self._taking:
                    plan = next(self._plans, None)
                if plan is None:
                    return
                self._ended.put((plan, launch(plan, lambda _: self._stop())))
        except BaseException as error:  # raised again where the records are waited for
            self._ended.put(error)
