"""Programs on the machines of a cluster: hands plans over, follows them, takes them back when asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

from auditor.model.run import Ending, RunRecord
from auditor.runs.executor import Finished, Told, unfinished
from auditor.runs.executors.order import host_of
from auditor.runs.launch import INTERRUPT_GRACE_S, TERMINATE_GRACE_S
from auditor.runs.plan import LaunchPlan

POLL_S = 0.2
GRACE_S = INTERRUPT_GRACE_S + TERMINATE_GRACE_S + 10.0
"""How long interrupted programs may take to be reported, before they are given up."""

CANCELLED = "it was cancelled before it had started, or gave no answer"
_SHOWN_HOSTS = 3


class Cluster(Protocol):
    """A scheduler. Ids are those of plans (`LaunchPlan.run_id`)."""

    name: str

    def open(self) -> None:
        """Connect, if not done yet; `UsageError` where that cannot be."""

    def places(self) -> int:
        """How many programs to have handed over at a time, running or waiting, where nobody named a number."""

    def submit(self, plan: LaunchPlan, avoid: Collection[str]) -> None:
        """Hand a plan over, for another machine than those to `avoid` if there is one."""

    def ended(self, timeout_s: float) -> dict[str, RunRecord]:
        """Wait up to so long and return the records of programs that ended; `UsageError` where one can never run."""

    def cancel(self) -> None:
        """Interrupt what runs, drop what waits; both are still reported by `ended` where that is possible."""

    def kill(self) -> None:
        """End at once whatever is left."""

    def close(self) -> None:
        """Disconnect."""


class Remote:
    """An executor on a cluster; `jobs` programs at a time, None for as many as it takes."""

    parallel = True
    remote = True

    def __init__(self, cluster: Cluster, jobs: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._jobs = jobs
        self._clock = clock
        self._failed_on: dict[str, set[str]] = {}

    def run(
        self, plans: Iterable[LaunchPlan | None], cancelled: Callable[[], bool], told: Told = lambda _: None
    ) -> Iterator[Finished]:
        self._cluster.open()
        waiting, more = iter(plans), True
        given: dict[str, LaunchPlan] = {}
        asked_at: float | None = None
        try:
            while True:
                while more and not cancelled() and len(given) < (self._jobs or self._cluster.places()):
                    try:
                        plan = next(waiting)
                    except StopIteration:
                        more = False
                        break
                    if plan is None:
                        break
                    self._submit(plan, given)
                if not given:
                    return
                if cancelled() and asked_at is None:
                    asked_at = self._clock()
                    self._cluster.cancel()
                told(self._state(given.values()))
                for name, record in self._cluster.ended(POLL_S).items():
                    yield self._finished(given.pop(name), record, cancelled())
                if asked_at is not None and self._clock() - asked_at > GRACE_S:
                    self._cluster.kill()
                    for name in list(given):
                        plan = given.pop(name)
                        yield plan, unfinished(plan, Ending.INTERRUPTED, CANCELLED)
        finally:
            if given:
                self._cluster.kill()

    def close(self) -> None:
        self._cluster.close()

    def _submit(self, plan: LaunchPlan, given: dict[str, LaunchPlan]) -> None:
        self._cluster.submit(plan, sorted(self._failed_on.get(plan.run_id, ())))
        given[plan.run_id] = plan

    def _finished(self, plan: LaunchPlan, record: RunRecord, cancelled: bool) -> Finished:
        ending = record.status.ending
        if cancelled and ending is Ending.LOST:
            return plan, unfinished(plan, Ending.INTERRUPTED, CANCELLED)
        if ending is Ending.INTERRUPTED and not cancelled:  # by the scheduler, and not by a person
            record = unfinished(plan, Ending.LOST, f"it was interrupted on {host_of(plan.run_dir)}")
        if ending not in (Ending.FINISHED, Ending.STOPPED):
            host = host_of(plan.run_dir)
            if host:
                self._failed_on.setdefault(plan.run_id, set()).add(host)
        return plan, record

    def _state(self, plans: Collection[LaunchPlan]) -> str:
        """`3 running on a, b; 2 waiting`."""
        hosts = [host for plan in plans if (host := host_of(plan.run_dir))]
        names = sorted(set(hosts))
        more = f" and {len(names) - _SHOWN_HOSTS} more" if len(names) > _SHOWN_HOSTS else ""
        where = f" on {', '.join(names[:_SHOWN_HOSTS])}{more}" if names else ""
        waiting = len(plans) - len(hosts)
        return f"{len(hosts)} running{where}" + (f", {waiting} waiting" if waiting else "")
