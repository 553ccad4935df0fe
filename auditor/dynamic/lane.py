"""One thread's comparable events, in order, with as much lookahead as an alignment asks for.

Threads of a process interleave differently in every run, so events are aligned thread by thread.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from auditor.dynamic.column import is_compared
from auditor.probe import wire

Array = np.ndarray[Any, Any]


class Lane:
    """A queue of row indices."""

    def __init__(self) -> None:
        self._parts: deque[Array] = deque()
        self.length = 0
        self.taken = 0
        """Rows that were dropped from the front so far."""

    def append(self, rows: Array) -> None:
        if len(rows):
            self._parts.append(rows)
            self.length += len(rows)

    def peek(self, count: int) -> Array:
        """Up to `count` row indices from the front; they stay in the lane."""
        while len(self._parts) > 1 and len(self._parts[0]) < count:
            first = self._parts.popleft()
            self._parts[0] = np.concatenate([first, self._parts[0]])
        return self._parts[0][:count] if self._parts else np.empty(0, np.intp)

    def drop(self, count: int) -> None:
        self.length -= count
        self.taken += count
        while count:
            head = self._parts[0]
            if len(head) > count:
                self._parts[0] = head[count:]
                return
            count -= len(head)
            self._parts.popleft()


class Lanes:
    """All lanes of one trace, filled by scanning its rows once."""

    def __init__(self, start: int) -> None:
        self.scanned = start
        self.by_thread: dict[int, Lane] = {}

    def scan(self, events: Array, stop: int, left_out: Array) -> None:
        """Sort the rows up to `stop` into their lanes, without those of the op ids `left_out`."""
        rows = events[self.scanned : stop]
        wanted = is_compared(rows)
        if len(left_out):
            wanted &= (rows["kind"] != wire.OP) | ~np.isin(rows["op"], left_out)
        chosen = np.flatnonzero(wanted)
        threads = rows["thread"][chosen]
        for thread in np.unique(threads).tolist():
            self.lane(thread).append(chosen[threads == thread] + self.scanned)
        self.scanned = stop

    def lane(self, thread: int) -> Lane:
        return self.by_thread.setdefault(thread, Lane())
