"""Runs a program on our own terminal: its input, output and errors are ours, byte for byte."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

from auditor.errors import UsageError
from auditor.runs.plan import LaunchPlan, command, environment
from auditor.runs.processtree import tree

_TICK_S = 0.01
_POLL_S = 0.1


def run_through(plan: LaunchPlan, on_poll: Callable[[], bool] | None = None) -> int:
    """Run a program to its end and return its exit code, negative for a signal.

    `on_poll` is called about ten times a second; once it returns True, all processes of the program are killed. Ctrl-C
    goes to the program, which decides. Raises `UsageError` where the program cannot be started.
    """
    argv = command(plan)
    with _interrupts_are_the_programs():
        try:
            process = subprocess.Popen(argv, cwd=plan.cwd, env=environment(plan))
        except OSError as error:
            raise UsageError(f"{argv[0]}: cannot be started in {plan.cwd}: {error.strerror}") from error
        delay = _TICK_S
        next_poll = time.monotonic() + _POLL_S
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(delay)
            if on_poll is not None and time.monotonic() >= next_poll:
                next_poll = time.monotonic() + _POLL_S
                if on_poll():
                    _kill(process)
        return process.returncode


def _kill(process: subprocess.Popen[bytes]) -> None:
    for pid in sorted(tree(process.pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def _interrupts_are_the_programs() -> Iterator[None]:
    """At a terminal, Ctrl-C reaches the program directly: we only wait for what it does."""
    try:
        before = signal.signal(signal.SIGINT, lambda number, frame: None)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
