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
from .event import COPIED, Event, Place

_NO_KEYWORDS = {}


def make_handler(torch, tracer):
    """Return `__torch_dispatch__` for the tracer's mode."""
    context = tracer.context
    threads = context.threads
    new_thread = context.thread
    recorder = tracer.recorder
    tensor_type = torch.Tensor
    looker = tracer.inputs
    tensor_types = looker.tensor_types
    is_unread = looker.is_unread
    read = looker.read_item
    storages = tracer.storages
    entries = storages.entries
    prune = storages.prune
    storage_key = torch._C._storage_id
    free = storages.free
    wholes = recorder.wholes
    learn_whole = recorder.learn_whole
    digest_bytes = tracer.prints.hash
    known = tracer.prints.known
    learn_spec = tracer.prints.learn
    write_op = tracer.writer.make_op()
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
    settle = tracer.settle
    forward, backward, other = wire.FORWARD, wire.BACKWARD, wire.OTHER
    output_role, mutated_role = wire.OUTPUT, wire.MUTATED
    do_pass, fast_output, fast_inplace = ops.PASS, ops.FAST_OUTPUT, ops.FAST_INPLACE
    sequences = (list, tuple)

    def handle(mode, func, types, args=(), kwargs=None):
        if kwargs is None:
            kwargs = _NO_KEYWORDS
        if types:
            wrapped = is_wrapped(types)
            if wrapped == "torch":  # a tracer of torch's at work on tensors without memory
                return func(*args, **kwargs)
            if wrapped:
                return NotImplemented  # the subclass takes its op apart; we see the parts
        try:
            info = infos[id(func)]
        except KeyError:
            info = learn(func)
        try:
            state = threads[get_ident()]
        except KeyError:
            state = new_thread()
        if state.paused:
            return info.call(*args, **kwargs)
        if info.treatment == do_pass:
            if next_sequence() != state.last_sequence:
                note_node(state, info, getframe().f_back)
            return info.call(*args, **kwargs)

        phase = other
        module = site = flags = inputs = arguments = 0
        copied = first = None
        content = []
        try:
            # Where: before the op runs, because an OUTSIDE event of one of its inputs needs it too.
            site = state.site
            if site:  # inside one of torch's own optimizers
                phase = state.phase
                module = state.module
            elif (node := current_node()) is None:
                phase = state.phase
                if phase == OPEN:
                    phase = forward if grad_enabled() else other
                module = state.module
                site = site_from(getframe().f_back)
                sequence = next_sequence()
                if sequence != state.last_sequence:
                    state.last_sequence = sequence
                    state.nodes.setdefault(sequence - 1, (module, site, info.id))
            else:
                phase = backward
                module, site, flags = backward_place(state, node, getframe().f_back, info)

            # What goes in: before the op runs, because it may overwrite it.
            careful = info.careful
            others = []
            where = 0
            for value in args:
                kind = type(value)
                if kind is tensor_type or kind in tensor_types:
                    if careful and is_unread(info, value, where, args, kwargs):
                        where += 1
                        continue
                    try:
                        key = storage_key(value)
                        entry = entries[key]
                    except (KeyError, NotImplementedError):  # new, or sparse
                        entry = None
                    if type(entry) is int:
                        if not where:
                            first = key
                        content += (entry, value.storage_offset(), value.shape, value.stride())
                    else:
                        place = Place(phase, module, site, state.index)
                        item, more = read(value, info, where, args, kwargs, place)
                        content += item
                        flags |= more
                        if more & COPIED:
                            copied = value
                elif kind in sequences and value and (type(value[0]) in tensor_types or value[0] is None):
                    if not (careful and is_unread(info, None, where, args, kwargs)):
                        for item in value:
                            if type(item) not in tensor_types:
                                others += ((where, len(content)), item)
                                continue
                            try:
                                entry = entries[storage_key(item)]
                            except (KeyError, NotImplementedError):
                                entry = None
                            if type(entry) is int:
                                content += (entry, item.storage_offset(), item.shape, item.stride())
                            else:
                                place = Place(phase, module, site, state.index)
                                item, more = read(item, info, where, args, kwargs, place)
                                content += item
                                flags |= more & ~COPIED
                else:
                    others += (where, value)
                where += 1
            if kwargs:
                for where in kwargs:
                    if where not in info.write_only:
                        value = kwargs[where]
                        if type(value) in tensor_types:
                            place = Place(phase, module, site, state.index)
                            item, more = read(value, info, where, args, kwargs, place)
                            content += item
                            flags |= more & ~COPIED
                        else:
                            others += (where, value)
            if content:
                inputs = hash(tuple(content)) & MASK
                if looker.lazy_bits:
                    inputs = hash((inputs, looker.lazy(args, kwargs))) & MASK
            if others:
                try:
                    arguments = digest_bytes(dumps(others, 2), 0)
                except ValueError:
                    if looker.learn_types(others):  # tensors of a subclass that was not met before
                        return handle(mode, func, types, args, kwargs)
                    arguments, more = looker.values(others)
                    flags |= more
        except Exception as error:
            problem(info, error)
            flags = flags & ~COPIED | wire.ARGUMENT_UNKNOWN

        if info.special:
            event = Event(Place(phase, module, site, state.index), flags, inputs, arguments, len(content) >> 2, copied)
            return special(info, args, kwargs, event)

        result = info.call(*args, **kwargs)

        try:
            fast = info.fast
            kind = type(result)
            if fast == fast_inplace and kind in tensor_types and copied is None:
                # Mostly an optimizer at work on the same tensors again and again: what they look like is remembered.
                if first is not None and result is args[0]:
                    key = first
                    geometry = content[1:4]
                else:
                    key, geometry = looker.destination(result)
                whole = None
                if type(entries.get(key)) is int:
                    whole = wholes.get(key)
                    if (
                        whole is None
                        or whole[5] != result.data_ptr()
                        or whole[1] != geometry
                        or whole[0] is not result.dtype
                    ):
                        whole = learn_whole(result, key)
                if whole is not None:
                    digest = digest_bytes(whole[2], whole[3])
                    entries[key] = digest
                    write_op(
                        phase,
                        flags,
                        context.step,
                        info.id,
                        module,
                        site,
                        state.index,
                        len(content) >> 2,
                        inputs,
                        arguments,
                        digest,
                        whole[4],
                        mutated_role,
                    )
                    return result
            elif fast == fast_output and kind in tensor_types and copied is None:
                spec, _, view, seed = known.get((result.dtype, result.shape)) or learn_spec(result.dtype, result.shape)
                try:
                    plain = view is not None and result.is_cpu and result.is_contiguous()
                    address = result.data_ptr() if plain else 0
                except RuntimeError:  # sparse, mkldnn, functorch
                    address = 0
                if address:
                    key = result.untyped_storage()._weak_ref()  # as in StorageMap.put; the number is the key, too
                    if key in entries:
                        free(key)
                    else:
                        digest = digest_bytes(view(address), seed)
                        if len(entries) >= storages.limit:
                            prune()
                        entries[key] = digest
                        write_op(
                            phase,
                            flags,
                            context.step,
                            info.id,
                            module,
                            site,
                            state.index,
                            len(content) >> 2,
                            inputs,
                            arguments,
                            digest,
                            spec,
                            output_role,
                        )
                        return result
            numbers = (phase, flags, module, site, state.index, len(content) >> 2, inputs, arguments)
            settle(info, result, args, kwargs, numbers, copied)
        except Exception as error:
            problem(info, error)
        return result

    return handle
