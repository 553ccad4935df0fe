"""RNG libraries, watched: SEED events when they are seeded, STATE events when their state has moved. Nothing is drawn.

A library's state is looked at when torch has been imported, before a data loader fetches, after every optimizer step
and at the end; an event is written only if the state is another one than last time. What a generator caches outside its
main state (numpy's second normal number) is not in the digest: it shows at the next draw.
"""

import functools
import sys
from _thread import get_ident

from .. import wire
from .origin import Origins

CALLS_LIMIT = 1000  # seed calls recorded per call and line: some data sets make a generator for every item
TRACKED_LIMIT = 8  # generator objects looked at, the newest of those that are alive


class Watchers:
    """All RNG libraries of one process."""

    def __init__(self, session):
        self.session = session
        self.origins = Origins(session.config.project)
        self._watches = []  # one a library, in order of appearance
        self.tracked = []  # generator objects that the program made
        self._made = {}  # kind of generator object -> how many were made
        self._calls = {}  # (call, site) -> how often
        self._inside = set()  # threads inside a seeding call: what it calls in turn is not the program's
        self._wrappers = []  # made so far and not yet hidden from TorchDynamo
        self.settle = []  # functions that write what they were not yet sure of

    # modules as the program imports them

    def random_ready(self, module):
        from . import stdlib

        stdlib.install(self, module)

    def numpy_ready(self, module):
        from . import numpy

        numpy.install(self, module)
        if "torch" in sys.modules and self.session.context is not None and self.session.context.installed:
            self.hide_from_dynamo(sys.modules["torch"])  # numpy came after torch

    def torch_ready(self, torch):
        from . import torch as library

        library.install(self, torch)
        self.hide_from_dynamo(torch)

    # states

    def watch(self, library, state):
        """Look at a library's state from now on; `state()` returns its digest, None where there is none yet.

        The first look is at once if the trace is open: a library that is imported late (as `numpy.random` is, at its
        first use) must not have drawn before it.
        """
        self._watches.append(_Watch(library, state))
        self.sample()

    def track(self, kind, generator, state):
        """Look at a generator object for as long as the program keeps it; `state(generator)` returns its digest."""
        number = self._made.get(kind, 0)
        self._made[kind] = number + 1
        self.tracked.append(_Tracked("%s#%d" % (kind, number), generator, state))
        if len(self.tracked) > TRACKED_LIMIT:
            self._forget_dead()
            del self.tracked[:-TRACKED_LIMIT]

    def _forget_dead(self):
        # numpy's generators know no weak references: one that nobody else refers to is let go here.
        self.tracked = [entry for entry in self.tracked if entry.is_alive()]

    def sample(self):
        """Write a STATE event for every library whose state has changed since its last one."""
        session = self.session
        if session.muted or session.writer is None:
            return
        for function in self.settle:
            function()
        for watch in self._watches:
            digest = watch.state()
            if digest is not None and digest != watch.last:
                watch.last = digest
                self._write_state(watch.library, digest)
        if self.tracked:
            self._forget_dead()
            for entry in self.tracked:
                digest = entry.state()
                if digest != entry.last:
                    entry.last = digest
                    self._write_state(entry.library, digest)

    def _write_state(self, library, digest):
        session = self.session
        context = session.context
        session.writer.event(
            wire.STATE,
            context.phase,
            0,
            context.step,
            session.writer.name(library),
            context.module,
            0,
            context.thread_index,
            state=digest,
        )

    def after_fork(self):
        """In a forked child every state is new to the trace."""
        self._inside.intersection_update((get_ident(),))
        self._calls.clear()
        for watch in self._watches + self.tracked:
            watch.last = None

    # seeds

    def seeded(self, library, call, value, site=None, event=None):
        """Write that the program seeded: `value` is the seed as text, "entropy" for the system's entropy."""
        session = self.session
        if not session.is_open():
            return
        if site is None:
            site = session.site(2)
        count = self._calls.get((call, site), 0) + 1
        self._calls[(call, site)] = count
        if count > CALLS_LIMIT:
            session.problem(
                "rng", "more than %d calls of %s at one line; only the first are recorded" % (CALLS_LIMIT, call)
            )
            return
        writer, context = session.writer, session.context
        fields = {"library": library, "call": call, "value": value, "site": site}
        if event is not None:
            fields["event"] = event
        writer.record("seed", **fields)
        writer.event(
            wire.SEED,
            context.phase,
            0,
            context.step,
            writer.name(library),
            context.module,
            site,
            context.thread_index,
            arguments=session.hash(value.encode("utf-8", "backslashreplace"), 0),
        )

    def is_inside(self):
        """True while the calling thread is inside a seeding call that is recorded as a whole."""
        return get_ident() in self._inside

    def wrap(self, original, library, call, describe, after=None):
        """Return a function that does what `original` does and records the call.

        `describe(args, kwargs)` returns the value as text, or (library, call, text), or None for nothing to record; it
        runs before the call. `after(result)` runs after it.
        """
        guard = self.session.guard
        inside = self._inside

        @functools.wraps(original)
        def wrapper(*args, **kwargs):
            thread = get_ident()
            if thread in inside:
                return original(*args, **kwargs)
            inside.add(thread)
            try:
                guard("rng", self._described, library, call, describe, args, kwargs)
                result = original(*args, **kwargs)
                if after is not None:
                    guard("rng", after, result)
                return result
            finally:
                inside.discard(thread)

        self._wrappers.append(wrapper)
        return wrapper

    def hide_from_dynamo(self, torch):
        """TorchDynamo runs the wrappers as they are: what it compiles is the program's."""
        from ..dynamo import skip_code

        while self._wrappers:
            self.session.guard("rng", skip_code, torch, self._wrappers.pop())

    def _described(self, library, call, describe, args, kwargs):
        value = describe(args, kwargs)
        if isinstance(value, tuple):
            library, call, value = value
        if value is not None:
            self.seeded(library, call, value, site=self.session.site(3) if self.session.is_open() else 0)


class _Watch:
    __slots__ = ("last", "library", "state")

    def __init__(self, library, state):
        self.library = library
        self.state = state
        self.last = None


class _Tracked:
    __slots__ = ("_state", "generator", "last", "library")

    def __init__(self, library, generator, state):
        self.library = library
        self.generator = generator
        self._state = state
        self.last = None

    def state(self):
        return self._state(self.generator)

    def is_alive(self):
        return sys.getrefcount(self.generator) > 2


def seed_text(value):
    """Return a seed as text without running any code of the program's own types."""
    if value is None:
        return "entropy"
    if type(value) in (int, bool, float, str, bytes):
        return repr(value)[:200]
    if type(value) in (list, tuple):
        return ("[%s]" % ", ".join(seed_text(item) for item in value))[:200]
    kind = type(value)
    if kind.__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        return str(value.item())
    if kind.__module__ == "numpy":
        return ("[%s]" % ", ".join(map(str, value.ravel()[:20].tolist())))[:200]
    return kind.__name__


def first(args, kwargs, name, default=None):
    """Return the first argument, by position or by name."""
    return args[0] if args else kwargs.get(name, default)
