"""One stream of numbers for each source of randomness, in the place of the one generator that serves them all.

A program draws its initial weights, the order of its data, augmentation and dropout from the same generator. Here every
draw is told apart when it happens (`sources`), and gets the next numbers of a stream of its own (`streams`): a replica
can then have other numbers for one source, and the same as all other replicas for the rest. The program gets other
numbers than without us, distributed like them.
"""

import functools
import hashlib
import sys
from _thread import get_ident

from ..taping import variation
from . import dynamo, numpy, stdlib, torch
from .ledger import Ledger
from .sources import OTHER, Sources
from .streams import Split


class Splitter:
    """`settings`: "folder", "vary" (sources that are this replica's own), "base" and "seed" (texts: what the streams
    of all replicas start from, and those of this one), "private" (the program's own generators take part)."""

    def __init__(self, settings, name_of, site_of):
        self.sources = Sources()
        self.ledger = Ledger(settings["folder"], name_of)
        self.private = bool(settings.get("private"))
        self._vary = frozenset(settings["vary"])
        self._roots = {True: settings["seed"], False: settings["base"]}
        self._site_of = site_of
        self._name_of = name_of
        self._requests = 0
        self._splits = []
        self.seeding = set()  # threads inside the seeding of a global generator: what it seeds in turn is part of that

    def install(self, hook):
        """Split each generator as soon as the program has imported its library; after the tape has started it."""
        self._hook = hook
        for name, library in (("random", stdlib), ("numpy.random", numpy), ("torch", torch)):
            hook.after(name, functools.partial(self.guard, name, library.install, self))

    def guard(self, where, function, *arguments):
        """Call a function of ours; whatever goes wrong in it is told in the ledger: draws may be missing there."""
        try:
            return function(*arguments)
        except Exception as error:
            try:
                self.ledger.problem("%s: %s: %s" % (where, type(error).__name__, error))
            except OSError:
                sys.stderr.write("repro-audit: %s: %s: %s\n" % (where, type(error).__name__, error))
            return None

    def split(self, name, adapter, generator):
        """Split a generator that starts from what it is now."""
        made = Split(name, adapter, generator, self)
        self._splits.append(made)
        return made

    def follow_dynamo(self, wrapped):
        """Pairs of our wrappers and torch's functions, for TorchDynamo."""
        dynamo.follow(self._hook, wrapped)

    def source_of(self, frame, permutes=False, drops=False, fills=False):
        """Return what a draw is for; see `Sources.of`."""
        return self.guard("split", self.sources.of, frame, permutes, drops, fills) or OTHER

    def is_varied(self, source):
        return source in self._vary

    def root(self, source):
        """The text that the stream of a source starts from."""
        return self._roots[source in self._vary]

    def drew(self, source, call, frame, held=""):
        """Note a draw for the report; `held` says why it cannot be varied, where that is so."""
        self.guard("split", self._note, source, call, frame, held)

    def _note(self, source, call, frame, held):
        self.ledger.count(source, call, self._site_of(frame), held)

    def seeded(self, call, seed, frame):
        """The program seeds a generator of its own; return the seed to use.

        What it is for is known only where it is made for it, in a data set's `__getitem__` for example. What torch
        draws from one is seen, and told apart then.
        """
        if call.startswith("torch."):
            return seed
        frame = self.sources.beyond_own(frame)
        if get_ident() in self.seeding or torch.is_derived(frame) or self.sources.is_business(frame):
            return seed
        source = self.source_of(frame)
        varied = self.private and source in self._vary
        self.drew(source, call, frame, "" if varied else "seeded by the program")
        return variation.varied(seed, {"seed": self._roots[True]}, False) if varied else seed

    def entropy(self, call, answer, frame, streams):
        """The program asks the system for entropy, perhaps for a generator of its own; return what it is to get.

        `answer` is what the tape has: it holds for sources that are not varied.
        """
        return self.guard("split", self._entropy, call, answer, frame, streams) or answer

    def _entropy(self, call, answer, frame, streams):
        frame = self.sources.beyond_own(frame)
        if get_ident() in self.seeding or self.sources.is_business(frame) or streams.asker(frame).soft:
            return answer
        source = self.source_of(frame)
        self.drew(source, call, frame)
        if not self.is_varied(source):
            return answer
        self._requests += 1
        text = "%s|entropy|%s|%s|%d" % (self.root(source), self._name_of(), source, self._requests)
        blocks = (len(answer) + 31) // 32
        return b"".join(hashlib.sha256(b"%s|%d" % (text.encode("ascii"), n)).digest() for n in range(blocks))[
            : len(answer)
        ]

    def before_fork(self):
        for split in self._splits:
            split.lock.acquire()

    def after_fork_in_parent(self):
        for split in self._splits:
            split.lock.release()

    def after_fork_in_child(self):
        self.ledger.abandon()
        for split in self._splits:
            split.new_lock()

    def finish(self):
        """The process ends: write how often each source drew."""
        for split in self._splits:
            self.guard("split", split.settle)
        self.guard("split", self.ledger.close)
