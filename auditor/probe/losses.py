"""The losses of a training: the value of every scalar that backward is called on. Only where the auditor asks for them.

A value on the CPU is read where it lies, without an operator. One on a device is copied there and fetched with others
later, because waiting for it at once would slow the program down.
"""

import ctypes
import struct

from .dynamo import skip_code

LIMIT = 20_000  # records a process
PENDING = 256  # values that wait on a device


class Losses:
    """Writes `loss` records."""

    def __init__(self, session, torch):
        self._session = session
        self._torch = torch
        self._count = 0
        self._pending = []  # (step, events, tensor on a device)
        self._readers = {
            torch.float32: lambda place: ctypes.c_float.from_address(place).value,
            torch.float64: lambda place: ctypes.c_double.from_address(place).value,
            torch.bfloat16: lambda place: struct.unpack("<f", b"\0\0" + ctypes.string_at(place, 2))[0],
            torch.float16: lambda place: struct.unpack("<e", ctypes.string_at(place, 2))[0],
        }

    def install(self):
        original = self._torch.autograd.backward
        guard, seen = self._session.guard, self.seen

        def backward(*args, **kwargs):
            guard("losses", seen, args[0] if args else kwargs.get("tensors"))
            return original(*args, **kwargs)

        for name in ("__doc__", "__module__", "__name__", "__qualname__"):
            setattr(backward, name, getattr(original, name))
        backward.__wrapped__ = original
        skip_code(self._torch, backward)
        self._torch.autograd.backward = backward

    def seen(self, tensors):
        """Backward is about to run from these."""
        torch = self._torch
        if isinstance(tensors, (list, tuple)) and len(tensors) == 1:
            tensors = tensors[0]
        if self._count >= LIMIT or type(tensors) is not torch.Tensor or self._session.muted:
            return
        with torch._C.DisableTorchFunction():
            if tensors.numel() != 1 or tensors.dtype not in self._readers:
                return
            self._count += 1
            step, events = self._session.context.step, self._session.writer.events_written
            if tensors.device.type == "cpu":
                self._write(step, events, self._readers[tensors.dtype](tensors.data_ptr()))
                return
            if tensors.device.type == "cuda" and torch.cuda.is_current_stream_capturing():
                return  # waiting for a value there would break the capture
            self._pending.append((step, events, self._copied(tensors)))
        if len(self._pending) >= PENDING:
            self.finish()

    def _copied(self, tensor):
        state = self._session.context.thread()
        state.paused += 1
        try:
            return tensor.detach().clone()
        finally:
            state.paused -= 1

    def finish(self):
        """Fetch what waits on a device."""
        state = self._session.context.thread()
        state.paused += 1
        try:
            for step, events, tensor in self._pending:
                self._write(step, events, tensor.item())
        finally:
            state.paused -= 1
            self._pending = []

    def _write(self, step, events, value):
        self._session.writer.record("loss", event=events, step=step, value=value)

    def after_fork(self):
        """The parent's values are the parent's to write."""
        self._pending = []
