"""What the inputs of an op hold: known, from outside, changed behind torch's back, or never written.

The plain case, a storage whose content is known, is settled by `handler` itself. All of this runs where no mode of the
program sees our calls.
"""

import os
import sys

from .. import wire
from ..fingerprint import MASK, NotCoveredError, UnknownValueError, components
from ..storage import TAINTED, WHOLE_LIMIT, Outside, Pending, Tainted, Windows
from . import ops
from .event import COPIED

FILLERS = (("nn", "parallel", "distributed.py"), ("distributed", "utils.py"))
"""Files of torch whose calls make tensors in native code, and fill them there without an op."""

_OWN = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")


class Inputs:
    """Tells what the inputs of ops hold; writes OUTSIDE events."""

    def __init__(self, torch, writer, context, prints, storages):
        self.torch = torch
        self.writer = writer
        self.context = context
        self.prints = prints
        self.storages = storages
        self.tensor_types = {torch.Tensor, torch.nn.Parameter}
        if hasattr(torch.nn.parameter, "Buffer"):
            self.tensor_types.add(torch.nn.Buffer)
        self._fillers = {os.path.join(os.path.dirname(torch.__file__), *parts) for parts in FILLERS}
        self.focus = None
        self.lazy_bits = False  # a conjugated or negated view was made: geometry must tell them apart

    # inputs

    def is_unread(self, info, tensor, where, args, kwargs):
        """The op writes to this argument without reading it.

        One that it writes chosen elements of keeps the others, which matters unless there is nothing in them yet.
        """
        if not info.writes_only(where, args, kwargs):
            return False
        return info.mark is None or type(self.storages.entries.get(self.key(tensor))) is Tainted

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
        if entry.check is not None and entry.origin == place.site and self._is_filled_natively():
            return self.enter(tensor, key, info.id, place), 0  # with what its memory happened to hold before
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

    def _is_filled_natively(self):
        """The op is one of native code's that fills what it makes."""
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith(_OWN):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename in self._fillers

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
        digest = self.digest(whole)
        old = storages.entries.get(key)
        shared = tensor.is_cpu and tensor.untyped_storage().is_shared()
        exported = shared or (type(old) is Outside and old.exported)
        storages.put(tensor, key, Outside(digest or 0, storages.check(tensor), exported))
        self._outside_event(whole, digest, wire.OUTSIDE, op, place, wire.SHARED if shared else 0)
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

    def _outside_event(self, tensor, digest, kind, op, place, flags=0):
        row = self.row_with_rows(tensor, digest, 0)
        if digest is None:
            flags |= wire.UNCAPTURED
        index = self._event(kind, place, op, digest or 0, [row], flags)
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

    def digest(self, tensor):
        """The digest now, whatever device; None where there is none."""
        try:
            return self.prints.digest(tensor)
        except (NotCoveredError, RuntimeError, NotImplementedError) as error:
            self.writer.problem(
                "digest", "not covered: %s (%s)" % (type(tensor).__name__, str(error).partition("\n")[0])
            )
            return None

    def destination(self, tensor):
        """Return (key of the storage, geometry) of what an op wrote to; (None, None) without a storage."""
        key = self.key(tensor)
        return (key, None) if key is None else (key, [tensor.storage_offset(), tensor.shape, tensor.stride()])

    def key(self, tensor):
        """The key of a tensor's storage; None for tensors without one."""
        try:
            return self.storages.key(tensor)
        except (RuntimeError, NotImplementedError):
            return None

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
