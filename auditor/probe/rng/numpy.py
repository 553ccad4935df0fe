"""numpy's global generator, its `default_rng` generators, and generators of any kind that start from entropy.

Classes of numpy stay what they are. That one was made without a seed is seen where numpy asks for entropy; the seed of
a `RandomState` where numpy converts it, because `RandomState(5)` asks for entropy first and throws it away.
"""

import ctypes
import sys
from _thread import get_ident

from . import first, seed_text

LIBRARY = "numpy.random"
_MT19937_BYTES = 4 * 625


def install(watchers, random):
    """Watch numpy.random; `random` is that module."""
    session = watchers.session
    mtrand = sys.modules["numpy.random.mtrand"]
    watchers.watch(LIBRARY, _GlobalState(mtrand._rand, session.hash).digest)
    for name, argument in (("seed", "seed"), ("set_state", "state")):
        original = getattr(mtrand, name)
        wrapper = watchers.wrap(original, LIBRARY, "numpy.random." + name, _describer(name, argument, session.hash))
        for module in (mtrand, random):
            if getattr(module, name, None) is original or module is random:
                setattr(module, name, wrapper)
    _wrap_default_rng(watchers, random)
    session.guard("rng", _watch_entropy, watchers)


def _describer(name, argument, digest):
    if name == "seed":
        return lambda args, kwargs: seed_text(first(args, kwargs, argument))
    return lambda args, kwargs: "state %016x" % digest(_state_bytes(first(args, kwargs, argument)), 0)


def _state_bytes(value):
    """Return bytes that stand for a state as numpy hands it out: nested dicts and tuples of numbers and arrays."""
    if isinstance(value, dict):
        return b"{" + b",".join(str(key).encode() + b":" + _state_bytes(value[key]) for key in sorted(value)) + b"}"
    if isinstance(value, (list, tuple)):
        return b"(" + b",".join(map(_state_bytes, value)) + b")"
    if hasattr(value, "tobytes"):
        return value.tobytes()
    return repr(value).encode()


class _GlobalState:
    """Digest of the state of `numpy.random`'s own generator, read where it lies."""

    def __init__(self, holder, digest):
        self._holder = holder
        self._hash = digest
        self._generator = None
        self._buffer = None

    def digest(self):
        generator = self._holder._bit_generator
        if generator is not self._generator:  # the first time, and after `set_bit_generator`
            self._generator = generator
            self._buffer = _memory(generator)
        if self._buffer is not None:
            return self._hash(self._buffer, 0)
        return self._hash(_state_bytes(generator.state), 0)


def _memory(generator):
    """Return the state of a Mersenne Twister as a buffer; None for other generators or an unknown layout."""
    state = generator.state
    if state.get("bit_generator") != "MT19937":
        return None
    buffer = (ctypes.c_char * _MT19937_BYTES).from_address(generator.ctypes.state_address)
    words = state["state"]["key"].tobytes() + state["state"]["pos"].to_bytes(4, sys.byteorder)
    return buffer if bytes(buffer) == words else None


def _wrap_default_rng(watchers, random):
    module = sys.modules["numpy.random._generator"]
    original = module.default_rng
    digest = watchers.session.hash
    known = []

    def describe(args, kwargs):
        seed = first(args, kwargs, "seed")
        if not watchers.origins.is_programs(sys._getframe(1)):
            known.append(True)
            return None
        if isinstance(seed, (random.Generator, random.BitGenerator)):
            known.append(True)
            return None  # a generator that exists already
        if isinstance(seed, random.SeedSequence):
            return "SeedSequence %s %s" % (seed_text(seed.entropy), seed_text(seed.spawn_key))
        return seed_text(seed)

    def after(generator):
        if known:
            known.clear()
        else:
            watchers.track(
                "numpy.random.Generator", generator, lambda it: digest(_state_bytes(it.bit_generator.state), 0)
            )

    wrapper = watchers.wrap(original, "numpy.random.Generator", "numpy.random.default_rng", describe, after)
    module.default_rng = wrapper
    random.default_rng = wrapper


def _watch_entropy(watchers):
    """See where numpy asks the system for entropy, and where it seeds a Mersenne Twister with a number."""
    source = sys.modules["numpy.random.bit_generator"]
    twister = sys.modules["numpy.random._mt19937"]
    pending = _Pending(watchers)
    original = source.randbits

    def randbits(count):
        watchers.session.guard("rng", pending.entropy, sys._getframe(1))
        return original(count)

    source.randbits = randbits
    twister.operator = _Operator(twister.operator, pending)
    watchers.settle.append(pending.settle)


class _Pending:
    """A request for entropy that may still turn out to belong to a generator that is seeded right after."""

    def __init__(self, watchers):
        self._watchers = watchers
        self._last = None  # (thread, id of the frame, its instruction, site, number of events)

    def entropy(self, frame):
        watchers = self._watchers
        if watchers.is_inside() or not watchers.origins.is_programs(frame):
            return
        self.settle()
        session = watchers.session
        if session.is_open():
            site = session.sites.site_from(frame)
            self._last = (get_ident(), id(frame), frame.f_lasti, site, session.writer.events_written)

    def number(self, value, frame):
        """numpy converts a seed: a request for entropy by the same call of the program was thrown away."""
        watchers = self._watchers
        if watchers.is_inside() or not watchers.origins.is_programs(frame):
            return
        last = self._last
        call = "numpy.random.RandomState.seed"
        if last is not None and last[:3] == (get_ident(), id(frame), frame.f_lasti):
            self._last = None
            call = "numpy.random.RandomState"
        self.settle()
        session = watchers.session
        if session.is_open():
            watchers.seeded("numpy.random.RandomState", call, seed_text(value), site=session.sites.site_from(frame))

    def settle(self):
        last = self._last
        if last is not None:
            self._last = None
            self._watchers.seeded("numpy.random", "numpy.random.SeedSequence", "entropy", site=last[3], event=last[4])


class _Operator:
    """Stands in for the module `operator` inside numpy's Mersenne Twister, which uses it to convert seeds."""

    def __init__(self, module, pending):
        self._module = module
        self._pending = pending

    def __getattr__(self, name):
        return getattr(self._module, name)

    def index(self, value):
        pending = self._pending
        pending._watchers.session.guard("rng", pending.number, value, sys._getframe(1))
        return self._module.index(value)
