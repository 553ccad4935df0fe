"""The streams of one generator: each source of randomness has numbers of its own, as if there were a generator for it.

A stream starts from a hash of its root, the source and the state that the program's seed gave the generator. So the
same seed gives the same numbers again, ranks and workers with other seeds get others, and a stream does not depend on
how much was drawn for other sources. The generator itself rests in the state that its seed gave it: if it ever moves,
something drew unseen.

Where the program takes the state and puts it back later (checkpointed layers, `fork_rng`), all streams go back with it:
what it takes is a label, the state of a generator that nobody else has, and `restored` knows what belongs to it.
"""

import hashlib
import threading

_LABELS = 1000  # states that can be put back; programs keep few at a time

new_lock = threading.RLock


class Split:
    """One generator and its streams. `adapter` has `make(generator, seed)`, which returns a new generator of the same
    kind, `get(generator)` and `set(generator, state)`, and `digest(state)`, which returns bytes."""

    def __init__(self, name, adapter, generator, splitter):
        self.name = name
        self.adapter = adapter
        self.generator = generator
        self._splitter = splitter
        self._streams = {}  # source -> generator
        self._labels = {}  # digest of everything -> digest of the label
        self._kept = {}  # digest of a label -> (label, key, base state, {source: state})
        self._dropped = set()
        self._told = False
        self.new_lock()
        self.restart()

    def new_lock(self):
        self.lock = new_lock()

    def restart(self):
        """The generator was seeded: all streams start anew."""
        self._streams = {}
        self.key = self._resting = self.adapter.digest(self.adapter.get(self.generator))

    def stream(self, source):
        """Return the generator of a source."""
        found = self._streams.get(source)
        if found is None:
            text = "%s|%s|%s|%s" % (self._splitter.root(source), self.name, source, self.key.hex())
            found = self._streams[source] = self.adapter.make(self.generator, _seed(text))
        return found

    def enter(self, source):
        """Put the numbers of a source into the generator; return what `leave` needs."""
        before = self.adapter.get(self.stream(source)), self.adapter.get(self.generator)
        self.adapter.set(self.generator, before[0])
        return before

    def leave(self, source, before):
        """Put the generator back to rest; return whether anything was drawn since `enter`."""
        after = self.adapter.get(self.generator)
        self.adapter.set(self.generator, before[1])
        if self.adapter.digest(after) == self.adapter.digest(before[0]):
            return False
        self.adapter.set(self.stream(source), after)
        return True

    def settle(self):
        """Tell whether something drew from the generator itself since it was last seeded."""
        if not self._told and self.adapter.digest(self.adapter.get(self.generator)) != self._resting:
            self._told = True
            self._splitter.drew("unseen", self.name, None, "compiled or native code")

    def taken(self):
        """Return the state to hand to the program that asks for it."""
        base = self.adapter.get(self.generator)
        if not self._streams:
            return base
        digest = self.adapter.digest
        states = {source: self.adapter.get(stream) for source, stream in self._streams.items()}
        whole = hashlib.sha256(digest(base) + self.key)
        for source in sorted(states):
            whole.update(source.encode("ascii") + digest(states[source]))
        whole = whole.digest()
        if whole not in self._labels:
            label, short = self._new_label(digest(base), sorted(states))
            self._labels[whole] = short
            self._kept[short] = (label, self.key, base, states)
            self._forget_oldest()
        return self._kept[self._labels[whole]][0]

    def _new_label(self, base, sources):
        """The same in all replicas that took states as often: nothing of what a source drew is in it."""
        text = "label|%s|%s|%s|%d" % (self.name, self.key.hex(), base.hex(), len(self._kept) + len(self._dropped))
        label = self.adapter.get(self.adapter.make(self.generator, _seed(text)))
        return label, self.adapter.digest(label)

    def _forget_oldest(self):
        while len(self._kept) > _LABELS:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._dropped.add(oldest)
            for whole in [whole for whole, short in self._labels.items() if short == oldest]:
                del self._labels[whole]

    def restored(self):
        """The program has put a state there: one that it took before, or one from elsewhere, which is like a seed."""
        digest = self.adapter.digest(self.adapter.get(self.generator))
        kept = self._kept.get(digest)
        if kept is None:
            if digest in self._dropped:
                self._splitter.ledger.problem(
                    "%s: a state was put back that is older than the last %d that were taken; its streams start anew"
                    % (self.name, _LABELS)
                )
            self.restart()
            return
        _, self.key, base, states = kept
        self.adapter.set(self.generator, base)
        self._resting = self.adapter.digest(base)
        self._streams = {}
        for source, state in states.items():
            self.adapter.set(self.stream(source), state)


def _seed(text):
    """A number of 53 bits, which every library takes."""
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "little") >> 11
