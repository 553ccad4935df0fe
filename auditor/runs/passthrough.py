"""Runs a program on our own terminal: its input, output and errors are ours, byte for byte."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator

from auditor.errors import UsageError
from auditor.runs.plan import LaunchPlan, command, environment

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
        with _ending(process) as wait:
            while not wait(None if on_poll is None else _POLL_S):
                if on_poll is not None and on_poll():
                    _kill(process)
        return process.returncode


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[Callable[[float | None], bool]]:
    """Yield a function that waits for the process, so many seconds at most, and returns whether it has ended.

    `Popen.wait` looks at it forty times in a second and notices the end late.
    """
    try:
        handle = os.pidfd_open(process.pid)  # Linux 5.3
    except (AttributeError, OSError):
        yield lambda most_s: _ended_within(process, most_s)
        return
    import select

    ready = select.poll()
    ready.register(handle, select.POLLIN)
    try:
        yield lambda most_s: bool(ready.poll(None if most_s is None else most_s * 1000)) and process.wait() is not None
    finally:
        os.close(handle)


def _ended_within(process: subprocess.Popen[bytes], most_s: float | None) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(most_s)
    return process.returncode is not None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Stop all before one is killed: whose parent is gone cannot be found, and a parent may be starting another."""
    from auditor.runs.processtree import tree

    found: set[int] = set()
    while more := tree(process.pid) - found:
        found |= more
        _send(more, signal.SIGSTOP)
    _send(found, signal.SIGKILL)
    process.wait()


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in sorted(pids):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


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
