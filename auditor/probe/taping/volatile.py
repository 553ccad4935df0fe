"""Clocks, process ids, host names, folder orders: given back where they become seeds, or wherever that was asked for.

Where a seed is passed, the values that the program's own code has read shortly before are looked at: one that the seed
is a plain function of (its whole seconds, its milliseconds modulo 2**32, plus a rank …) makes the line that read it a
source of seeds. What is read there is taped, at this and every later time.
"""

import functools
import os
import sys

from .replaced import replace

REMEMBERED = 64  # reads that a seed is held against
_NEAR = 1024  # ranks, workers and the like that are added to a clock
_SMALLEST = 1000  # smaller seeds agree with some digits of a clock by chance
_MODULI = [1 << 32, (1 << 32) - 1, 1 << 31, (1 << 31) - 1, 1 << 30, 1 << 24, 1 << 20, 1 << 16, (1 << 16) - 1]
_MODULI += [10**power for power in range(4, 13)]
_MISSES = 8  # then a line's seeds are no longer held against the reads: some data sets seed for every item
_SAYS_SO = ("seed", "rng", "random_state", "entropy")
KINDS = ("time", "pid", "host", "listing")

_FUNCTIONS = {
    "time": (("time", ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")),),
    "pid": (("os", ("getpid", "getppid")),),
    "host": (("socket", ("gethostname", "getfqdn")), ("platform", ("node",))),
}


class Volatile:
    """What the program has read, and which lines are sources of seeds."""

    def __init__(self, tape, wanted):
        self._tape = tape
        self._wanted = wanted
        self._reads = []  # [value, (call, stream, line), number, is it on the tape], newest last
        self._counts = {}
        self._sources = set()  # (call, line): in every thread, once it is one
        self._missed = {}  # line that seeds -> how often in a row its seed came from no read

    def install(self, hook):
        for kind, groups in _FUNCTIONS.items():
            for module, names in groups:
                hook.after(module, functools.partial(self._replace, kind, names))
        hook.after("datetime", self._datetime_ready)
        if "listing" in self._wanted:
            replace(os, "listdir", self._listdir)
            replace(os, "scandir", self._scandir)

    def _replace(self, kind, names, module):
        for name in names:
            replace(module, name, functools.partial(self._reader, kind, "%s.%s" % (module.__name__, name)))

    def _reader(self, kind, call, original):
        everywhere = kind in self._wanted

        def read(*args):
            return self.read(call, original(*args), everywhere, sys._getframe(1))

        return read

    def read(self, call, value, everywhere, frame):
        """`value` was read; return what the program gets."""
        tape = self._tape
        if tape.off:
            return value
        streams = tape.streams
        caller = streams.direct(frame)
        if caller is None:
            return value
        site = streams.site(caller)
        key = call, streams.current()[0], site
        number = self._counts[key] = self._counts.get(key, 0) + 1
        if everywhere or tape.mode == "replay" or self._is_source(call, site):
            return tape.keyed("value", call, caller, number, value)
        self._reads.append([value, key, number, False])
        if len(self._reads) > REMEMBERED:
            del self._reads[: -REMEMBERED // 2]
        return value

    def seeded(self, seed, site):
        """A seed was passed at a line: True if it comes from something that was read, which is a source from now on."""
        if not self._reads or type(seed) not in (int, float):
            return False
        missed = self._missed.get(site, 0)
        if missed > _MISSES:
            return False
        pids = [read[0] for read in self._reads if read[1][0] == "os.getpid"]
        found = [read for read in self._reads if is_made_of(seed, read[0], pids)]
        self._missed[site] = 0 if found else missed + 1
        for read in found:
            value, (call, stream, line), number, is_taped = read
            self._sources.add((call, line))
            if not is_taped:
                read[3] = True
                self._tape.found_source(call, stream, line, number, value)
        return bool(found)

    def _is_source(self, call, site):
        if (call, site) in self._sources:
            return True
        if any(word in site[3].lower() for word in _SAYS_SO):
            self._sources.add((call, site))
            return True
        return False

    # clocks that are classes

    def _datetime_ready(self, module):
        import ctypes
        import gc

        for kind, names in ((module.datetime, ("now", "utcnow", "today")),):
            members = gc.get_referents(kind.__dict__)[0]
            if type(members) is not dict:
                continue
            for name in names:
                if name in members:
                    members[name] = classmethod(self._moment(kind, name, members[name]))
            ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))

    def _moment(self, kind, name, original):
        call = "datetime.%s.%s" % (kind.__name__, name)
        everywhere = "time" in self._wanted

        def read(cls, *args, **kwargs):
            moment = original.__get__(None, cls)(*args, **kwargs)
            if type(moment) is not kind or not hasattr(moment, "timestamp"):
                return moment
            stamp = moment.timestamp()
            given = self.read(call, stamp, everywhere, sys._getframe(1))
            return moment if given == stamp else kind.fromtimestamp(given, moment.tzinfo)

        return read

    # orders of folders

    def _listdir(self, original):
        def listdir(path=None):
            names = original() if path is None else original(path)
            caller = self._tape.streams.caller(sys._getframe(1)) if names and type(names[0]) is str else None
            if caller is None:
                return names
            return self._tape.keyed("listing", "os.listdir", caller, _shown(path), names)

        return listdir

    def _scandir(self, original):
        def scandir(path=None):
            entries = original() if path is None else original(path)
            caller = self._tape.streams.caller(sys._getframe(1))
            if caller is None:
                return entries
            with entries:
                found = {entry.name: entry for entry in entries}
            names = list(found)
            if names and type(names[0]) is str:
                names = self._tape.keyed("listing", "os.scandir", caller, _shown(path), names)
            return _Entries([found[name] for name in names])

        return scandir


class _Entries:
    """What `os.scandir` returns, in another order."""

    def __init__(self, entries):
        self._entries = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._entries = iter(())


def _shown(path):
    try:
        return os.fsdecode(path) if path is not None else "."
    except TypeError:
        return "?"


def is_made_of(seed, value, pids=()):
    """True if a seed is a plain function of a clock or a process id that was read."""
    if type(value) is str:
        return False
    if seed == value:
        return True
    if seed < _SMALLEST:
        return False
    if type(seed) is float:
        return abs(seed - value) < 1.0
    for base in _bases(value):
        for mixed in [base] + [op for pid in pids for op in (base + pid, base ^ pid, base * pid, base - pid)]:
            if mixed == seed or (seed >= 1 << 15 and abs(mixed - seed) <= _NEAR):
                return True
            for modulus in _MODULI:
                if mixed > modulus > seed:
                    rest = mixed % modulus
                    if rest == seed or (seed >= 1 << 20 and abs(rest - seed) <= _NEAR):
                        return True
    return False


def _bases(value):
    """Whole numbers that programs make of a clock."""
    if type(value) is int:
        # A process id stands for itself; nanoseconds for coarser units too.
        return [value] if value < 1 << 32 else [value // 10**power for power in range(10)]
    return [int(value * 10**power) for power in range(10)]
