"""The function that torch calls for every op of the program: the tracer's hot path.

One function on purpose: locals and closure cells instead of attributes, the plain case (every input known, one ordinary
result on the CPU) inline, all else in `recorder` and `dispatch`. What it costs is measured by benchmarks/probe_cost.py;
change nothing here without its numbers.
"""

import marshal
import sys
from _thread import get_ident

from .. import wire
from ..context import OPEN
from ..fingerprint import MASK
from . import ops
from .recorder import COPIED, Event, Place

_NO_KEYWORDS = {}


def make_handler(torch, tracer):
    """Return `__torch_dispatch__` for the tracer's mode."""
    context = tracer.context
    threads = context.threads
    new_thread = context.thread
    recorder = tracer.recorder
    tensor_types = recorder.tensor_types
    read = recorder.read_item
    entries = tracer.storages.entries
    storage_key = torch._C._storage_id
    put = tracer.storages.put
    digest_bytes = tracer.prints.hash
    known = tracer.prints.known
    learn_spec = tracer.prints.learn
    write = tracer.writer.event
    problem = tracer.problem
    site_from = tracer.sites.site_from
    infos = tracer.infos
    learn = tracer.learn
    dumps = marshal.dumps
    getframe = sys._getframe
    current_node = torch._C._current_autograd_node
    next_sequence = torch._C._autograd._get_sequence_nr
    grad_enabled = torch.is_grad_enabled
    is_wrapped = tracer.is_wrapped
    note_node = tracer.nodes.note
    backward_place = tracer.nodes.place
    special = tracer.special
    finish = tracer.finish_event
    forward, backward, other = wire.FORWARD, wire.BACKWARD, wire.OTHER
    op_kind, output_role, mutated_role = wire.OP, wire.OUTPUT, wire.MUTATED
    do_pass, fast_output = ops.PASS, ops.FAST_OUTPUT
    strided = torch.strided
    sequences = (list, tuple)

    def handle(mode, func, types, args=(), kwargs=None):
        if kwargs is None:
            kwargs = _NO_KEYWORDS
        if types and is_wrapped(types):
            return NotImplemented  # the subclass takes its op apart; we see the parts
        info = infos.get(id(func)) or learn(func)
        state = threads.get(get_ident()) or new_thread()
        if state.paused:
            return info.call(*args, **kwargs)
        if info.treatment == do_pass:
            if next_sequence() != state.last_sequence:
                note_node(state, info, getframe(1))
            return info.call(*args, **kwargs)

        phase = other
        module = site = flags = inputs = arguments = count = 0
        copied = None
        try:
            # Where: before the op runs, because an OUTSIDE event of one of its inputs needs it too.
            node = current_node()
            if node is None:
                phase = state.phase
                if phase == OPEN:
                    phase = forward if grad_enabled() else other
                module = state.module
                site = state.site or site_from(getframe(1))
                sequence = next_sequence()
                if sequence != state.last_sequence:
                    state.last_sequence = sequence
                    state.nodes.setdefault(sequence - 1, (module, site, info))
            else:
                phase = backward
                module, site, flags = backward_place(state, node, getframe(1), info)
                node = None

            # What goes in: before the op runs, because it may overwrite it.
            content = []
            others = []
            where = 0
            for value in args:
                kind = type(value)
                if kind in tensor_types:
                    if info.careful and info.writes_only(where, args, kwargs):
                        if info.mark is None or recorder.is_tainted(value):
                            where += 1
                            continue
                    entry = entries.get(storage_key(value)) if value.layout is strided else None
                    if type(entry) is int:
                        content.append((entry, value.storage_offset(), value.shape, value.stride()))
                    else:
                        place = Place(phase, module, site, state.index)
                        item, more = read(value, info, where, args, kwargs, place)
                        content.append(item)
                        flags |= more
                        if more & COPIED:
                            copied = value
                    count += 1
                elif kind in sequences and value and (type(value[0]) in tensor_types or value[0] is None):
                    if where not in info.write_only:
                        for item in value:
                            if type(item) not in tensor_types:
                                others.append((where, len(content)))
                                others.append(item)
                                continue
                            entry = entries.get(storage_key(item)) if item.layout is strided else None
                            if type(entry) is int:
                                content.append((entry, item.storage_offset(), item.shape, item.stride()))
                            else:
                                place = Place(phase, module, site, state.index)
                                item, more = read(item, info, where, args, kwargs, place)
                                content.append(item)
                                flags |= more & ~COPIED
                            count += 1
                else:
                    others.append(where)
                    others.append(value)
                where += 1
            for where in kwargs:
                if where not in info.write_only:
                    value = kwargs[where]
                    if type(value) in tensor_types:
                        place = Place(phase, module, site, state.index)
                        item, more = read(value, info, where, args, kwargs, place)
                        content.append(item)
                        flags |= more & ~COPIED
                        count += 1
                    else:
                        others.append(where)
                        others.append(value)
            if content:
                if recorder.lazy_bits:
                    content.append(recorder.lazy(args, kwargs))
                inputs = hash(tuple(content)) & MASK
            if others:
                try:
                    arguments = digest_bytes(dumps(others, 2), 0)
                except ValueError:
                    arguments, more = recorder.values(others)
                    flags |= more
        except Exception as error:
            problem(info, error)
            flags = flags & ~COPIED | wire.ARGUMENT_UNKNOWN

        if info.special or tracer.focus is not None:
            event = Event(Place(phase, module, site, state.index), flags, inputs, arguments, count, copied)
            return special(info, args, kwargs, event)

        result = info.call(*args, **kwargs)

        try:
            fast = info.fast
            if fast and type(result) in tensor_types and copied is None:
                spec = known.get((result.dtype, result.shape)) or learn_spec(result.dtype, result.shape)
                view = spec[2]
                if view is not None and result.is_cpu and result.layout is strided and result.is_contiguous():
                    address = result.data_ptr()
                    key = storage_key(result)
                    if fast == fast_output:
                        plain = key not in entries
                        role = output_role
                    else:
                        plain = type(entries.get(key)) is int and spec[1] >= result.untyped_storage().nbytes()
                        role = mutated_role
                    if plain and address:
                        digest = digest_bytes(view(address), spec[3])
                        if fast == fast_output:
                            put(result, key, digest)
                        else:
                            entries[key] = digest
                        write(
                            op_kind,
                            phase,
                            flags,
                            context.step,
                            info.id,
                            module,
                            site,
                            state.index,
                            count,
                            inputs,
                            arguments,
                            digest,
                            0,
                            ((digest, spec[0], role, 0, 0, 0, 0),),
                        )
                        return result
            event = Event(Place(phase, module, site, state.index), flags, inputs, arguments, count, copied)
            finish(info, result, args, kwargs, event)
        except Exception as error:
            problem(info, error)
        return result

    return handle
