"""Counts and times the program's operators, and notes under which circumstances those of a list were called.

`wrap` puts a function of ours in the place of an operator's call, inside the tracer's own handling of the op, so that
what is timed is the operator alone: neither the tracer nor the looking at arguments. The list comes with the
configuration: by device, operators and the facts that their conditions ask for. Whether they hold is judged by the
auditor. Where time is not asked for, as in ordinary runs, operators that are not on the list are left alone.
"""

import sys

from .. import wire
from ..backends import ops
from ..context import OPEN
from . import generated
from .clock import DeviceClock, now
from .facts import LIMIT, LIMIT_AT_HAND, FactReader

GROUP_LIMIT = 20_000  # kinds of calls that are told apart; further ones are counted without their facts


class Uses:
    """Calls that are alike: of one operator, at one place, under the same circumstances."""

    __slots__ = ("calls", "device_ns", "time_ns")

    def __init__(self):
        self.calls = 0
        self.time_ns = 0
        self.device_ns = 0


class Profile:
    """The profile of one process."""

    def __init__(self, tracer, torch, settings):
        self._tracer = tracer
        self._torch = torch
        self._wanted = settings["facts"]
        self._timed = settings["time"]
        self._context = tracer.context
        self._nodes = tracer.nodes
        self._clock = DeviceClock(torch)
        self._codes = {}  # id(compiled graph) -> (the graph, facts of its code)
        self.handlers = set()  # ids of the code objects of the tracer that call operators; the one in C has no frame
        self._begin()

    def _begin(self):
        self._groups = {}
        self._first_ns = self._last_ns = None
        self._notes_ns = 0

    def _facts_wanted(self, packet):
        """Facts to note of an operator by kind of device; empty where it is not on the list.

        In-place variants share a kernel.
        """
        base = packet.rstrip("_")
        found = {}
        for device, operators in self._wanted.items():
            name = next((name for name in (packet, base, base + "_") if name in operators), None)
            if name is not None:
                found[device] = operators[name]
        return found

    # operators

    def wrap(self, info):
        """Count and time an operator from now on."""
        timed = self._timed
        limit = LIMIT if timed else LIMIT_AT_HAND
        wanted = self._facts_wanted(info.packet)
        readers = {device: FactReader(self._torch, info.func, names, limit) for device, names in wanted.items()}
        if not readers and not timed:
            return
        original = info.call
        passed = info.treatment == ops.PASS and not readers
        thread = self._context.thread
        not_on_cpu = not timed and "cpu" not in readers

        def call(*args, **kwargs):
            if not_on_cpu and args and getattr(args[0], "is_cpu", False):
                return original(*args, **kwargs)
            state = thread()
            if state.paused:
                return original(*args, **kwargs)
            entered = now()
            device = self._device(args)
            if device is not None and device.type == "meta":
                return original(*args, **kwargs)
            reader = readers.get(_kind(device, kwargs)) if readers else None
            if reader is None and not timed:
                return original(*args, **kwargs)
            seen = None if reader is None else self._guarded(info, self._before, info, reader, state, args, kwargs)
            started = self._clock_start(info, device)
            began = now()
            result = original(*args, **kwargs)
            ended = now()
            where = None if passed else device or self._device((result,))
            self._guarded(info, self._after, info, state, reader, seen, result, where, ended - began, started)
            self._account(entered, began, ended)
            return result

        info.call = call

    def _guarded(self, info, function, *arguments):
        try:
            return function(*arguments)
        except Exception as error:
            self._tracer.writer.problem("profile " + info.name, "%s: %s" % (type(error).__name__, error))
            return None

    def _device(self, values):
        """Of the first tensor; None where there is none."""
        tensor = self._torch.Tensor
        for value in values:
            if isinstance(value, (list, tuple)) and value:
                value = next((item for item in value if isinstance(item, tensor)), None)
            if isinstance(value, tensor):
                return value.device
        return None

    def _clock_start(self, info, device):
        if device is None or device.type != "cuda" or not self._timed:
            return None
        return self._guarded(info, self._clock.start, device)

    def _before(self, info, reader, state, args, kwargs):
        """(place, facts) of a call of a listed operator."""
        place = self._place(state, info)
        state.paused += 1
        try:
            return place, reader.read(args, kwargs)
        finally:
            state.paused -= 1

    def _place(self, state, info):
        """(phase, module, site, event flags), as the tracer's handler finds them."""
        frame = sys._getframe(3).f_back  # of the wrapper
        while frame is not None and id(frame.f_code) in self.handlers:
            frame = frame.f_back
        if state.site:  # inside one of torch's own optimizers
            return state.phase, state.module, state.site, 0
        torch = self._torch
        node = torch._C._current_autograd_node()
        if node is not None:
            module, site, flags = self._nodes.place(state, node, frame, info)
            return wire.BACKWARD, module, site, flags
        phase = state.phase
        if phase == OPEN:
            phase = wire.FORWARD if torch.is_grad_enabled() else wire.OTHER
        return phase, state.module, self._tracer.sites.site_from(frame), 0

    def _after(self, info, state, reader, seen, result, device, time_ns, started):
        if self._tracer.is_fake(result):  # traced by torch's compiler, not run
            return
        place, facts = seen if seen is not None else ((wire.OTHER, 0, 0, 0), None if reader is not None else [])
        kind = device.type if device is not None else ""
        if facts is not None and reader is not None and reader.asks_threads and kind == "cpu":
            facts.append(("threads", self._torch.get_num_threads()))  # not before: it settles what may still be chosen
        self._count(state, info.id, place, kind, facts, time_ns, started)

    def _count(self, state, op, place, device, facts, time_ns, started):
        key = (state.index, op, place, device, None if facts is None else tuple(facts))
        uses = self._groups.get(key)
        if uses is None:
            if len(self._groups) >= GROUP_LIMIT:
                key = (state.index, op, place, device, None)
                uses = self._groups.get(key)
            if uses is None:
                uses = self._groups[key] = Uses()
        uses.calls += 1
        uses.time_ns += time_ns if self._timed else 0
        if started is not None:
            self._clock.stop(started, uses)

    def _account(self, entered, began, ended):
        if self._first_ns is None:
            self._first_ns = entered
        self._last_ns = left = now()
        self._notes_ns += began - entered + left - ended

    # compiled regions

    def region(self, info, place, original, graph, inputs):
        """Run a compiled region, as one op."""
        state = self._context.thread()
        entered = now()
        device = self._device(inputs)
        facts = self._guarded(info, self._code_facts, info, graph)
        started = self._clock_start(info, device)
        began = now()
        result = original(graph, inputs)
        ended = now()
        device = device or self._device((result,))
        self._guarded(info, self._after_region, info, state, place, facts, device, ended - began, started)
        self._account(entered, began, ended)
        return result

    def _code_facts(self, info, graph):
        known = self._codes.get(id(graph))
        if known is None:
            found = generated.facts(getattr(graph, "source_code", None), lambda name: bool(self._facts_wanted(name)))
            known = self._codes[id(graph)] = (graph, found)
        return FactReader(self._torch, None, ("deterministic",)).read((), {}) + known[1]

    def _after_region(self, info, state, place, facts, device, time_ns, started):
        kind = device.type if device is not None else ""
        if facts is not None and kind == "cpu":
            facts.append(("threads", self._torch.get_num_threads()))
        where = (place.phase, place.module, place.site, place.flags & wire.BACKWARD_SITE)
        self._count(state, info.id, where, kind, facts, time_ns, started)

    # the end

    def after_fork(self):
        """In a forked child: what the parent counted is the parent's."""
        self._clock = DeviceClock(self._torch)
        self._begin()

    def finish(self):
        """Write a record for every group, and one about the whole where time was asked for."""
        self._clock.settle()
        writer = self._tracer.writer
        for (thread, op, place, device, facts), uses in list(self._groups.items()):
            phase, module, site, flags = place
            writer.record(
                "profile",
                thread=thread,
                op=op,
                phase=phase,
                module=module,
                site=site,
                backward_site=bool(flags & wire.BACKWARD_SITE),
                device=device,
                calls=uses.calls,
                time_ns=uses.time_ns,
                device_ns=uses.device_ns,
                facts=None if facts is None else dict(facts),
            )
        if self._timed:
            wall = 0 if self._first_ns is None else self._last_ns - self._first_ns
            writer.record("profiled", wall_ns=wall, notes_ns=self._notes_ns)


def _kind(device, kwargs):
    """Kind of device that a call works on: of its first tensor, else the one that is asked for."""
    if device is None:
        device = kwargs.get("device")
    return "cpu" if device is None else str(device).partition(":")[0]
