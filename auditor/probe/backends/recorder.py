"""Turns tensors into rows: what an op wrote, what enters from outside, what is not there to be read.

This is the slower half of the tracer: everything but the plain case of one ordinary result, which `dispatch` handles
itself. All of it runs where no mode of the program sees our calls.
"""

from .. import wire
from ..fingerprint import MASK, NotCoveredError, UnknownValueError, components
from ..storage import TAINTED, WHOLE_LIMIT, Outside, Pending, Tainted, Windows
from . import ops

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


class Recorder:
    """Rows, entries and events of one process."""

    def __init__(self, torch, writer, context, prints, storages, late):
        self.torch = torch
        self.writer = writer
        self.context = context
        self.prints = prints
        self.storages = storages
        self.late = late
        self.tensor_types = {torch.Tensor, torch.nn.Parameter}
        if hasattr(torch.nn.parameter, "Buffer"):
            self.tensor_types.add(torch.nn.Buffer)
        self.wholes = storages.wholes  # storage key -> (dtype, geometry, view, seed, spec) of a tensor that fills it
        self.focus = None
        self.lazy_bits = False  # a conjugated or negated view was made: geometry must tell them apart

    # inputs

    def is_unread(self, info, tensor, where, args, kwargs):
        """The op writes to this argument without reading it.

        One that it writes chosen elements of keeps the others, which matters unless there is nothing in them yet.
        """
        if not info.writes_only(where, args, kwargs):
            return False
        return info.mark is None or type(self.storages.entries.get(self._key(tensor))) is Tainted

    def lazy(self, args, kwargs):
        """What the geometry of the inputs does not tell once conjugated or negated views were made."""
        tensors = [value for value in list(args) + list(kwargs.values()) if isinstance(value, self.torch.Tensor)]
        return tuple((tensor.is_conj(), tensor.is_neg()) for tensor in tensors)

    def read_item(self, tensor, info, where, args, kwargs, place):
        """Return (what goes into the hash over the inputs, event flags) for a tensor that may be new or odd."""
        entry, flags = self.read(tensor, info, where, args, kwargs, place)
        if tensor.layout is not self.torch.strided:
            return (entry, 0, tuple(tensor.shape), 0), flags
        return (entry, tensor.storage_offset(), tensor.shape, tensor.stride()), flags

    def read(self, tensor, info, where, args, kwargs, place):
        """Return (what stands for the content of an input, event flags); writes an OUTSIDE event where it is new."""
        storages = self.storages
        try:
            key = storages.key(tensor)
        except (RuntimeError, NotImplementedError):
            return self._read_without_storage(tensor, info, where, args, kwargs, place)
        entry = storages.entries.get(key)
        kind = type(entry)
        if kind is int:
            return entry, 0
        if kind is Tainted:
            return self._read_tainted(tensor, key, entry, info, where, args, place)
        if kind is Outside:
            if storages.check(tensor) == entry.check:
                return entry.entry, 0
        elif kind is Windows:
            return self._read_window(tensor, entry, info, place), 0
        elif kind is Pending:
            if info.treatment not in (ops.WAIT, ops.COLLECTIVE):
                entry.settle()
            return entry.entry, 0
        return self.enter(tensor, key, info.id, place), 0

    def _read_without_storage(self, tensor, info, where, args, kwargs, place):
        try:
            parts = components(self.torch, tensor)
        except (NotCoveredError, RuntimeError, NotImplementedError):
            return self.prints.seed(tensor), wire.ARGUMENT_UNKNOWN
        entries = []
        flags = 0
        for part in parts:
            entry, more = self.read(part, info, where, args, kwargs, place)
            entries.append((entry, tuple(part.shape)))
            flags |= more
        return hash(tuple(entries)) & MASK, flags

    def _read_tainted(self, tensor, key, entry, info, where, args, place):
        storages = self.storages
        if tensor.numel() == 0:
            return TAINTED, 0
        if entry.check is not None and storages.check(tensor) != entry.check:
            return self.enter(tensor, key, info.id, place), 0  # filled behind torch's back, through numpy say
        select = None
        if info.select is not None and where == 0:
            choose = info.select

            def select(mask):
                return choose(mask, args)

        try:
            written = storages.is_written(entry, tensor, select)
        except (RuntimeError, IndexError, TypeError):
            written = False
        if written:
            return entry.entry, 0
        if info.packet in ops.COPIES or (info.packet == "aten::copy_" and where == 1):
            return TAINTED, COPIED
        flags = place.flags | wire.UNCAPTURED | wire.READS_UNINITIALISED
        row = (0, self.prints.spec(tensor), wire.OUTPUT, wire.UNINITIALISED, 0, 0, 0)
        self._event(wire.OUTSIDE, place, info.id, 0, [row], flags, entry.origin)
        return TAINTED, wire.READS_UNINITIALISED

    def _read_window(self, tensor, windows, info, place):
        geometry = (tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype)
        digest = self.prints.digest(tensor)
        if windows.seen.get(geometry) != digest:
            windows.seen[geometry] = digest
            self._outside_event(tensor, digest, wire.OUTSIDE, info.id, place)
        return digest

    def enter(self, tensor, key, op, place):
        """A storage that no traced op wrote, or that was changed since: its own event; returns its entry."""
        storages = self.storages
        whole = self._whole(tensor)
        if whole is None:
            windows = Windows()
            storages.put(tensor, key, windows)
            digest = self.prints.digest(tensor)
            windows.seen[(tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype)] = digest
            self._outside_event(tensor, digest, wire.OUTSIDE, op, place)
            return digest
        digest = self._digest(whole)
        old = storages.entries.get(key)
        shared = tensor.is_cpu and tensor.untyped_storage().is_shared()
        exported = shared or (type(old) is Outside and old.exported)
        storages.put(tensor, key, Outside(digest or 0, storages.check(tensor), exported))
        self._outside_event(whole, digest, wire.OUTSIDE, op, place)
        return digest or 0

    def _whole(self, tensor):
        """A tensor over all of the storage: the one given, or the one that it is a view of.

        None where neither is: what lies around them may be memory that nobody wrote to, or a file of gigabytes.
        """
        storages = self.storages
        if storages.covers(tensor, tensor.nbytes):
            return tensor
        try:
            base = tensor._base
        except RuntimeError:
            base = None
        if base is None or type(base) not in self.tensor_types or not storages.covers(base, base.nbytes):
            return None
        return base if base.nbytes <= WHOLE_LIMIT else None

    def _outside_event(self, tensor, digest, kind, op, place):
        row = self.row_with_rows(tensor, digest, 0)
        index = self._event(kind, place, op, digest or 0, [row], 0 if digest is not None else wire.UNCAPTURED)
        if self.focus is not None:
            self.focus.keep(index, [tensor])

    def row_with_rows(self, tensor, digest, position):
        """A row of .tensors, with the digests of the tensor's own rows."""
        spec = self.prints.spec(tensor)
        if digest is None:
            return (0, spec, wire.OUTPUT, wire.NOT_COVERED, position, 0, 0)
        rows = self.prints.rows(tensor)
        if not rows:
            return (digest, spec, wire.OUTPUT, 0, position, 0, 0)
        return (digest, spec, wire.OUTPUT, 0, position, sum(rows) & MASK or 1, self.writer.rows(rows))

    def _event(self, kind, place, op, outputs, rows, flags=0, site=None):
        return self.writer.event(
            kind,
            place.phase,
            flags,
            self.context.step,
            op,
            place.module,
            place.site if site is None else site,
            place.thread,
            0,
            0,
            0,
            outputs,
            0,
            rows,
        )

    def _digest(self, tensor):
        """The digest now, whatever device; None where there is none."""
        try:
            return self.prints.digest(tensor)
        except (NotCoveredError, RuntimeError, NotImplementedError) as error:
            self.writer.problem(
                "digest", "not covered: %s (%s)" % (type(tensor).__name__, str(error).partition("\n")[0])
            )
            return None

    # what an op wrote

    def results(self, info, result, args, kwargs, event):
        """Rows for everything an op made or wrote to. `event` collects them and the flags."""
        for value, role, position, where in self.written(info, result, args, kwargs):
            if role == wire.MUTATED:
                self._wrote(info, value, where, args, kwargs, event, position)
            elif isinstance(value, self.torch.Tensor):
                self.made(info, value, event, position)
            else:
                event.scalar(self.prints, value)

    def written(self, info, result, args, kwargs):
        """Yield (value, role, position, argument) of everything an op made or wrote to, in the order of its rows."""
        aliases = info.returns_alias
        position = 0
        for index, value in enumerate(result if type(result) in (tuple, list) else (result,)):
            if index < len(aliases) and aliases[index]:
                continue
            for item in value if type(value) in (tuple, list) else (value,):
                if item is not None:
                    yield item, wire.OUTPUT, position, None
                position += 1
        position = 0
        for where in info.mutates:
            value = args[where] if type(where) is int and where < len(args) else kwargs.get(where)
            for item in value if type(value) in (tuple, list) else (value,):
                if isinstance(item, self.torch.Tensor):
                    yield item, wire.MUTATED, position, where
                position += 1

    def made(self, info, tensor, event, position):
        """A tensor that the op returned, as a row; its storage's entry is new."""
        storages = self.storages
        key = self._key(tensor)
        if info.treatment == ops.EMPTY and key is not None and tensor.numel() and tensor.device.type != "meta":
            storages.taint(tensor, key, event.place.site)
            event.uncaptured(self.prints.spec(tensor), wire.OUTPUT, wire.UNINITIALISED, position)
            return
        if position in info.scratch:
            event.uncaptured(self.prints.spec(tensor), wire.OUTPUT, wire.SCRATCH, position)
            if key is not None:
                event.keys.append(key)
                storages.put(tensor, key, event.provenance(wire.OUTPUT, position))
            return
        if event.copied is not None and key is not None:
            source = event.copied
            tainted = storages.entries.get(storages.key(source))
            if type(tainted) is Tainted:
                storages.copy_taint(source, tainted, tensor, key, tainted.origin)
                event.uncaptured(self.prints.spec(tensor), wire.OUTPUT, wire.UNINITIALISED, position)
                return
        if position in info.scratch:
            entry = event.provenance(wire.OUTPUT, position)
            event.uncaptured(self.prints.spec(tensor), wire.OUTPUT, wire.UNINITIALISED, position)
        else:
            entry = self._row(tensor, wire.OUTPUT, event, position)
        if key is None:
            self._know_parts(tensor)
            return
        if key in storages.entries and (key in event.keys or not storages.covers(tensor, tensor.nbytes)):
            # Results that share a storage, or an op that returns part of what it was given.
            before = storages.entries[key]
            before = before if type(before) is int else getattr(before, "entry", 0)
            entry = hash((before, entry, tensor.storage_offset())) & MASK
        event.keys.append(key)
        storages.put(tensor, key, entry)

    def _key(self, tensor):
        try:
            return self.storages.key(tensor)
        except (RuntimeError, NotImplementedError):
            return None

    def _row(self, tensor, role, event, position):
        """Add a row with the tensor's digest, now or later; return what stands for its content."""
        try:
            slot = self.late.start(tensor, event) if tensor.device.type not in ("cpu", "meta") else None
            digest = self._digest(tensor) if slot is None else None
        except NotCoveredError as error:
            self.writer.problem("digest", "not covered: " + str(error))
            slot = digest = None
        if slot is not None:
            event.late.append((len(event.rows), slot))
            event.rows.append((0, self.prints.spec(tensor), role, wire.DIGEST_LATE, position, 0, 0))
            entry = event.provenance(role, position)
            if self.storages.covers(tensor, tensor.nbytes):
                slot.key, slot.entry = self._key(tensor), entry
            return entry
        if digest is None:
            event.uncaptured(self.prints.spec(tensor), role, wire.NOT_COVERED, position)
            return event.provenance(role, position)
        event.rows.append((digest, self.prints.spec(tensor), role, 0, position, 0, 0))
        return digest

    def _wrote(self, info, tensor, where, args, kwargs, event, position):
        storages = self.storages
        key = self._key(tensor)
        if key is None:
            self._know_parts(tensor)
            self._row(tensor, wire.MUTATED, event, position)
            return
        old = storages.entries.get(key)
        whole = storages.covers(tensor, tensor.nbytes)
        if type(old) is Tainted and info.mark is not None and info.writes_only(where, args, kwargs):
            self._wrote_chosen(info, tensor, key, old, args, event, position)
            return
        if event.copied is not None and whole:
            tainted = storages.entries.get(storages.key(event.copied))
            if type(tainted) is Tainted:
                storages.copy_taint(event.copied, tainted, tensor, key, tainted.origin)
                event.uncaptured(self.prints.spec(tensor), wire.MUTATED, wire.UNINITIALISED, position)
                return
        self.wrote(info, tensor, event, position)

    def wrote(self, info, tensor, event, position):
        """A tensor that was written to, all of it, as a row; what its storage holds is new."""
        storages = self.storages
        key = self._key(tensor)
        old = storages.entries.get(key)
        whole = storages.covers(tensor, tensor.nbytes)
        entry = self._row(tensor, wire.MUTATED, event, position)
        if not whole:
            geometry = (tensor.storage_offset(), tensor.shape, tensor.stride())
            before = old if type(old) is int else getattr(old, "entry", 0)
            entry = hash((before, entry, geometry)) & MASK
            if type(old) is Tainted:
                storages.write(tensor, key, old, entry)
                return
            if type(old) is Windows:
                old.seen.clear()
                return
        if type(old) is Outside and (old.exported or not whole):
            storages.entries[key] = Outside(entry, storages.check(tensor), old.exported)
            return
        storages.put(tensor, key, entry)

    def learn_whole(self, tensor, key):
        """Remember and return what the hot path needs to hash a tensor that fills its storage; else None."""
        spec, nbytes, view, seed = self.prints.known.get((tensor.dtype, tensor.shape)) or self.prints.learn(
            tensor.dtype, tensor.shape
        )
        if view is None or not tensor.is_cpu or not tensor.is_contiguous() or not tensor.data_ptr():
            return None
        if not self.storages.covers(tensor, nbytes):
            return None
        geometry = [tensor.storage_offset(), tensor.shape, tensor.stride()]
        whole = self.wholes[key] = (tensor.dtype, geometry, view, seed, spec)
        return whole

    def _wrote_chosen(self, info, tensor, key, tainted, args, event, position):
        """An op wrote chosen elements of memory that is not all initialised."""
        entry = hash((tainted.entry, event.provenance(wire.MUTATED, position))) & MASK

        def mark(mask):
            info.mark(mask, args)

        complete = self.storages.write(tensor, key, tainted, entry, mark)
        if complete:
            self._row(tensor, wire.MUTATED, event, position)
        else:
            event.uncaptured(self.prints.spec(tensor), wire.MUTATED, wire.UNINITIALISED, position)

    def _know_parts(self, tensor):
        """The plain tensors that a sparse one is made of hold what they hold now."""
        try:
            parts = components(self.torch, tensor)
        except (NotCoveredError, RuntimeError, NotImplementedError):
            return
        for part in parts:
            key = self._key(part)
            if key is not None:
                self.storages.put(part, key, self._digest(part) or 0)

    def resized(self, tensor, old_bytes, event):
        """After `resize_`: what was added is uninitialised."""
        key = self._key(tensor)
        if key is not None and tensor.untyped_storage().nbytes() > old_bytes:
            self.storages.grow(tensor, key, event.place.site, old_bytes)
            event.uncaptured(self.prints.spec(tensor), wire.MUTATED, wire.UNINITIALISED, 0)

    # odd arguments

    def learn_types(self, others):
        """Count plain subclasses of tensors among the inputs from now on; True where there was a new one."""
        known = len(self.tensor_types)
        for value in others:
            for item in value if type(value) in (list, tuple) else (value,):
                if isinstance(item, self.torch.Tensor):
                    self.tensor_types.add(type(item))
        return len(self.tensor_types) > known

    def values(self, others):
        """Return (digest, flags) of arguments that are no tensors."""
        try:
            return self.prints.values(others), 0
        except UnknownValueError as error:
            return self.prints.text(str(error)), wire.ARGUMENT_UNKNOWN


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
