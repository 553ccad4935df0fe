"""Runs one program on another machine: an order comes in on stdin, an answer goes out on stdout, and to a named file.

The program is interrupted when we are, and when whoever started us is gone: its folder is not ours any more then.
Whoever starts us may kill us without warning, as Ray does with children of a worker that ends. So what it sees is a
stand-in, and the worker proper is the child of that, in a session of its own, where it lives long enough to end the
program.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from auditor.errors import ReproAuditError
from auditor.model.lean import replace
from auditor.model.run import Ending
from auditor.runs import record
from auditor.runs.executors.order import HOST, RECORD, REFUSED, TOKEN, Order, program_environment, read_order, stamp
from auditor.runs.launch import launch

_TICK_S = 0.05
SHARING_S = 3.0
"""So long a network's file system may take to show us a folder that was just made."""


def main() -> None:
    """Read an order from stdin, run it, write the answer."""
    text = sys.stdin.read()
    stand_in = os.getpid()
    child = os.fork()
    if child:
        _stand_in(child)
    os.setsid()
    order = read_order(text)
    answer = json.dumps(run(order, _Stop(stand_in).now))
    if len(sys.argv) > 2:
        path = Path(sys.argv[2])
        if path.parent.is_dir():
            temporary = path.with_name(f".{path.name}")
            temporary.write_text(answer, encoding="utf-8")
            os.replace(temporary, path)
    sys.stdout.write(answer)
    sys.stdout.flush()


def run(order: Order, stop: Callable[[], bool]) -> dict[str, str]:
    """Run an order here and return the answer; once `stop` says so, the program is interrupted."""
    reason = refusal(order)
    if reason:
        return {REFUSED: reason}
    plan = order.plan
    (plan.run_dir / HOST).write_text(os.environ.get("SLURMD_NODENAME") or platform.node(), encoding="utf-8")
    environment = program_environment(order, dict(os.environ))
    os.environ.clear()
    os.environ.update(environment)
    try:
        ended = launch(plan, lambda _: stop())
    except ReproAuditError as error:
        return {REFUSED: f"{platform.node()}: {error}"}
    except Exception:
        return {REFUSED: f"{platform.node()}: {traceback.format_exc()}"}
    if stop() and ended.status.ending is Ending.FAILED:  # a scheduler may send its signal to all at once
        ended = replace(ended, status=replace(ended.status, ending=Ending.INTERRUPTED))
    return {RECORD: record.to_text(ended)}


def refusal(order: Order) -> str:
    """Say why an order cannot be run here; empty where it can."""
    here, plan = platform.node(), order.plan
    if order.stamp != stamp():
        return f"{here} has another repro-audit than the machine that asked: install the same one there"
    if not _is_shared(order):
        found = "is another folder" if plan.run_dir.is_dir() else "is not there"
        return (
            f"the store is not shared: {plan.run_dir} {found} on {here}. Name a folder that all machines see: --store"
        )
    return ""


def _is_shared(order: Order) -> bool:
    path = order.plan.run_dir / TOKEN
    until = time.monotonic() + SHARING_S
    while True:
        try:
            if path.read_text(encoding="ascii") == order.token:
                return True
        except OSError:
            pass
        if time.monotonic() > until:
            return False
        time.sleep(0.2)


class _Stop:
    """Says when the program is to be interrupted."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._asked = False
        _hear(self._ask)

    def now(self) -> bool:
        return self._asked or os.getppid() != self._parent

    def _ask(self, number: int, frame: object) -> None:
        self._asked = True


def _stand_in(child: int) -> NoReturn:
    """Pass signals on to the worker proper and end as it does, or when whoever started us is gone."""
    parent = os.getppid()
    _hear(lambda number, frame: os.kill(child, number))
    while os.getppid() == parent:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            os._exit(abs(os.waitstatus_to_exitcode(status)))
        time.sleep(_TICK_S)
    os._exit(1)


def _hear(handler: Callable[[int, object], None]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # Ray's workers block SIGINT, and children inherit that
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)
