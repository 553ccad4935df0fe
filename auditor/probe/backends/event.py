"""An event while it is being put together."""

from .. import wire
from ..fingerprint import MASK, UnknownValueError

# A flag of our own, never written: the op copies uninitialised memory.
COPIED = 1 << 16


class Place:
    """Where an event belongs: phase, module, site, thread, and the flags that come with them."""

    __slots__ = ("flags", "module", "phase", "site", "thread")

    def __init__(self, phase, module, site, thread, flags=0):
        self.phase = phase
        self.module = module
        self.site = site
        self.thread = thread
        self.flags = flags


class Event:
    """An event that is being put together."""

    __slots__ = ("arguments", "copied", "count", "flags", "inputs", "keys", "late", "place", "rows", "scalars", "state")

    def __init__(self, place, flags, inputs, arguments, count, copied=None):
        self.place = place
        self.flags = flags
        self.inputs = inputs
        self.arguments = arguments
        self.count = count
        self.copied = copied
        self.state = 0
        self.rows = []
        self.late = []
        self.keys = []
        self.scalars = []

    def uncaptured(self, spec, role, why, position):
        self.flags |= wire.UNCAPTURED
        self.rows.append((0, spec, role, why, position, 0, 0))

    def scalar(self, prints, value):
        try:
            self.scalars.append(prints.values([value]))
        except UnknownValueError:
            self.flags |= wire.UNCAPTURED

    def provenance(self, role, position):
        """What stands for a content that has no digest (yet): how it was made."""
        return hash((self.inputs, self.arguments, role, position, self.place.module, len(self.keys))) & MASK

    def outputs(self):
        """The digest over all digests of the event."""
        digests = [row[0] for row in self.rows] + self.scalars
        return digests[0] if len(digests) == 1 else hash(tuple(digests)) & MASK if digests else 0
