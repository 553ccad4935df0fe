"""How many programs fit on this machine at a time, and which GPUs each of them gets."""

from __future__ import annotations

import math
from collections.abc import Callable

from auditor.model.run import Ending, RunRecord
from auditor.runs import machine
from auditor.runs.executor import Needs

RESERVE = 0.1
"""Share of the memory that is left to others."""

_IDLE_CORES = 0.2
"""So much of a core beyond whole ones does not count: start and end of a program."""


class Room:
    """Places for programs. `jobs` of None: as many as cores, GPUs and memory allow.

    What a program takes and nobody named is measured on the first that ends well, which runs alone.
    """

    def __init__(
        self,
        jobs: int | None,
        needs: Needs,
        cores: int | None = None,
        gpus: tuple[str, ...] | None = None,
        available: Callable[[], int | None] = machine.available_bytes,
    ) -> None:
        self._jobs = jobs
        self._needs = needs
        self._cores = machine.cores() if cores is None else cores
        self._gpus = machine.gpus() if gpus is None else gpus
        self._available = available
        self._empty_bytes = available()
        self._lowest_bytes = self._empty_bytes
        self._cores_each = needs.cpus
        self._bytes_each = needs.memory_bytes
        self._holders: dict[str, tuple[str, ...]] = {}
        self._alone = False

    def may_start(self) -> bool:
        """True where one more program fits beside those that run."""
        running = len(self._holders)
        if running == 0:
            self._empty_bytes = self._lowest_bytes = self._available()
            return True
        return running < self.limit() and not self._is_short()

    def limit(self) -> int:
        """How many programs may run at a time, by what is known now; at least one."""
        limits = [] if self._jobs is None else [self._jobs]
        if self._jobs is None:
            limits += [1] if self._cores_each is None else [self._cores // self._cores_each]
        if (self._jobs is None or self._needs.memory_bytes) and self._bytes_each and self._empty_bytes is not None:
            limits.append(int(self._empty_bytes * (1 - RESERVE)) // self._bytes_each)
        if self._gpus and self._needs.gpus != 0 and (self._jobs is None or self._needs.gpus):
            limits.append(len(self._gpus) // (self._needs.gpus or 1))
        return max(1, min(limits))

    def enter(self, name: str) -> dict[str, str]:
        """Note that a program starts; return the variables that give it its GPUs."""
        count = 0 if self._jobs == 1 and self._needs.gpus is None else self._needs.gpus
        chosen = self._least_used(1 if count is None else count)
        self._alone = not self._holders
        self._holders[name] = chosen
        return {machine.VISIBLE: ",".join(chosen)} if chosen else {}

    def watch(self) -> None:
        """Look at the memory; call it now and then while programs run."""
        now = self._available()
        if now is not None and (self._lowest_bytes is None or now < self._lowest_bytes):
            self._lowest_bytes = now

    def leave(self, name: str, record: RunRecord) -> None:
        """Note that a program has ended, and learn from it if it ended well."""
        del self._holders[name]
        if record.status.ending is not Ending.FINISHED:
            return
        if self._needs.cpus is None and record.cpu_s is not None and record.duration_s:
            used = max(1, math.ceil(record.cpu_s / record.duration_s - _IDLE_CORES))
            self._cores_each = max(self._cores_each or 1, used)
        elif self._cores_each is None:
            self._cores_each = self._cores
        if self._needs.memory_bytes is None:
            taken = record.peak_memory_bytes or 0
            if self._alone and self._empty_bytes is not None and self._lowest_bytes is not None:
                taken = max(taken, self._empty_bytes - self._lowest_bytes)  # its children too
            self._bytes_each = max(self._bytes_each or 0, taken)

    def _is_short(self) -> bool:
        now = self._available()
        return bool(self._bytes_each) and now is not None and now < (self._bytes_each or 0)

    def _least_used(self, count: int) -> tuple[str, ...]:
        """The GPUs that fewest programs hold, in their order."""
        held = [gpu for gpus in self._holders.values() for gpu in gpus]
        ranked = sorted(range(len(self._gpus)), key=lambda index: (held.count(self._gpus[index]), index))
        return tuple(self._gpus[index] for index in sorted(ranked[:count]))
