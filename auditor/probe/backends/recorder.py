"""Turns what an op made and wrote to into rows, and keeps the storage map true.

The plain case, one ordinary result, is settled by `handler` itself. All of this runs where no mode of the program sees
our calls.
"""

from .. import wire
from ..fingerprint import MASK, NotCoveredError, components
from ..storage import Outside, Tainted, Windows
from . import ops


class Recorder:
    """Rows and entries for the results of ops."""

    def __init__(self, torch, writer, prints, storages, late, inputs):
        self.torch = torch
        self.writer = writer
        self.prints = prints
        self.storages = storages
        self.late = late
        self.inputs = inputs
        # storage key -> (dtype, geometry, bytes, seed, spec, address) of a tensor that fills it
        self.wholes = storages.wholes

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
        key = self.inputs.key(tensor)
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

    def _row(self, tensor, role, event, position):
        """Add a row with the tensor's digest, now or later; return what stands for its content."""
        try:
            slot = self.late.start(tensor, event) if tensor.device.type not in ("cpu", "meta") else None
            digest = self.inputs.digest(tensor) if slot is None else None
        except NotCoveredError as error:
            self.writer.problem("digest", "not covered: " + str(error))
            slot = digest = None
        if slot is not None:
            event.late.append((len(event.rows), slot))
            event.rows.append((0, self.prints.spec(tensor), role, wire.DIGEST_LATE, position, 0, 0))
            entry = event.provenance(role, position)
            if self.storages.covers(tensor, tensor.nbytes):
                slot.key, slot.entry = self.inputs.key(tensor), entry
            return entry
        if digest is None:
            event.uncaptured(self.prints.spec(tensor), role, wire.NOT_COVERED, position)
            return event.provenance(role, position)
        event.rows.append((digest, self.prints.spec(tensor), role, 0, position, 0, 0))
        return digest

    def _wrote(self, info, tensor, where, args, kwargs, event, position):
        storages = self.storages
        key = self.inputs.key(tensor)
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
        key = self.inputs.key(tensor)
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
        address = tensor.data_ptr()
        whole = self.wholes[key] = (tensor.dtype, geometry, view(address), seed, spec, address)
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
            key = self.inputs.key(part)
            if key is not None:
                self.storages.put(part, key, self.inputs.digest(part) or 0)

    def resized(self, tensor, old_bytes, event):
        """After `resize_`: what was added is uninitialised."""
        key = self.inputs.key(tensor)
        if key is not None and tensor.untyped_storage().nbytes() > old_bytes:
            self.storages.grow(tensor, key, event.place.site, old_bytes)
            event.uncaptured(self.prints.spec(tensor), wire.MUTATED, wire.UNINITIALISED, 0)
