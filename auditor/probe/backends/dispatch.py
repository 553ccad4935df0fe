"""Sees every op of the process through a `TorchDispatchMode` that is entered once and never left.

The mode lies at the bottom of torch's mode stack, so that modes of the program see their ops first, as without us. It
is pushed without torch's bookkeeping for user modes: TorchDynamo then keeps compiling, and compiled regions are told by
`regions`.
"""

import sys
import threading

from .. import wire
from ..dynamo import skip_code_and_callees, skip_package
from ..fingerprint import MASK, Fingerprints
from ..storage import Pending, StorageMap
from . import compat, ops, sharing
from .batches import Batches
from .compiled import make_compiled
from .draws import Draws
from .handler import make_handler
from .inputs import Inputs
from .late import LateDigests
from .nodes import Nodes
from .recorder import Recorder
from .regions import Regions
from .settle import make_settle
from .weights import Weights


class DispatchBackend:
    """The tracer of one process. `install` right after torch was imported, `finish` before the trace is closed."""

    def __init__(self, config, writer, context, sites, prints=None):
        self.config = config
        self.writer = writer
        self.context = context
        self.sites = sites
        self.prints = prints or Fingerprints(writer, config.xxhash_path)
        self.infos = {}  # id(op overload) -> OpInfo
        self.focus = None
        self.profile = None
        self._wrapped_types = {}
        self._torch = None
        self.mode = None

    # set-up

    def install(self, torch):
        """Start to see ops: in this thread now, in every Python thread that starts later."""
        self._torch = torch
        self.prints.install(torch)
        self.storages = StorageMap(torch, self.prints)
        self.late = LateDigests(torch, self.prints, self.writer, self.storages)
        self.inputs = Inputs(torch, self.writer, self.context, self.prints, self.storages)
        self.recorder = Recorder(torch, self.writer, self.prints, self.storages, self.late, self.inputs)
        self.nodes = Nodes(torch, self.context, self.sites)
        self.draws = Draws(torch, self.prints)
        self.batches = Batches(self)
        self.weights = Weights(self)
        self.regions = Regions(self)
        if self.config.focus:
            from ..focus import Focus

            self.focus = self.inputs.focus = Focus(self, self.config.focus)
        if self.config.profile:
            from ..profiling import Profile

            self.profile = Profile(self, torch, self.config.profile)
        self.mode = self._make_mode(torch)
        context = self.context
        context.before_step_event.append(self._before_step)
        context.on_batch.append(self.batches.record)
        context.on_optimizer.append(self.weights.note_optimizer)
        context.modules.on_module.append(self.nodes.learn_parameters)
        context.enter_thread = self.enter_thread
        self._wrap_threads()
        sharing.watch(self)
        skip_package(torch)
        self.enter_thread(context.thread())
        compat.mend_subclassing(self)

    def _make_mode(self, torch):
        self.settle = make_settle(torch, self)
        skip_code_and_callees(torch, self.settle)
        in_python = make_handler(torch, self)
        skip_code_and_callees(torch, in_python)
        if self.profile is not None:
            self.profile.handlers = {id(in_python.__code__), id(DispatchBackend.special.__code__)}
        handler = make_compiled(torch, self, in_python)
        self.writer.record("hot_path", language="Python" if handler is in_python else "C")

        class Probe(torch.utils._python_dispatch.TorchDispatchMode):
            supports_higher_order_operators = True
            __torch_dispatch__ = handler

            @classmethod
            def ignore_compile_internals(cls):
                return True

            @classmethod
            def is_infra_mode(cls):
                return True

            @classmethod
            def _should_skip_dynamo(cls):
                return False  # else torch wraps the handler in a function that imports TorchDynamo

        if not hasattr(torch.utils._python_dispatch.TorchDispatchMode, "supports_higher_order_operators"):
            compat.accept_higher_order_operators(torch, Probe, handler)
        return Probe()

    def enter_thread(self, state):
        """Push the mode in the calling thread, once."""
        if not state.entered:
            state.entered = True
            self.push()

    def push(self):
        self._torch._C._push_on_torch_dispatch_stack(self.mode)

    def pop(self):
        self._torch._C._pop_torch_dispatch_stack(None)

    def leave_thread(self):
        """Pop the mode in the calling thread, if nothing of the program lies on top of it."""
        state = self.context.thread()
        torch = self._torch
        if state.entered and torch._C._len_torch_dispatch_stack() == 1:
            state.entered = False
            self.pop()

    def _wrap_threads(self):
        original = threading.Thread._bootstrap_inner
        context = self.context
        backend = self

        def _bootstrap_inner(self):
            context.guard("thread", backend.enter_thread, context.thread())
            try:
                original(self)
            finally:
                context.guard("thread", backend.leave_thread)
                context.leave_thread()

        threading.Thread._bootstrap_inner = _bootstrap_inner

    # what the handler asks for

    def learn(self, func):
        """Look up an op for the first time."""
        info = ops.OpInfo(self._torch, func, self.writer)
        self.infos[id(func)] = info
        self.nodes.learn_op(info.id, info.packet)
        if info.lazy:
            self.inputs.lazy_bits = True
        if self.focus is not None and self.focus.active:
            info.special = True
        if self.profile is not None:
            self.profile.wrap(info)
        return info

    def is_wrapped(self, types):
        """One of these tensor types brings its own `__torch_dispatch__`: "torch" for fake and functional tensors."""
        known = self._wrapped_types
        found = ""
        for kind in types:
            wrapped = known.get(kind)
            if wrapped is None:
                own = kind.__torch_dispatch__
                plain = own is self._torch._C._disabled_torch_dispatch_impl
                if plain or own == self._torch.Tensor.__torch_dispatch__:
                    wrapped = ""
                else:
                    wrapped = "torch" if kind.__module__.startswith("torch._subclasses.") else "program"
                known[kind] = wrapped
            found = found if found == "torch" else wrapped or found
        return found

    def problem(self, info, error):
        """Something went wrong in the probe at this op."""
        self.writer.problem("op " + info.name, "%s: %s" % (type(error).__name__, error))

    def finish_event(self, info, result, args, kwargs, event):
        """After the op ran: rows for its tensors, and the event."""
        if self.is_fake(result):
            return
        if info.treatment == ops.EMPTY and isinstance(result, self._torch.Tensor) and not result.numel():
            return  # nothing at all; unpickling makes such, at moments that chance decides
        self.recorder.results(info, result, args, kwargs, event)
        self.write(wire.OP, info.id, event)

    def write(self, kind, op, event):
        """Write an event; return its index."""
        place = event.place
        index = self.writer.event(
            kind,
            place.phase,
            event.flags & 0xFFFF,
            self.context.step,
            op,
            place.module,
            place.site,
            place.thread,
            min(event.count, 0xFFFF),
            event.inputs,
            event.arguments,
            0 if event.late else event.outputs(),
            event.state,
            event.rows,
        )
        if event.late:
            self.late.written(index, event)
        return index

    def is_fake(self, result):
        """The op ran on tensors without memory for a tracer of torch's: no event of the program."""
        first = result[0] if type(result) in (tuple, list) and result else result
        torch = self._torch
        if not isinstance(first, torch.Tensor):
            return False
        if first.device.type != "meta":
            return type(first).__module__ == "torch._subclasses.fake_tensor"
        return torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE) is not None

    def special(self, info, args, kwargs, event):
        """Ops that need something done before they run: random ones, collectives, the one in focus."""
        focus = self.focus
        seen = None
        generator = old_bytes = None
        try:
            if focus is not None and focus.matches(info, event.place):
                seen = focus.before(info, args, kwargs)
            if info.random:
                generator = self.draws.generator(args, kwargs)
                event.state = self.draws.state(generator)
            if info.treatment == ops.RESIZE:
                old_bytes = args[0].untyped_storage().nbytes()
        except Exception as error:
            self.problem(info, error)
        try:
            result = info.call(*args, **kwargs)
        finally:
            if seen is not None:
                self.context.guard("kernels", seen.stop)
        try:
            if info.random:
                self.draws.settle(generator, event)
            if info.treatment == ops.RESIZE:
                if old_bytes is not None:
                    self.recorder.resized(args[0], old_bytes, event)
                self.write(wire.OP, info.id, event)
            elif info.treatment == ops.COLLECTIVE:
                self._collective(info, result, args, kwargs, event)
            elif info.treatment == ops.WAIT:
                self._waited(args)
            else:
                self.finish_event(info, result, args, kwargs, event)
            if seen is not None:
                focus.after(seen, info, args, kwargs, result)
        except Exception as error:
            self.problem(info, error)
        return result

    # collectives

    def _collective(self, info, result, args, kwargs, event):
        tensors = []
        for where in info.mutates:
            _flatten(self._torch, args[where] if type(where) is int else kwargs.get(where), tensors)
        if not info.mutates and not info.packet.startswith("c10d::"):
            _flatten(self._torch, result, tensors)
        entry = hash((event.inputs, event.arguments, event.place.module, self.context.step)) & MASK
        self.late.collective(tensors, entry, event)
        self.write(wire.OP, info.id, event)

    def _waited(self, args):
        for tensor in args:
            entry = self.storages.entries.get(self.storages.key(tensor))
            if type(entry) is Pending:
                entry.settle()

    # steps, forks, the end

    def _before_step(self):
        self.late.drain()
        self.late.drop_pending()
        self.nodes.after_step()

    def after_fork(self):
        """In a forked child, after the writer was reopened and the context told."""
        if self.mode is not None:
            self.late = LateDigests(self._torch, self.prints, self.writer, self.storages)
            self.recorder.late = self.late
            self.weights.forget()
            if self.focus is not None:
                self.focus.begin()
            if self.profile is not None:
                self.profile.after_fork()

    def finish(self):
        """Write the final weights, fill in the last digests and stop seeing ops in this thread."""
        if self.mode is None:
            return
        if self.profile is not None:
            self.context.guard("profile", self.profile.finish)
        self.context.guard("weights", self.weights.record)
        self.context.guard("digests", self.late.drain)
        if not sys.is_finalizing():
            self.context.guard("end", self.leave_thread)


def _flatten(torch, value, found):
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _flatten(torch, item, found)


BACKEND = DispatchBackend
