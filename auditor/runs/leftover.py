"""Notices that what is left of a program which we stopped at a step only waits for the part that is gone.

A rank that was stopped is missed by peers that take no steps: servers of remote calls, readers of queues. They would
wait for ever. Nothing is concluded from seconds of CPU time: on a busy machine a process that computes gets few.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from auditor.runs.processtree import tree

REACHED = "stop.reached"
"""File in the run's folder that the first process makes which ends at a step (`probe/stopping.py`)."""

WAITS_S = 30.0
_POLLING = "TP_"  # threads of TensorPipe, the transport of remote calls: they run whether or not anything comes
_BUSY_SHARE = 0.1  # of the looks; a launcher that looks after its ranks is seen at work now and then


class Leftover:
    """Call `only_waits` at each poll, from the program's start on."""

    def __init__(self, run_dir: Path, root: int) -> None:
        self._reached = run_dir / REACHED
        self._root = root
        self._looks: deque[tuple[float, bool]] = deque()

    def only_waits(self, elapsed_s: float) -> bool:
        """True once a process was stopped, and no thread of those left has had work for `WAITS_S`, or hardly any."""
        if not self._looks and not self._reached.exists():
            return False
        self._looks.append((elapsed_s, has_work(self._root)))
        if elapsed_s - self._looks[0][0] < WAITS_S:
            return False
        while len(self._looks) > 1 and elapsed_s - self._looks[1][0] >= WAITS_S:
            self._looks.popleft()
        return sum(busy for _, busy in self._looks) <= _BUSY_SHARE * len(self._looks)


def has_work(root: int) -> bool:
    """True if a thread of a process, or of one below it, runs, waits for a processor or for a disk.

    Where /proc does not tell, everything counts as having work.
    """
    seen = False
    for pid in tree(root):
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for thread in threads:
            name, state = _thread(pid, thread)
            seen = seen or bool(state)
            if state in ("R", "D") and not name.startswith(_POLLING):
                return True
    return not seen


def _thread(pid: int, thread: str) -> tuple[str, str]:
    """Name and state of a thread; empty where it is gone."""
    try:
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8", errors="replace") as file:
            name, _, rest = file.read().rpartition(")")
            return name.partition("(")[2], rest.split()[0]
    except (OSError, IndexError):
        return "", ""
