"""Digests that are not known when their event is written: computed on a device, or of a collective's result.

The event's row is written at once, flagged, so that the order of events is the order of calls; the digest is filled in
when it arrives.
"""

import threading

from .. import wire
from ..fingerprint import MASK, NotCoveredError
from ..storage import Pending


class Slot:
    """One tensor row that waits for its digest."""

    __slots__ = ("digest", "entry", "event", "index", "key", "row", "seed")

    def __init__(self, seed):
        self.seed = seed
        self.digest = None
        self.event = None  # EventPatch, once the event was written
        self.index = 0  # of its digest among the event's
        self.row = -1
        self.key = None  # storage whose entry becomes the digest, if it still is `entry`
        self.entry = None


class EventPatch:
    """An event of which some digests are missing."""

    __slots__ = ("digests", "index", "missing")

    def __init__(self, index, digests, missing):
        self.index = index
        self.digests = digests
        self.missing = missing


class LateDigests:
    """All slots of one process."""

    def __init__(self, torch, prints, writer, storages):
        self._torch = torch
        self._prints = prints
        self._writer = writer
        self._storages = storages
        self._lock = threading.RLock()
        self._devices = {}  # device -> (digester, slots in the order asked for); None where there is no digester
        self._pending = []  # collectives that nobody has waited for, as far as we saw

    def start(self, tensor, event):
        """Start the digest of a device tensor; return its slot, or None where it must be computed at once."""
        if tensor.layout is not self._torch.strided or tensor.is_quantized:
            return None
        if tensor.device.type == "cuda" and self._torch.cuda.is_current_stream_capturing():
            raise NotCoveredError("inside a CUDA graph that is being captured")
        with self._lock:
            found = self._devices.get(tensor.device, self)
            if found is self:
                found = self._devices[tensor.device] = self._digester(tensor.device)
            if found is None:
                return None
            digester, slots = found
            if digester.full:
                self._drain(tensor.device)
            slot = Slot(self._prints.seed(tensor))
            with self._storages.quiet():
                digester.digest_async(tensor)
            slots.append(slot)
            return slot

    def _digester(self, device):
        try:
            from ..device_digest import DeviceDigester

            with self._storages.quiet():
                return DeviceDigester(self._torch, device), []
        except Exception as error:
            self._writer.problem("device digest", "%s: digests of %s are computed on the CPU" % (error, device))
            return None

    def written(self, index, event):
        """The event stands in the trace under this index: its missing digests can be filled in from now on."""
        if index < 0 or not event.late:
            return
        first = self._writer.first_tensor(index)
        digests = [row[0] for row in event.rows] + event.scalars
        patch = EventPatch(index, digests, len(event.late))
        with self._lock:
            for position, slot in event.late:
                slot.event = patch
                slot.index = position
                slot.row = first + position
                if slot.digest is not None:
                    self._fill(slot)

    def _fill(self, slot):
        patch = slot.event
        patch.digests[slot.index] = slot.digest
        patch.missing -= 1
        if patch.missing == 0:
            digests = patch.digests
            self._writer.patch_outputs(patch.index, digests[0] if len(digests) == 1 else hash(tuple(digests)) & MASK)
        # Last: who follows the trace takes an event for whole as soon as no row of it is flagged.
        self._writer.patch_tensor(slot.row, slot.digest, 0)
        if slot.key is not None and self._storages.entries.get(slot.key) == slot.entry:
            self._storages.entries[slot.key] = slot.digest

    def drain(self):
        """Wait for all devices and fill in what they computed. Collectives that nothing waited for stay open."""
        with self._lock:
            for device in list(self._devices):
                self._drain(device)

    def _drain(self, device):
        found = self._devices[device]
        if found is None:
            return
        digester, slots = found
        with self._storages.quiet():
            digests = digester.drain()
        if digester.problem:
            self._writer.problem("device digest", digester.problem)
        for slot, digest in zip(slots, digests):
            slot.digest = self._prints.values([slot.seed, digest])
            if slot.event is not None:
                self._fill(slot)
        del slots[:]

    # collectives

    def collective(self, tensors, entry, event):
        """The tensors will hold a collective's result once the program has waited for it: digest them then."""
        for tensor in tensors:
            slot = Slot(0)
            position = len(event.rows)
            spec = self._prints.spec(tensor)
            event.rows.append((0, spec, wire.MUTATED, wire.DIGEST_LATE, position, 0, 0))
            event.late.append((position, slot))
            key = self._storages.key(tensor)
            number = hash((entry, position)) & MASK
            self._storages.put(tensor, key, Pending(number, self._settler(tensor, key, slot, number)))
            self._pending.append(key)

    def _settler(self, tensor, key, slot, number):
        held = [tensor]  # let go as soon as it is settled, at the next step at the latest

        def settle(drop=False):
            if not held:
                return
            tensor = held.pop()
            current = self._storages.entries.get(key)
            if type(current) is Pending and current.entry == number:
                self._storages.entries[key] = number
            if drop:
                return
            try:
                digest = self._prints.digest(tensor)
            except (NotCoveredError, RuntimeError):
                return
            slot.digest = digest
            if slot.event is not None:
                self._fill(slot)

        return settle

    def drop_pending(self):
        """Let go of the tensors of collectives that no op has read since: their digests stay open."""
        pending, self._pending = self._pending, []
        for key in pending:
            entry = self._storages.entries.get(key)
            if type(entry) is Pending:
                entry.settle(drop=True)
