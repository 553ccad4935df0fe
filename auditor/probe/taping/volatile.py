"""Clocks, process ids, host names, folder orders: given back where they become seeds, or wherever that was asked for.

Where a seed is passed, the values that the program's own code has read shortly before are looked at: one that the seed
is a plain function of (see `derived`) makes the line that read it a source of seeds. What is read there is taped, at
this and every later time.
"""

import functools
import os
import sys

from .derived import is_made_of, is_mixed_of
from .replaced import replace

REMEMBERED = 64  # lines whose reads a seed is held against
_READS = 4  # the newest of one line
_MISSES = 8  # then a line's seeds are no longer held against the reads: some data sets seed for every item
_SAYS_SO = ("seed", "rng", "random_state", "entropy")
KINDS = ("time", "pid", "host", "listing")

_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
_MOMENTS = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
"""Functions of `time` that mean the present where they are given no moment, and where that stands."""
_FUNCTIONS = {
    "time": (("time", tuple(name + unit for name in _CLOCKS for unit in ("", "_ns"))),),
    "pid": (("os", ("getpid", "getppid")),),
    "host": (("socket", ("gethostname", "getfqdn")), ("platform", ("node",))),
}


class Volatile:
    """What the program has read, and which lines are sources of seeds."""

    def __init__(self, tape, wanted):
        self._tape = tape
        self._wanted = wanted
        self._reads = {}  # (call, stream, line) -> [value, number, is it on the tape], newest last; newest lines last
        self._counts = {}
        self._sources = set()  # (call, line): in every thread, once it is one
        self._missed = {}  # line that seeds -> how often in a row its seed came from no read

    def install(self, hook):
        for kind, groups in _FUNCTIONS.items():
            for module, names in groups:
                hook.after(module, functools.partial(self._replace, kind, names))
        hook.after("time", self._time_ready)
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
        self._reads[key] = [*self._reads.pop(key, ()), [value, number, False]][-_READS:]
        if len(self._reads) > REMEMBERED:
            self._reads.pop(next(iter(list(self._reads))), None)
        return value

    def seeded(self, seed, site):
        """A seed was passed at a line: True if it comes from something that was read, which is a source from now on."""
        if not self._reads or type(seed) not in (int, float, str):
            return False
        missed = self._missed.get(site, 0)
        if missed > _MISSES:
            return False
        found = self._origins(seed)
        self._missed[site] = 0 if found else missed + 1
        for (call, stream, line), read in found:
            value, number, is_taped = read
            self._sources.add((call, line))
            if not is_taped:
                read[2] = True
                self._tape.found_source(call, stream, line, number, value)
        return bool(found)

    def _origins(self, seed):
        """Return the reads, as (key, read), that a seed is made of."""
        reads = [(key, read) for key, newest in list(self._reads.items()) for read in newest]
        found = [one for one in reads if is_made_of(seed, one[1][0])]
        if found or type(seed) is not int:
            return found
        pids = [one for one in reads if one[0][0] == "os.getpid"]
        for one in reads:
            mixed = [pid for pid in pids if pid is not one and is_mixed_of(seed, one[1][0], pid[1][0])]
            found += mixed and [one, *mixed]
        return found

    def _is_source(self, call, site):
        if (call, site) in self._sources:
            return True
        if any(word in text.lower() for text in site[2:] for word in _SAYS_SO):
            self._sources.add((call, site))
            return True
        return False

    def _time_ready(self, module):
        now, broken_up = module.time.__wrapped__, module.localtime
        for name, position in _MOMENTS.items():
            moment_of = broken_up if name in ("asctime", "strftime") else None
            replace(module, name, functools.partial(self._present, "time." + name, position, now, moment_of))

    def _present(self, call, position, now, moment_of, original):
        everywhere = "time" in self._wanted

        def read(*args):
            if len(args) < position or (len(args) > position and args[position] is not None):
                return original(*args)
            given = self.read(call, now(), everywhere, sys._getframe(1))
            return original(*args[:position], moment_of(given) if moment_of else given)

        return read

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
