"""BATCH events: what a data loader handed out, tensor by tensor, with the digests of the tensors' rows."""

import sys

from .. import wire
from ..fingerprint import MASK, UnknownValueError
from ..storage import Outside
from .event import Event, Place

DEPTH_LIMIT = 8


class Batches:
    """Records batches of one tracer."""

    def __init__(self, tracer):
        self._tracer = tracer
        self._torch = tracer._torch
        self._op = tracer.writer.name("data.batch")

    def record(self, data):
        """Write the BATCH event of what a loader's iterator returned."""
        tracer = self._tracer
        state = tracer.context.thread()
        state.paused += 1
        try:
            site = tracer.sites.user_site(2)
            event = Event(Place(wire.DATA, state.module, site, state.index), 0, 0, 0, 0)
            tensors = []
            others = []
            self._flatten(data, tensors, others, 0)
            for position, tensor in enumerate(tensors):
                self._tensor(tensor, position, event)
            try:
                event.arguments = tracer.prints.values(others) if others else 0
            except UnknownValueError as error:
                event.arguments = tracer.prints.text(str(error))
                event.flags |= wire.ARGUMENT_UNKNOWN
            index = tracer.write(wire.BATCH, self._op, event)
            if tracer.focus is not None:
                tracer.focus.keep(index, tensors)
        finally:
            state.paused -= 1

    def _tensor(self, tensor, position, event):
        """Hash the tensor as it is now, whatever was known of it: a worker or numpy made it."""
        tracer = self._tracer
        inputs = tracer.inputs
        digest = inputs.digest(tensor)
        if digest is None:
            event.flags |= wire.UNCAPTURED
        event.rows.append(inputs.row_with_rows(tensor, digest, position))
        key = inputs.key(tensor)
        if key is None or digest is None or key in tracer.storages.entries:
            return
        if tracer.storages.covers(tensor, tensor.nbytes):
            tracer.storages.put(tensor, key, Outside(digest, tracer.storages.check(tensor)))

    def _flatten(self, value, tensors, others, depth):
        if isinstance(value, self._torch.Tensor):
            tensors.append(value)
        elif isinstance(value, (list, tuple)) and depth < DEPTH_LIMIT:
            others.append(len(value))
            for item in value:
                self._flatten(item, tensors, others, depth + 1)
        elif hasattr(value, "keys") and hasattr(value, "__getitem__") and depth < DEPTH_LIMIT:
            for key in value.keys():  # noqa: SIM118, a mapping of the program's own may iterate over anything
                others.append(key if isinstance(key, (str, int)) else None)
                self._flatten(value[key], tensors, others, depth + 1)
        else:
            others.append(self._plain(value))

    def _plain(self, value):
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind not in "OUV":
            array = numpy.ascontiguousarray(value)
            digest = self._tracer.prints.bytes(memoryview(array).cast("B")) if array.size else 0
            return [str(array.dtype), list(array.shape), digest & MASK]
        return value
