"""numpy's global generator: a `RandomState` for each source stands behind `numpy.random`'s functions.

Libraries that ask for "the global generator" get it as an object (`numpy.random.mtrand._rand`): it is replaced as well,
by one whose methods draw from the streams.
"""

import functools
import hashlib
import sys
from _thread import get_ident

_STATE = ("seed", "get_state", "set_state")
_PERMUTING = ("shuffle", "permutation")


class Adapter:
    """Generators are `RandomState`s; seeded with arrays, which is neither taped nor told."""

    def __init__(self, random):
        self._random = random

    def make(self, generator, seed):
        numpy = sys.modules["numpy"]
        words = numpy.array([seed & 0xFFFFFFFF, seed >> 32], dtype=numpy.uint32)
        return self._random.RandomState(self._random.MT19937(words))

    def get(self, generator):
        return self._random.RandomState.get_state(generator, legacy=False)

    def set(self, generator, state):
        self._random.RandomState.set_state(generator, state)

    def digest(self, state):
        words = state["state"]
        whole = hashlib.sha256(repr(sorted((key, state[key]) for key in state if key != "state")).encode("ascii"))
        for name in sorted(words):
            value = words[name]
            whole.update(value.tobytes() if hasattr(value, "tobytes") else repr(value).encode("ascii"))
        return whole.digest()


def install(splitter, random):
    mtrand = sys.modules["numpy.random.mtrand"]
    original = mtrand._rand
    functions = {
        name: function
        for name, function in vars(mtrand).items()
        if getattr(function, "__self__", None) is original and not name.startswith("_")
    }
    members = {"__module__": "numpy.random.mtrand", "__reduce__": _reduced}
    kind = type("RandomState", (random.RandomState,), members)
    shared = kind(original._bit_generator)
    random.RandomState.set_state(shared, random.RandomState.get_state(original, legacy=False))
    split = splitter.split("numpy.random", Adapter(random), shared)
    for name in functions:
        if name not in _STATE:
            setattr(kind, name, _drawing(splitter, split, name))
    kind.seed, kind.get_state, kind.set_state = _seeding(split), _getting(split), _setting(split)
    seed = _seed_function(splitter, split, shared, mtrand.seed)
    mtrand._rand = shared
    for module in (mtrand, random):
        module.seed = seed
        for name, function in functions.items():
            if getattr(module, name, None) is function and name != "seed":
                setattr(module, name, getattr(shared, name))


def _reduced(self):
    """A copy is a plain generator in the state of ours, as a copy of the global one is."""
    copy = type(self).__mro__[1](self._bit_generator)
    return copy.__reduce__()


def _drawing(splitter, split, name):
    permutes = name in _PERMUTING
    call = "numpy.random." + name

    @functools.wraps(getattr(split.adapter._random.RandomState, name))
    def draw(self, *args, **kwargs):
        frame = sys._getframe(1)
        source = splitter.source_of(frame, permutes)
        splitter.drew(source, call, frame)
        return getattr(split.stream(source), name)(*args, **kwargs)

    return draw


def _seeding(split):
    plain = split.adapter._random.RandomState

    def seed(self, *args, **kwargs):
        split.settle()
        plain.seed(self, *args, **kwargs)
        split.restart()

    return seed


def _seed_function(splitter, split, shared, original):
    """`numpy.random.seed`: before numpy 2 a method of the generator that was there first."""

    @functools.wraps(original)
    def seed(*args, **kwargs):
        split.settle()
        thread = get_ident()
        splitter.seeding.add(thread)
        try:
            original(*args, **kwargs)
        finally:
            splitter.seeding.discard(thread)
        state = split.adapter.get(shared)
        state["has_gauss"], state["gauss"] = 0, 0.0
        split.adapter.set(shared, state)
        split.restart()

    return seed


def _getting(split):
    plain = split.adapter._random.RandomState

    def get_state(self, legacy=True):
        state = split.taken()
        if not legacy:
            return state
        words = state["state"]
        return state["bit_generator"], words["key"], words["pos"], state["has_gauss"], state["gauss"]

    get_state.__doc__ = plain.get_state.__doc__
    return get_state


def _setting(split):
    plain = split.adapter._random.RandomState

    def set_state(self, state):
        split.settle()
        plain.set_state(self, state)
        split.restored()

    return set_state
