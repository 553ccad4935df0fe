"""Tasks and callbacks of asyncio have streams of their own: which of them goes on first is left to clocks and sockets.

A task is named after the task or thread that created it and how many that one had created, as a thread is; callbacks of
a program (`call_later`) in the same way, and what a finished task calls after the task.
"""

import functools
import sys
import weakref
from _thread import get_ident
from types import FunctionType, MethodType

from .states import KINDS


class Loops:
    """The loops of one process: what the tasks and callbacks that they run are called."""

    def __init__(self, tape, hook):
        self._tape = tape
        self._streams = _Names()  # of tasks and handles
        self._steps = {}  # ident of a thread -> stream of the step that it is in
        for name in KINDS:
            hook.after(name, functools.partial(self.imported, name))

    def after_fork(self):
        """What the parent's loops run is none of the child's."""
        self._streams = _Names()
        self._steps = {}

    def imported(self, library, _module):
        if get_ident() in self._steps:
            self._tape.turn("imported", self._steps[get_ident()], library)

    def events_ready(self, events):
        run = events.Handle._run

        @functools.wraps(run)
        def taped_run(handle):
            found = self._tape.guard("tape", self._begin, handle)
            if found is None:
                return run(handle)
            try:
                return run(handle)
            finally:
                self._tape.guard("tape", self._end, *found)

        events.Handle._run = taped_run

    def base_events_ready(self, base_events):
        kind = base_events.BaseEventLoop
        for name in ("call_soon", "call_soon_threadsafe", "call_later", "call_at"):
            setattr(kind, name, self._named_callback(getattr(kind, name)))
        create = kind.create_task

        @functools.wraps(create)
        def create_task(loop, *args, **kwargs):
            stream = self._tape.streams.creates("a")
            task = create(loop, *args, **kwargs)
            self._tape.guard("tape", self._streams.put, task, stream)
            return task

        kind.create_task = create_task
        forever = kind.run_forever

        @functools.wraps(forever)
        def run_forever(loop):
            self._tape.turn("leaves")
            try:
                return forever(loop)
            finally:
                self._tape.turn("returns")

        kind.run_forever = run_forever

    def _named_callback(self, original):
        @functools.wraps(original)
        def call(loop, *args, **kwargs):
            handle = original(loop, *args, **kwargs)
            self._tape.guard("tape", self._name, handle, sys._getframe(1))
            return handle

        return call

    def _name(self, handle, frame):
        """Name a callback that the program asked for; not what wakes a task or tells of a future, which have names."""
        streams = self._tape.streams
        if not isinstance(handle._callback, _PROGRAM_KINDS) or streams.direct(frame) is None:
            return
        if not (handle._args and hasattr(handle._args[0], "_asyncio_future_blocking")):
            self._streams.put(handle, streams.creates("c"))

    def _begin(self, handle):
        task = getattr(handle._callback, "__self__", None)
        task = task if hasattr(task, "_asyncio_future_blocking") and hasattr(task, "get_coro") else None
        stream = self._stream(handle, task)
        before = self._tape.streams.enter_task(stream)
        self._steps[get_ident()] = stream
        self._tape.turn("begin", stream)
        return stream, task, before

    def _stream(self, handle, task):
        if task is not None:
            found = self._streams.get(task)
            if found is None:  # made by a loop or by a call that we do not know
                found = "%s.a-%s" % (self._tape.streams.current()[0], task.get_name())
                self._streams.put(task, found)
            return found
        found = self._streams.get(handle)
        if found is None and handle._args:
            caller = self._streams.get(handle._args[0])
            found = caller + ".d" if caller is not None else None
        return found or self._tape.streams.current()[0]

    def _end(self, stream, task, before):
        self._steps.pop(get_ident(), None)
        self._tape.turn("end", stream)
        self._tape.streams.leave_task(before)
        if task is not None and task.done() and self._streams.take(task):
            self._tape.task_done(stream, _was_cancelled(task))

    def unfinished(self):
        """Return the streams of the tasks that are not done, in order."""
        return sorted(stream for one, stream in self._streams.all() if hasattr(one, "get_coro") and not one.done())


class _Names:
    """Streams of objects, told apart by identity: timers are equal where they call the same at the same time."""

    def __init__(self):
        self._found = {}  # id -> (weak reference, stream, whether it was taken)

    def put(self, one, stream):
        key = id(one)
        self._found[key] = [weakref.ref(one, lambda _: self._found.pop(key, None)), stream, False]

    def get(self, one):
        found = self._found.get(id(one))
        return found[1] if found is not None and found[0]() is one else None

    def take(self, one):
        """True the first time."""
        found = self._found[id(one)]
        found[2], before = True, found[2]
        return not before

    def all(self):
        alive = [(found[0](), found[1]) for found in list(self._found.values())]
        return [(one, stream) for one, stream in alive if one is not None]


_PROGRAM_KINDS = (FunctionType, MethodType, functools.partial)


def _was_cancelled(task):
    """A task that somebody cancelled was stopped at a moment that is left to chance, however it took it."""
    cancelling = getattr(task, "cancelling", None)
    return task.cancelled() or bool(cancelling and cancelling())
