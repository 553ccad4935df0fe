"""The standard library's `random`."""

import ctypes
import functools
import struct
import sys

from . import first, seed_text

LIBRARY = "random"
_WORDS = 624
_SIZE = 4 * (_WORDS + 1)


def install(watchers, random):
    """Watch the module's generator and every `random.Random` that the program makes."""
    session = watchers.session
    instance = random._inst
    read = _memory_reader(random, session.hash) or functools.partial(_slow_reader, session.hash)
    watchers.watch(LIBRARY, functools.partial(read, instance))
    watchers.origins.pass_over(random.__file__)
    original_seed, original_setstate = random.Random.seed, random.Random.setstate

    def describe_seed(args, kwargs):
        generator = args[0]
        value = seed_text(first(args[1:], kwargs, "a"))
        if generator is instance:
            return value
        if not watchers.origins.is_programs(sys._getframe(1)):
            return None
        if not any(entry.generator is generator for entry in watchers.tracked):
            watchers.track("random.Random", generator, read)
        return "random.Random", "random.Random", value

    def describe_state(args, kwargs):
        state = "state %016x" % session.hash(repr(first(args[1:], kwargs, "state")).encode(), 0)
        return state if args[0] is instance else ("random.Random", "random.Random.setstate", state)

    random.Random.seed = watchers.wrap(original_seed, LIBRARY, "random.seed", describe_seed)
    random.Random.setstate = watchers.wrap(original_setstate, LIBRARY, "random.setstate", describe_state)
    # Bound before the class was changed.
    random.seed = instance.seed
    random.setstate = instance.setstate


def _memory_reader(random, digest):
    """Return a function that reads a generator's state where it lies; None where its layout is not the known one."""
    try:
        import _random

        offset = object.__basicsize__
        if _random.Random.__basicsize__ < offset + _SIZE:
            return None
        view = (ctypes.c_char * _SIZE).from_address
        state = random._inst.getstate()[1]
        if bytes(view(id(random._inst) + offset)) != struct.pack("=i%dI" % _WORDS, state[-1], *state[:-1]):
            return None
    except (AttributeError, ImportError, struct.error, ValueError):
        return None

    def read(generator):
        found = digest(view(id(generator) + offset), 0)
        cached = generator.gauss_next
        return found if cached is None else digest(struct.pack("<d", cached), found)

    return read


def _slow_reader(digest, generator):
    return digest(repr(generator.getstate()).encode(), 0)
