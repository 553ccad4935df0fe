"""Threads and tasks of pools have streams of their own: which comes first, and where it runs, is left to chance."""

import functools
import sys
from _thread import get_ident

from . import wire


def install(tape, hook):
    hook.after("threading", functools.partial(_threading_ready, tape))
    hook.after("concurrent.futures.thread", functools.partial(_executor_ready, tape, "ThreadPoolExecutor", ""))
    hook.after("concurrent.futures.process", functools.partial(_executor_ready, tape, "ProcessPoolExecutor", wire.TASK))
    hook.after("multiprocessing.pool", functools.partial(_pool_ready, tape))


def _threading_ready(tape, threading):
    original = threading.Thread.start

    @functools.wraps(original)
    def start(self):
        tape.guard("tape", tape.streams.thread_starts, self, sys._getframe(1))
        return original(self)

    threading.Thread.start = start


class Task:
    """A function that was submitted, and the stream of what it asks for. Pickled to the process that calls it."""

    tape = None

    def __init__(self, stream, function):
        self.stream = stream
        self.function = function

    def __call__(self, *args, **kwargs):
        tape = Task.tape
        if tape is None:
            return self.function(*args, **kwargs)
        before = tape.streams.enter_task(self.stream)
        try:
            return self.function(*args, **kwargs)
        finally:
            tape.task_done(tape.streams.leave_task(before))


def _executor_ready(tape, name, prefix, module):
    Task.tape = tape
    kind = getattr(module, name)
    original = kind.submit

    @functools.wraps(original)
    def submit(self, fn, *args, **kwargs):
        return original(self, Task(prefix + tape.streams.submits(), fn), *args, **kwargs)

    kind.submit = submit


def _pool_ready(tape, module):
    """Workers of `multiprocessing.Pool` take (job, number, function, …) from a queue, be they processes or threads."""
    original = module.worker

    @functools.wraps(original)
    def worker(inqueue, *args, **kwargs):
        is_process = get_ident() == tape.streams.main
        return original(_Tasks(inqueue, tape, wire.TASK if is_process else ""), *args, **kwargs)

    module.worker = worker


class _Tasks:
    """The queue of a worker; the worker's thread is in the stream of the task that it took last."""

    def __init__(self, queue, tape, prefix):
        self._queue = queue
        self._tape = tape
        self._prefix = prefix

    def __getattr__(self, name):
        return getattr(self._queue, name)

    def get(self, *args):
        self._tape.task_done(self._tape.streams.leave_task(None))
        task = self._queue.get(*args)
        if task is not None:
            self._tape.streams.enter_task("%sjob%s.%s" % (self._prefix, task[0], task[1]))
        return task
