"""Runs one program on another machine: an order comes in on stdin, an answer goes out on stdout, and to a named file.

The program is interrupted when we are, and when whoever started us is gone: its folder is not ours any more then.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import time
import traceback
from pathlib import Path

from auditor.errors import ReproAuditError
from auditor.model.lean import replace
from auditor.model.run import Ending
from auditor.runs import record
from auditor.runs.executors.order import HOST, RECORD, REFUSED, TOKEN, Order, program_environment, read_order, stamp
from auditor.runs.launch import launch

SHARING_S = 3.0
"""So long a network's file system may take to show us a folder that was just made."""


def main() -> None:
    """Read an order from stdin, run it, write the answer."""
    stop = _Stop()
    order = read_order(sys.stdin.read())
    answer = json.dumps(run(order, stop))
    if len(sys.argv) > 2:
        path = Path(sys.argv[2])
        if path.parent.is_dir():
            temporary = path.with_name(f".{path.name}")
            temporary.write_text(answer, encoding="utf-8")
            os.replace(temporary, path)
    sys.stdout.write(answer)
    sys.stdout.flush()


def run(order: Order, stop: _Stop | None = None) -> dict[str, str]:
    """Run an order here and return the answer."""
    asked = stop or _Stop()
    reason = refusal(order)
    if reason:
        return {REFUSED: reason}
    plan = order.plan
    (plan.run_dir / HOST).write_text(os.environ.get("SLURMD_NODENAME") or platform.node(), encoding="utf-8")
    environment = program_environment(order, dict(os.environ))
    os.environ.clear()
    os.environ.update(environment)
    try:
        ended = launch(plan, lambda _: asked.now())
    except ReproAuditError as error:
        return {REFUSED: f"{platform.node()}: {error}"}
    except Exception:
        return {REFUSED: f"{platform.node()}: {traceback.format_exc()}"}
    if asked.now() and ended.status.ending is Ending.FAILED:  # a scheduler may send its signal to all at once
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

    def __init__(self) -> None:
        self._parent = os.getppid()
        self._asked = False
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, ())  # Ray's workers block SIGINT, and children inherit that
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def now(self) -> bool:
        return self._asked or os.getppid() != self._parent

    def _ask(self, *_: object) -> None:
        self._asked = True
