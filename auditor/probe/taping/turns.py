"""The global generators among the tasks of asyncio, of which now this one draws and now that one, as clocks decide.

A task runs in steps, and nothing else of its thread runs during one. When a step moves a generator that another task
moved last, the tape keeps what the generator was before the step, and what this task had left behind when it drew last.
A replayed task goes on with what it left behind itself; once that is what is on the tape, with what is there next.
So it draws what it drew, whichever task comes first.
"""

import hashlib
import json
import sys

from .states import KINDS, taken

LIMIT = 10_000
"""States taped of one process; each has some 7 kB."""


class RecordedTurns:
    """`write(library, stream, bytes)` is the recorder's."""

    def __init__(self, write):
        self._write = write
        self._before = {}  # library -> state when the step began
        self._mine = {}  # (library, stream) -> fingerprint of what the task left behind
        self._holder = {}  # library -> (stream, state)

    def begin(self, stream):
        self._before = _taken(self._before)

    def end(self, stream):
        after = _taken(None)
        for library, state in after.items():
            before = self._before.get(library)
            if before is None or state == before:
                continue
            if self._holder.get(library) != (stream, before):
                self._take(library, stream, before)
            self._holder[library] = (stream, state)
            self._mine[library, stream] = _fingerprint(library, state)
        self._before = after

    def imported(self, library, stream):
        """A library that a step is the first to import starts within it, from entropy that is on the tape."""
        self._before.setdefault(library, KINDS[library].get(sys.modules[library]))

    def leaves(self, stream):
        """What is outside of all loops hands over to one."""
        self._before = {}
        for library, state in _taken(None).items():
            self._holder[library] = (stream, state)
            self._mine[library, stream] = _fingerprint(library, state)

    def returns(self, stream):
        for library, state in _taken(None).items():
            if self._holder.get(library) != (stream, state):
                self._take(library, stream, state)

    def done(self, stream):
        for library in KINDS:
            self._mine.pop((library, stream), None)

    def _take(self, library, stream, state):
        about = {"left": self._mine.get((library, stream)), "alone": _alone()}
        text = json.dumps(about, sort_keys=True).encode("ascii")
        self._write(library, stream, text + b"\n" + KINDS[library].to_bytes(state))


class ReplayedTurns:
    """`ask(library, stream)` gives what stands on the tape, in order; `tell(library, stream, text, sure)` tells that a
    task drew otherwise."""

    def __init__(self, ask, tell):
        self._ask = ask
        self._tell = tell
        self._found = {}  # (library, stream) -> [(left, alone, bytes)]
        self._mine = {}  # (library, stream) -> state that the task left behind
        self._begun = {}  # library -> (what it was, what the step begins with, whether that is the tape's next)

    def begin(self, stream):
        self._begun = {}
        for library, state in _taken(None).items():
            self._start(library, stream, state)

    def imported(self, library, stream):
        state = KINDS[library].get(sys.modules[library])
        if state is not None and library not in self._begun:
            self._start(library, stream, state)

    def end(self, stream):
        for library, state in _taken(None).items():
            was, began, taped = self._begun.get(library, (state, state, False))
            if state == began:
                if was != began:
                    KINDS[library].restore(sys.modules[library], was)
                continue
            if taped:
                self._entries(library, stream).pop(0)
            elif (library, stream) not in self._mine:
                self._tell(library, stream, "it did not when it was recorded", _alone())
            self._mine[library, stream] = state
        self._begun = {}

    def leaves(self, stream):
        for library, state in _taken(None).items():
            self._mine[library, stream] = state

    def returns(self, stream):
        for library in _taken(None):
            wanted, taped = self._wanted(library, stream)
            if wanted is not None:
                KINDS[library].restore(sys.modules[library], wanted)
            if taped:
                self._entries(library, stream).pop(0)

    def done(self, stream):
        """Tell of a task that did not draw all that it drew, in portions that can be told apart."""
        for library in KINDS:
            self._mine.pop((library, stream), None)
            left = self._entries(library, stream)
            if left:
                self._tell(
                    library, stream, "other numbers, or fewer, than when it was recorded", left[0][1] and _alone()
                )
                left.clear()

    def _start(self, library, stream, state):
        wanted, taped = self._wanted(library, stream)
        self._begun[library] = (state, state if wanted is None else wanted, taped)
        if wanted is not None and wanted != state:
            KINDS[library].restore(sys.modules[library], wanted)

    def _wanted(self, library, stream):
        mine = self._mine.get((library, stream))
        entries = self._entries(library, stream)
        if entries and entries[0][0] == (None if mine is None else _fingerprint(library, mine)):
            return KINDS[library].from_bytes(entries[0][2]), True
        return mine, False

    def _entries(self, library, stream):
        found = self._found.get((library, stream))
        if found is None:
            found = self._found[library, stream] = []
            for payload in self._ask(library, stream):
                text, _, state = payload.partition(b"\n")
                about = json.loads(text.decode("ascii"))
                found.append((about["left"], about["alone"], state))
        return found


def _taken(known):
    """Return {library: state}: `known`, where nobody else can have drawn since."""
    return known if known and _alone() else taken()


def _alone():
    """Whether no other thread draws from the same generators meanwhile."""
    threading = sys.modules.get("threading")
    return threading is None or len(threading._active) <= 1


def _fingerprint(library, state):
    return hashlib.sha256(KINDS[library].to_bytes(state)).hexdigest()
