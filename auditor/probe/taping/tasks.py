"""Threads and tasks of pools have streams of their own: which comes first, and where it runs, is left to chance."""

import functools
import os
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


# What a task is unpickled by. A worker has no probe where the program starts it in an environment of its own: there the
# function stands for itself, and nothing of ours need be importable.
_UNPICKLED = "tasks.Task(stream, function, pid) if (tasks := __import__('sys').modules.get(name)) else function"


class Task:
    """A function that was submitted, and the stream of what it asks for. Pickled to the process that calls it."""

    tape = None

    def __init__(self, stream, function, submitted_by=None):
        self.stream = stream
        self.function = function
        self.submitted_by = submitted_by or os.getpid()

    def __reduce__(self):
        about = {"name": __name__, "stream": self.stream, "function": self.function, "pid": self.submitted_by}
        return eval, (_UNPICKLED, about)

    def __call__(self, *args, **kwargs):
        tape = Task.tape
        if tape is None:
            return self.function(*args, **kwargs)
        before = tape.streams.enter_task(self.stream)
        elsewhere = self.submitted_by != os.getpid()
        if elsewhere:
            tape.task_begins(self.stream)
        try:
            return self.function(*args, **kwargs)
        finally:
            if elsewhere:
                tape.task_ends(self.stream)
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
    def worker(inqueue, outqueue, *args, **kwargs):
        is_process = get_ident() == tape.streams.main
        tasks = _Tasks(inqueue, tape, wire.TASK if is_process else "")
        return original(tasks, _Results(outqueue, tasks) if is_process else outqueue, *args, **kwargs)

    module.worker = worker


class _Tasks:
    """The queue of a worker; the worker's thread is in the stream of the task that it took last."""

    def __init__(self, queue, tape, prefix):
        self._queue = queue
        self._tape = tape
        self._prefix = prefix
        self._stream = ""

    def __getattr__(self, name):
        return getattr(self._queue, name)

    def get(self, *args):
        tape = self._tape
        self.computed()
        tape.task_done(tape.streams.leave_task(None))
        task = self._queue.get(*args)
        if task is not None:
            self._stream = "%sjob%s.%s" % (self._prefix, task[0], task[1])
            tape.streams.enter_task(self._stream)
            if self._prefix:
                tape.task_begins(self._stream)
        return task

    def computed(self):
        """The task's result is there; a worker may be ended as soon as it has been handed over."""
        if self._prefix and self._stream:
            self._tape.task_ends(self._stream)
            self._stream = ""


class _Results:
    """The queue of results of a worker process."""

    def __init__(self, queue, tasks):
        self._queue = queue
        self._tasks = tasks

    def __getattr__(self, name):
        return getattr(self._queue, name)

    def put(self, *args):
        self._tasks.computed()
        return self._queue.put(*args)
