"""The global generators when a task of a process pool begins: which tasks its worker ran before is left to chance.

Taped are the states that a task moves on, as they were before it; a replayed task begins with these.
"""

import functools
import json
import sys
from _thread import get_ident

LIMIT = 10_000
"""States taped of one process; a task that draws leaves some 7 kB for each library."""


def taken():
    """Return {library: state} of those that are loaded; states compare equal where the same numbers would follow."""
    found = {}
    for name, kind in KINDS.items():
        module = sys.modules.get(name)
        state = kind.get(module) if module is not None else None
        if state is not None:
            found[name] = state
    return found


class States:
    """Tapes states at the beginning of tasks, or restores them. `write(library, stream, bytes)`, `ask(library, stream)`
    (None: leave it as it is) and `current()`, the stream of the calling thread, are the tape's."""

    def __init__(self, write, ask, current):
        self._write = write
        self._ask = ask
        self._current = current
        self._begun = {}  # ident of a thread -> {library: state} of each task that it is in

    def install(self, hook):
        """A library that a task is the first to import starts then, and not when the task began."""
        for name in KINDS:
            hook.after(name, functools.partial(self._imported, name))

    def begin(self, stream):
        self._begun.setdefault(get_ident(), []).append(taken() if self._write else {})
        for name in KINDS if self._ask else ():
            if name in sys.modules:
                self._restore(name, sys.modules[name], stream)

    def end(self, stream):
        """Write what generators were when the task began, of those that it moved on."""
        begun = self._begun.get(get_ident())
        before = begun.pop() if begun else None
        after = taken() if before else {}
        for name, state in (before or {}).items():
            if state != after.get(name):
                self._write(name, stream, KINDS[name].to_bytes(state))

    def _imported(self, name, module):
        begun = self._begun.get(get_ident())
        if not begun:
            return
        if self._ask:
            self._restore(name, module, self._current())
        elif name not in begun[-1]:
            state = KINDS[name].get(module)
            for before in begun if state is not None else ():
                before.setdefault(name, state)

    def _restore(self, name, module, stream):
        payload = self._ask(name, stream)
        if payload is not None:
            kind = KINDS[name]
            kind.restore(module, kind.from_bytes(payload))


class _Stdlib:
    @staticmethod
    def get(random):
        return random.getstate() if hasattr(random, "getstate") else None

    @staticmethod
    def to_bytes(state):
        return json.dumps(state).encode("ascii")

    @staticmethod
    def from_bytes(payload):
        version, words, gauss = json.loads(payload.decode("ascii"))
        return version, tuple(words), gauss

    @staticmethod
    def restore(random, state):
        random.setstate(state)


class _Numpy:
    """Of numpy's legacy generator, while it is the Mersenne Twister that it is by default."""

    @staticmethod
    def get(random):
        if not hasattr(random, "get_state") or type(random.mtrand._rand._bit_generator).__name__ != "MT19937":
            return None
        name, words, position, has_gauss, gauss = random.get_state()
        return name, words.tobytes(), position, has_gauss, gauss

    @staticmethod
    def to_bytes(state):
        name, words, *rest = state
        return json.dumps([name, words.hex(), *rest]).encode("ascii")

    @staticmethod
    def from_bytes(payload):
        name, words, *rest = json.loads(payload.decode("ascii"))
        return (name, bytes.fromhex(words), *rest)

    @staticmethod
    def restore(random, state):
        import numpy

        name, words, *rest = state
        random.set_state((name, numpy.frombuffer(words, numpy.uint32), *rest))


class _Torch:
    @staticmethod
    def get(torch):
        return torch.get_rng_state().numpy().tobytes() if hasattr(torch, "get_rng_state") else None

    @staticmethod
    def to_bytes(state):
        return state

    @staticmethod
    def from_bytes(payload):
        return payload

    @staticmethod
    def restore(torch, state):
        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


KINDS = {"random": _Stdlib, "numpy.random": _Numpy, "torch": _Torch}
