"""Programs on this machine, as many at a time as there is room for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from auditor.model.lean import replace
from auditor.runs.executor import Finished, Needs, Told
from auditor.runs.executors.room import Room
from auditor.runs.launch import launch
from auditor.runs.plan import LaunchPlan

_POLL_S = 0.1


class LocalProcesses:
    """`jobs` programs at a time; None: as many as fit."""

    remote = False

    def __init__(self, jobs: int | None = 1, needs: Needs | None = None, room: Room | None = None) -> None:
        self._jobs = jobs
        self._room = room or Room(jobs, needs or Needs())

    @property
    def parallel(self) -> bool:
        return self._jobs != 1

    def run(
        self, plans: Iterable[LaunchPlan | None], cancelled: Callable[[], bool], told: Told = lambda _: None
    ) -> Iterator[Finished]:
        if self.parallel:
            yield from _Side(iter(plans), cancelled, told, self._room).by_side()
            return
        waiting = iter(plans)
        while not cancelled():
            plan = next(waiting, None)
            if plan is None:
                return
            variables = self._room.enter(plan.run_id)
            record = launch(_with(plan, variables), lambda _: cancelled())
            self._room.leave(plan.run_id, record)
            yield plan, record

    def close(self) -> None:
        """Nothing is held."""


class _Side:
    """Threads that each wait for one program; plans are taken and records are yielded in the caller's thread."""

    def __init__(
        self, plans: Iterator[LaunchPlan | None], cancelled: Callable[[], bool], told: Told, room: Room
    ) -> None:
        self._plans = plans
        self._more = True
        self._cancelled = cancelled
        self._told = told
        self._room = room
        self._given_up = threading.Event()
        self._ended: queue.SimpleQueue[Finished | BaseException] = queue.SimpleQueue()
        self._running: dict[str, threading.Thread] = {}

    def by_side(self) -> Iterator[Finished]:
        try:
            while True:
                while self._more and not self._stop() and self._room.may_start():
                    if not self._start():
                        break
                if not self._running:
                    return
                self._told(f"{len(self._running)} running")
                self._room.watch()
                try:
                    one = self._ended.get(timeout=_POLL_S)
                except queue.Empty:
                    self._more = self._more and not self._stop()
                    continue
                if isinstance(one, BaseException):
                    raise one
                plan, record = one
                self._running.pop(plan.run_id).join()
                self._room.leave(plan.run_id, record)
                yield plan, record
        finally:
            self._given_up.set()
            for thread in self._running.values():
                thread.join()

    def _stop(self) -> bool:
        return self._given_up.is_set() or self._cancelled()

    def _start(self) -> bool:
        """Start the next program; False where there is none, or none for now."""
        try:
            plan = next(self._plans)
        except StopIteration:
            self._more = False
            return False
        if plan is None:
            return False
        variables = self._room.enter(plan.run_id)
        thread = threading.Thread(target=self._work, args=(plan, variables), name="replica", daemon=True)
        self._running[plan.run_id] = thread
        thread.start()
        return True

    def _work(self, plan: LaunchPlan, variables: dict[str, str]) -> None:
        try:
            self._ended.put((plan, launch(_with(plan, variables), lambda _: self._stop())))
        except BaseException as error:  # raised again where the records are waited for
            self._ended.put(error)


def _with(plan: LaunchPlan, variables: dict[str, str]) -> LaunchPlan:
    return replace(plan, environment={**plan.environment, **variables}) if variables else plan
