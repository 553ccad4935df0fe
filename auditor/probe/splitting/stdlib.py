"""The standard library's `random`: its functions draw from a `random.Random` for each source."""

import os
import sys

from ..taping.replaced import Replaced

_STATE = ("seed", "getstate", "setstate")
_PERMUTING = ("shuffle",)


class Adapter:
    """Generators are instances of `random.Random`; they are made without asking anybody for entropy."""

    def __init__(self, random):
        self._kind = random.Random
        self._seed = random.Random.__mro__[1].seed  # in C: neither taped nor told

    def make(self, generator, seed):
        made = self._kind.__new__(self._kind, seed)
        self._seed(made, seed)
        made.gauss_next = None
        return made

    def get(self, generator):
        return generator.getstate()

    def set(self, generator, state):
        generator.setstate(state)

    def digest(self, state):
        import hashlib

        return hashlib.sha256(repr(state).encode("ascii")).digest()


def install(splitter, random):
    instance = random._inst
    split = splitter.split("random", Adapter(random), instance)
    for name, function in list(vars(random).items()):
        if getattr(function, "__self__", None) is instance:
            make = _CHANGED.get(name, _drawing)
            setattr(random, name, Replaced(function, make(splitter, split, name, function), "random." + name))
    # After `random`'s own and the tape's: a forked child starts from another state.
    os.register_at_fork(after_in_child=split.restart)


def _drawing(splitter, split, name, original):
    permutes = name in _PERMUTING
    call = "random." + name

    def draw(*args, **kwargs):
        frame = sys._getframe(2)
        source = splitter.source_of(frame, permutes)
        splitter.drew(source, call, frame)
        return getattr(split.stream(source), name)(*args, **kwargs)

    return draw


def _seeding(splitter, split, name, original):
    def seed(*args, **kwargs):
        split.settle()
        original(*args, **kwargs)
        split.restart()

    return seed


def _getting(splitter, split, name, original):
    return split.taken


def _setting(splitter, split, name, original):
    def setstate(state):
        split.settle()
        original(state)
        split.restored()

    return setstate


_CHANGED = {"seed": _seeding, "getstate": _getting, "setstate": _setting}
