"""Starts a program, follows it to its end, collects its run."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from auditor.errors import ProgramError, TraceFormatError, UsageError
from auditor.model.lean import replace
from auditor.model.run import Ending, ExitStatus, ProcessRecord, RunRecord
from auditor.runs import machine, output, record, snapshot
from auditor.runs.environment import from_fields
from auditor.runs.gpu import DeviceMemory
from auditor.runs.interrupts import Interrupts
from auditor.runs.leftover import Leftover
from auditor.runs.plan import LaunchPlan, command, environment, told_changes
from auditor.runs.processtree import tree
from auditor.runs.written import digests, keep

POLL_S = 0.2
INTERRUPT_GRACE_S = 15.0
"""How long a program may take to end after an interrupt that no person sent, before it is terminated."""

TERMINATE_GRACE_S = 5.0
_TICK_S = 0.02
_DRAIN_S = 2.0

OnPoll = Callable[[float], bool | None]
"""Called about five times a second with the seconds since the start; returning True interrupts the program."""


def launch(plan: LaunchPlan, on_poll: OnPoll | None = None) -> RunRecord:
    """Run a program to its end and return its record, which is also written to `run.json`.

    How the program ended is in the record's status; that it failed is no exception. The first Ctrl-C interrupts the
    program, the second kills it, and so does one after `on_poll` had it interrupted. Raises `UsageError` where the
    program cannot be started at all.
    """
    before = _snapshot(plan)
    started_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    start = time.monotonic()
    with Interrupts() as interrupts:
        child = _Child(plan, interrupts)
        try:
            child.follow(on_poll)
        finally:
            child.close()
    duration_s = time.monotonic() - start
    after = _snapshot(plan)
    files = snapshot.changed(before, after) if before and after else ()
    written = digests(plan.project, files)
    keep(plan.project, written, plan.run_dir)
    run = RunRecord(
        id=plan.run_id,
        argv=tuple(plan.argv),
        cwd=str(plan.cwd),
        project=str(plan.project),
        changes=told_changes(plan),
        started_at=started_at,
        duration_s=round(duration_s, 3),
        status=ExitStatus(ending=child.ending(), code=child.returncode or 0),
        processes=(),
        files_written=files,
        file_digests=written,
        notes=(*(() if before is None or before.whole else (_MANY_FILES,)), *((_LEFTOVER,) if child.left else ())),
        peak_memory_bytes=child.peak_memory_bytes,
        peak_device_memory_bytes=child.device.peak_bytes,
        cpu_s=child.cpu_s,
        machine=machine.kind(),
        folder=str(plan.run_dir),
    )
    if plan.probe is not None and plan.probe.get("mode") != "none":
        run = with_processes(run)
    record.write(run, plan.run_dir)
    return run


def with_processes(run: RunRecord) -> RunRecord:
    """Fill in what the run's traces tell: its processes, whether we stopped it, and what is missing."""
    from auditor.runs.tracefile import open_run

    notes = list(run.notes)
    try:
        traces = open_run(Path(run.folder))
    except TraceFormatError as error:
        return replace(run, notes=(*notes, f"the trace cannot be read: {error}"))
    processes = tuple(
        ProcessRecord(
            name=trace.name,
            pid=int(trace.header["pid"]),
            parent_pid=int(trace.header["parent_pid"]),
            rank=trace.header.get("rank"),
            complete=trace.complete,
            events=len(trace.events),
            steps=trace.steps,
            problems=tuple(f"{problem.where}: {problem.what}" for problem in trace.problems),
            environment=from_fields(trace.environment),
        )
        for trace in traces.processes.values()
    )
    if not processes:
        notes.append(_NO_TRACE)
    notes += [f"{name}: {reason}" for name, reason in traces.unreadable.items()]
    status = run.status
    if any(trace.stop for trace in traces.processes.values()):
        if status.ending is Ending.FAILED:
            notes.append(f"the program was stopped at a step, and {_failure(status.code)} on its way out")
        if status.ending in (Ending.FINISHED, Ending.FAILED):
            status = replace(status, ending=Ending.STOPPED)
    return replace(run, processes=processes, notes=tuple(notes), status=status)


def log_tail(run: RunRecord, lines: int = 10) -> tuple[str, ...]:
    """Return the last lines that the program printed."""
    return output.tail(Path(run.folder) / output.LOG_NAME, lines)


def check(run: RunRecord) -> None:
    """Raise `ProgramError` with the end of the program's log where it failed or hung."""
    code, ending = run.status.code, run.status.ending
    if ending is Ending.TIMED_OUT:
        what = f"did not end in time and was stopped after {run.duration_s:.0f} s"
    elif ending is Ending.FAILED:
        what = _failure(code)
    elif ending is Ending.LOST:
        what = f"was lost: {'; '.join(run.notes)}"
    else:
        return
    tail = log_tail(run)
    failed = output.first_complaint(Path(run.folder) / output.LOG_NAME, tail)
    said = "".join(f"  {line}\n" for line in (*failed, *tail))
    raise ProgramError(
        f"{said}the program {what} ({' '.join(run.argv)}; run {run.id}, log {run.folder}/{output.LOG_NAME})"
        f"{_advice(tail[-1]) if tail else ''}"
    )


def _advice(last: str) -> str:
    """What to do about the error in the last line of a program, where its environment or its input is the cause."""
    if missing := _MISSING.match(last):
        return f". Where {missing[1]} is in another environment, --python PATH names its interpreter"
    if last.startswith("EOFError: EOF when reading a line"):
        return (
            ". What is piped into repro-audit does not reach the program: answer with options, "
            "or feed it in a command of its own: -- sh -c 'python train.py < answers.txt'"
        )
    return ""


_MISSING = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_MANY_FILES = f"the project has more than {snapshot.LIMIT:,} files; files that a run wrote are only known in part"
_LEFTOVER = "what was left of the program waited for the part that was stopped, and was ended"
_NO_TRACE = (
    "no process left a trace: the program imported neither torch nor anything else that is watched, or its interpreter "
    "ignores the environment (python -I, -E or -S), or the program replaced PYTHONPATH for its children"
)


def _failure(code: int) -> str:
    if code > 0:
        return f"failed with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _snapshot(plan: LaunchPlan) -> snapshot.Snapshot | None:
    return snapshot.take(plan.project, (plan.run_dir.parent,)) if plan.watch_files else None


class _Child:
    """A started program. Its own session, so that a Ctrl-C at the terminal reaches us alone and we pass it on."""

    def __init__(self, plan: LaunchPlan, interrupts: Interrupts) -> None:
        self._plan = plan
        self._interrupts = interrupts
        self._passed_on = 0
        self._next_poll = 0.0
        self._timed_out = False
        self._cancelled = False
        self._asked_at: float | None = None  # when we, and no person, last sent a signal
        self._signals = [signal.SIGTERM, signal.SIGKILL]
        self.returncode: int | None = None
        self.peak_memory_bytes: int | None = None
        self.cpu_s: float | None = None
        self.device = DeviceMemory()
        echo = output.echo_target(plan.quiet)
        terminal = echo is not None and echo.isatty()
        self._output = output.Output(plan.run_dir / output.LOG_NAME, echo, terminal)
        argv = command(plan)
        keeps_stdin = not plan.quiet and sys.stdin is not None and sys.stdin.isatty()
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=plan.cwd,
                env=environment(plan),
                stdin=None if keeps_stdin else subprocess.DEVNULL,
                stdout=self._output.child_fd,
                stderr=self._output.child_fd,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"{argv[0]}: cannot be started in {plan.cwd}: {error.strerror}") from error
        self._output.start()
        self._started = time.monotonic()
        self._leftover = Leftover(plan.run_dir, self._process.pid)
        self.left = False

    def follow(self, on_poll: OnPoll | None) -> None:
        """Wait for the end."""
        while not self._reaped():
            try:
                self._wait(on_poll)
            except KeyboardInterrupt:  # noqa: PERF203, each may come at any time
                self._interrupts.count += 1

    def _wait(self, on_poll: OnPoll | None) -> None:
        while not self._reaped():
            self._heed_interrupts()
            elapsed = time.monotonic() - self._started
            if elapsed >= self._next_poll:
                self._next_poll = elapsed + POLL_S
                self._watch(elapsed, on_poll)
            self._escalate()
            time.sleep(_TICK_S)

    def _heed_interrupts(self) -> None:
        while self._passed_on < self._interrupts.count:
            insists = bool(self._passed_on) or self._cancelled
            self._passed_on += 1
            self._send(signal.SIGKILL if insists else signal.SIGINT)

    def _watch(self, elapsed: float, on_poll: OnPoll | None) -> None:
        if self.device.available:
            self.device.sample(tree(self._process.pid))
        limit = self._plan.timeout_s
        if limit is not None and elapsed > limit and not self._timed_out:
            self._timed_out = True
            self._ask()
        if not self.left and self._leftover.only_waits(elapsed):
            self.left = True
            self._ask()
        if on_poll is not None and on_poll(elapsed) and not self._cancelled:
            self._cancelled = True
            self._ask()

    def _ask(self) -> None:
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            self._send(signal.SIGINT)

    def _escalate(self) -> None:
        if self._asked_at is None or not self._signals:
            return
        grace = INTERRUPT_GRACE_S if len(self._signals) == 2 else TERMINATE_GRACE_S
        if time.monotonic() - self._asked_at > grace:
            self._asked_at = time.monotonic()
            self._send(self._signals.pop(0))

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _reaped(self) -> bool:
        if self.returncode is not None:
            return True
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.returncode = self._process.returncode = os.waitstatus_to_exitcode(status)
        # Of the program and of the children that it waited for; the largest, not the sum.
        self.peak_memory_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self.cpu_s = round(usage.ru_utime + usage.ru_stime, 3)
        return True

    def ending(self) -> Ending:
        """How it ended, as far as that can be told from outside."""
        if self._timed_out:
            return Ending.TIMED_OUT
        if self._interrupts.count or self._cancelled:
            return Ending.INTERRUPTED
        return Ending.FAILED if self.returncode else Ending.FINISHED

    def close(self) -> None:
        """Leave nothing running if we give up or were told to end the program."""
        if not self._reaped():
            self._send(signal.SIGKILL)
            while not self._reaped():
                time.sleep(_TICK_S)
        elif self.ending() in (Ending.TIMED_OUT, Ending.INTERRUPTED):
            self._send(signal.SIGKILL)
        self._output.finish(_DRAIN_S)
        self.device.close()
