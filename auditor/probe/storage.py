"""What every storage holds, as far as the probe saw it being written: a number that stands for its content.

Two storages with the same entry in two runs hold the same bits, provided that all earlier events of the runs agree:
an entry is the digest of what was written, or a hash over the old entry and the digest of the part that was written.
That gives the equality of an op's inputs without hashing them again.

Keys are addresses of torch's storage objects. Each is held by a weak reference, which keeps the (small) object from
being reused for another storage but not its memory, so that an entry can never speak for a storage it does not belong
to. Views share their base's storage, so they need no entry of their own.
"""

import threading

MASK = 0xFFFFFFFFFFFFFFFF
TAINTED = 0x7461696E74656421  # stands for the content of memory that nothing was written to
CHECK_WHOLE = 4 << 20  # foreign writes are looked for in all bytes of smaller storages, in samples of bigger ones
CHECK_BLOCKS = 64
CHECK_BLOCK = 4096
MASK_LIMIT = 1 << 27  # elements; of larger uninitialised storages only whole writes are followed
WHOLE_LIMIT = 256 << 20  # bytes; of larger storages from outside only the parts that are read are hashed


class Outside:
    """A storage that something else than torch can write to: it came from outside, or was handed out as an array.

    `check` is a hash over its raw bytes (samples of them, in a big one) when the entry was made.
    """

    __slots__ = ("check", "entry", "exported")

    def __init__(self, entry, check, exported=False):
        self.entry = entry
        self.check = check
        self.exported = exported


class Windows:
    """A storage from outside of which only parts are known: what each held when last read, by its geometry."""

    __slots__ = ("seen",)

    def __init__(self):
        self.seen = {}


class Tainted:
    """A storage of which some elements were never written.

    `written` is a mask over all elements, None while nothing at all was written; `left` counts the missing ones.
    """

    __slots__ = ("check", "elements", "entry", "itemsize", "left", "origin", "written")

    def __init__(self, origin, elements, itemsize, check):
        self.origin = origin  # site id of the op that made it
        self.elements = elements
        self.itemsize = itemsize
        self.left = elements
        self.written = None
        self.entry = TAINTED
        self.check = check  # None once a part was written


class Pending:
    """A storage that is being written to in the background; whatever waits for it is called before it is read."""

    __slots__ = ("entry", "settle")

    def __init__(self, entry, settle):
        self.entry = entry
        self.settle = settle


class StorageMap:
    """Entries of all live storages. An entry is an int, or one of the classes above. Used under the GIL."""

    def __init__(self, torch, digest):
        self._torch = torch
        self._digest = digest
        self.entries = {}
        self.wholes = {}  # what the hot path remembers of storages: gone when they die or change their size
        self.pinned = set()  # keys that are kept when their storage dies
        self._identify = torch._C._storage_id
        self._expired = torch.UntypedStorage._expired
        self.free = torch.UntypedStorage._free_weak_ref
        self.limit = 64
        self._pruning = threading.Lock()

    def key(self, tensor):
        """Return the key of a tensor's storage; raises for tensors without one."""
        return self._identify(tensor)

    def put(self, tensor, key, entry):
        """Set the entry of a tensor's storage."""
        entries = self.entries
        if key not in entries:
            tensor.untyped_storage()._weak_ref()  # given back by prune
            if len(entries) >= self.limit:
                self.prune()
        entries[key] = entry

    def prune(self):
        """Drop the entries of dead storages."""
        if not self._pruning.acquire(False):
            return
        try:
            entries = self.entries
            pinned = self.pinned
            expired = self._expired
            dead = [key for key in list(entries) if expired(key) and key not in pinned]
            for key in dead:
                del entries[key]
                self.wholes.pop(key, None)
                self.free(key)
            self.limit = 2 * len(entries) + 64  # soon, or the small dead objects scatter the heap
        finally:
            self._pruning.release()

    def covers(self, tensor, nbytes):
        """A tensor of so many bytes fills its storage."""
        return nbytes >= tensor.untyped_storage().nbytes()

    # storages that others write to

    def check(self, tensor):
        """Hash the raw bytes of a CPU tensor's storage, or samples of them; None where there are none to read."""
        if not tensor.is_cpu:
            return None
        storage = tensor.untyped_storage()
        address = storage.data_ptr()
        nbytes = storage.nbytes()
        if not address or not nbytes:
            return None
        if nbytes <= CHECK_WHOLE:
            return self._digest.hash(self._digest.view(nbytes)(address), 0)
        step = (nbytes - CHECK_BLOCK) // (CHECK_BLOCKS - 1)
        view = self._digest.view(CHECK_BLOCK)
        total = nbytes
        for index in range(CHECK_BLOCKS):
            total = self._digest.hash(view(address + index * step), total)
        return total

    def export(self, tensor):
        """Something outside torch now shares the tensor's memory: look at the bytes again at every read."""
        if not tensor.is_cpu or tensor.layout is not self._torch.strided:
            return
        key = self._identify(tensor)
        entry = self.entries.get(key)
        if type(entry) is int:
            self.entries[key] = Outside(entry, self.check(tensor), exported=True)
        elif type(entry) is Outside:
            entry.exported = True

    # memory that nothing was written to

    def taint(self, tensor, key, origin):
        """The tensor's whole storage is uninitialised."""
        itemsize = tensor.element_size()
        elements = tensor.untyped_storage().nbytes() // itemsize
        self.put(tensor, key, Tainted(origin, elements, itemsize, self.check(tensor)))

    def grow(self, tensor, key, origin, old_bytes):
        """The storage was enlarged: what lies behind its first `old_bytes` is uninitialised."""
        self.wholes.pop(key, None)
        entry = self.entries.get(key)
        itemsize = tensor.element_size()
        elements = tensor.untyped_storage().nbytes() // itemsize
        kept = min(old_bytes // itemsize, elements)
        fresh = Tainted(origin, elements, itemsize, None)
        if kept and type(entry) is not Tainted:
            fresh.entry = entry if type(entry) is int else getattr(entry, "entry", TAINTED)
            with self.quiet():
                written = self._mask(fresh)
                written[:kept] = True
                fresh.left = elements - kept
        elif kept and entry.written is not None and entry.itemsize == itemsize:
            fresh.entry = entry.entry
            with self.quiet():
                written = self._mask(fresh)
                written[:kept] = entry.written[:kept]
                fresh.left = elements - int(written.sum())
        self.put(tensor, key, fresh)

    def quiet(self):
        """Torch calls inside are seen by no mode of the program and become part of no graph."""
        return Quiet(self._torch)

    def _mask(self, tainted):
        if tainted.written is None and tainted.elements <= MASK_LIMIT:
            tainted.written = self._torch.zeros(tainted.elements, dtype=self._torch.bool, device="cpu")
        return tainted.written

    def _part(self, tainted, tensor):
        """The mask of the elements that a view covers; None where it cannot be told."""
        written = self._mask(tainted)
        if written is None or tensor.element_size() != tainted.itemsize:
            return None
        return written.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())

    def is_written(self, tainted, tensor, select=None):
        """Every element of a view was written; `select` picks those that are read from the view's mask."""
        if tainted.written is None:
            return False
        with self.quiet():
            part = self._part(tainted, tensor)
            if part is None:
                return False
            return bool((select(part) if select is not None else part).all())

    def write(self, tensor, key, tainted, entry, mark=None):
        """All elements of a view were written, or those that `mark` sets in its mask; True if none is missing now."""
        tainted.check = None
        with self.quiet():
            part = self._part(tainted, tensor)
            if part is None:  # too big, or written as another dtype: say nothing rather than something false
                tainted.left = 0
            elif mark is not None:
                before = int(part.sum())
                mark(part)
                tainted.left -= int(part.sum()) - before
            else:
                tainted.left -= part.numel() - int(part.sum())
                part.fill_(True)
                if 0 in tensor.stride():
                    tainted.left = tainted.elements - int(tainted.written.sum())
        if tainted.left <= 0:
            self.entries[key] = entry
            return True
        tainted.entry = entry
        return False

    def copy_taint(self, source, tainted, target, key, origin):
        """A copy of (partly) uninitialised memory is as uninitialised as what it was made from."""
        itemsize = target.element_size()
        elements = target.untyped_storage().nbytes() // itemsize
        copy = Tainted(origin, elements, itemsize, None)
        if tainted.written is not None and target.is_contiguous() and elements == target.numel():
            with self.quiet():
                part = self._part(tainted, source)
                if part is not None and part.numel() == elements:
                    copy.written = part.reshape(-1).clone()
                    copy.left = elements - int(copy.written.sum())
                    copy.entry = tainted.entry
        self.put(target, key, copy)


class Quiet:
    """Hide our own torch calls: from function modes, autograd, inference mode and the current autocast."""

    __slots__ = ("_guards", "_torch")

    def __init__(self, torch):
        self._torch = torch

    def __enter__(self):
        torch = self._torch
        self._guards = [
            torch._C.DisableTorchFunction(),
            torch._C._InferenceMode(False),
            torch._C._DisableAutocast(),
            torch.autograd.grad_mode.no_grad(),
        ]
        for guard in self._guards:
            guard.__enter__()

    def __exit__(self, *exception):
        for guard in reversed(self._guards):
            guard.__exit__(*exception)
