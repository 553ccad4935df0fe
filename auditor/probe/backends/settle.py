"""What an op gave that is not one plain tensor: several of them, a number, or whatever the recorder must look at."""

import marshal

from .. import wire
from ..fingerprint import MASK
from . import ops
from .event import Event, Place

_SCALAR_TYPES = frozenset((int, float, bool))


def make_settle(torch, tracer):
    """Return `settle(info, result, args, kwargs, numbers, copied)`, which writes the event of a call that has run.

    `numbers`: phase, flags, module, site, thread, count of inputs, inputs, arguments. It may raise.
    """
    context = tracer.context
    tensor_types = tracer.inputs.tensor_types
    entries = tracer.storages.entries
    put = tracer.storages.put
    storage_key = torch._C._storage_id
    digest_bytes = tracer.prints.hash
    known = tracer.prints.known
    learn_spec = tracer.prints.learn
    finish = tracer.finish_event
    write = tracer.writer.event
    dumps = marshal.dumps
    fast_output, op_kind, output_role = ops.FAST_OUTPUT, wire.OP, wire.OUTPUT

    def plain_rows(results):
        """Rows of several results, all of them plain: new memory on the CPU, contiguous. None where one is not."""
        rows = []
        for result in results:
            if type(result) not in tensor_types:
                return None
            spec, _, view, seed = known.get((result.dtype, result.shape)) or learn_spec(result.dtype, result.shape)
            if view is None or not result.is_cpu or not result.is_contiguous():
                return None
            key = storage_key(result)
            address = result.data_ptr()
            if not address or key in entries:
                return None
            digest = digest_bytes(view(address), seed)
            put(result, key, digest)
            rows.append((digest, spec, output_role, 0, len(rows), 0, 0))
        return rows if len(rows) > 1 else None

    def settle(info, result, args, kwargs, numbers, copied=None):
        phase, flags, module, site, thread, count, inputs, arguments = numbers
        if info.fast == fast_output and copied is None:
            kind = type(result)
            if kind is tuple:
                rows = plain_rows(result)
                if rows is not None:
                    digest = hash(tuple([row[0] for row in rows])) & MASK
                    here = (phase, flags, context.step, info.id, module, site, thread)
                    write(op_kind, *here, count, inputs, arguments, digest, 0, rows)
                    return
            elif kind in _SCALAR_TYPES:
                digest = digest_bytes(dumps([result], 2), 0)
                here = (phase, flags, context.step, info.id, module, site, thread)
                write(op_kind, *here, count, inputs, arguments, digest)
                return
        event = Event(Place(phase, module, site, thread), flags, inputs, arguments, count, copied)
        finish(info, result, args, kwargs, event)

    return settle
