"""Calls that go through joblib have streams of their own: how many of them a worker gets at once, and which worker, is
left to chance, and so is the thread that takes the next one from the program's iterator."""

import functools

from . import wire
from .tasks import Task

_BATCH = "BatchedCalls"


def parallel_ready(tape, module):
    Task.tape = tape
    original = module.Parallel.__call__

    @functools.wraps(original)
    def call(self, iterable):
        stream = tape.guard("tape", tape.streams.parallel_call)
        if stream is None:
            return original(self, iterable)
        kind = _CountedCalls if hasattr(iterable, "__len__") else _Calls
        return original(self, kind(tape, stream, iterable))

    module.Parallel.__call__ = call


class _Calls:
    """The (function, arguments, keywords) of an iterable, each function as a `Task`, taken in the caller's name."""

    def __init__(self, tape, stream, iterable):
        self._streams = tape.streams
        self._stream = stream
        self._given = iterable
        self._iterator = iter(iterable)
        self._taken = 0

    def __iter__(self):
        return self

    def __next__(self):
        before = self._streams.enter_task(self._stream)
        try:
            item = next(self._iterator)
        finally:
            self._streams.leave_task(before)
        self._taken += 1
        try:
            function, args, kwargs = item
        except (TypeError, ValueError):
            return item  # joblib says what is wrong with it
        return Task("%s%s.%d" % (wire.TASK, self._stream, self._taken), function), args, kwargs


class _CountedCalls(_Calls):
    """joblib asks for the length to show how far it is."""

    def __len__(self):
        return len(self._given)


def loky_ready(tape, module):
    """What is handed to loky itself is a task; not joblib's batches, whose size chance decides: what is in them is."""
    Task.tape = tape
    original = module.ProcessPoolExecutor.submit

    @functools.wraps(original)
    def submit(self, fn, *args, **kwargs):
        if not _is_batch(fn):
            fn = Task(wire.TASK + tape.streams.submits(), fn)
        return original(self, fn, *args, **kwargs)

    module.ProcessPoolExecutor.submit = submit


def _is_batch(function):
    for _ in range(5):
        if type(function).__name__ == _BATCH:
            return True
        function = getattr(function, "func", None) or getattr(function, "_obj", None)
        if function is None:
            return False
    return False
