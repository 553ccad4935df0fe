"""REGION events: a graph that TorchInductor compiled, as one event with its inputs and outputs.

The compiled graph is an object with a `__call__`; that method is wrapped when Inductor is imported. Nothing is changed
before or during compilation, so the program runs the very code that it would run without us. Kernels inside a region
(also those that it takes from aten) are no events: they are the region's. Other back ends of `torch.compile` either run
aten ops, which are seen one by one, or their own code, of which only what the ops around it read and write is seen.
"""

import sys

from .. import wire
from ..dynamo import skip_code
from ..importhook import ImportHook
from . import ops
from .event import Event, Place


class RegionInfo:
    """A compiled region in the shape of an op, for the recorder and the close-up."""

    __slots__ = ("call", "id", "mutates", "name", "packet", "random", "returns_alias", "scratch", "select", "treatment")

    def __init__(self, name, writer):
        self.name = self.packet = name
        self.id = writer.name(name)
        self.select = None
        self.treatment = ops.RECORD
        self.returns_alias = self.scratch = ()

    def for_call(self, original, graph):
        """The same for one compiled graph, which can be called again."""
        info = object.__new__(RegionInfo)
        info.name = info.packet = self.name
        info.id, info.select, info.treatment, info.returns_alias = self.id, None, ops.RECORD, ()
        info.scratch = ()
        info.mutates = tuple(sorted(getattr(graph, "mutated_input_idxs", ()) or ()))
        info.random = False
        info.call = lambda *inputs: original(graph, list(inputs))
        return info


class Regions:
    """Tells compiled regions of one tracer."""

    def __init__(self, tracer):
        self._tracer = tracer
        self._torch = tracer._torch
        self._infos = {
            kind: RegionInfo("compiled." + kind, tracer.writer) for kind in ("forward", "backward", "inference")
        }
        for info in self._infos.values():
            tracer.nodes.learn_op(info.id, "CompiledFunction")
        hook = ImportHook(tracer.context.guard)
        if tracer.config.compile == "eager":
            hook.after("torch._dynamo.config", self._switch_off)
        else:
            hook.after("torch._inductor.output_code", self._wrap_all)
            hook.after("torch._inductor.codecache", self._wrap_all)  # torch 2.4
            hook.after("torch._dynamo.guards", self._wrap_guards)

    def _switch_off(self, config):
        config.disable = True
        self._tracer.writer.record("switch", name="torch._dynamo.config.disable", value=True)

    def _wrap_guards(self, module):
        """Make guards while our mode is on, as it will be when they are checked.

        Guards compare the dispatch keys that are on; Dynamo compiles with all modes off. In torch 2.4 every call of a
        compiled function would miss its guards and compile again, until Dynamo gives up and runs it uncompiled.
        """
        tracer = self._tracer
        original = module.CheckFunctionManager.__init__

        def __init__(self, *args, **kwargs):  # noqa: N807
            state = tracer.context.thread()
            state.paused += 1
            tracer.push()
            try:
                original(self, *args, **kwargs)
            finally:
                tracer.pop()
                state.paused -= 1

        module.CheckFunctionManager.__init__ = __init__

    def _wrap_all(self, module):
        """Wrap the classes of compiled graphs that a module defines."""
        for value in list(vars(module).values()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                known = hasattr(value, "current_callable") or "current_callable" in _annotations(value)
                if known and "__call__" in vars(value):
                    self._wrap(value)

    def _wrap(self, owner):
        original = owner.__call__
        call = self.call

        def __call__(self, inputs):  # noqa: N807
            return call(original, self, inputs)

        skip_code(self._torch, __call__)
        owner.__call__ = __call__

    def call(self, original, graph, inputs):
        """Run a compiled graph; write its event."""
        tracer = self._tracer
        state = tracer.context.thread()
        if state.paused:
            return original(graph, inputs)
        seen = None
        try:
            seen = self._before(original, graph, inputs, state)
        except Exception as error:
            tracer.writer.problem("compiled region", "%s: %s" % (type(error).__name__, error))
        state.paused += 1
        try:
            if seen is None or tracer.profile is None:
                result = original(graph, inputs)
            else:
                result = tracer.profile.region(seen[0], seen[1].place, original, graph, inputs)
            if seen is not None:
                tracer.context.guard("compiled region", self._after, seen, result)
            return result
        finally:
            state.paused -= 1

    def _place(self, state):
        """(node or None, place): as for an op, see `handler`."""
        tracer = self._tracer
        torch = self._torch
        node = torch._C._current_autograd_node()
        frame = sys._getframe(4)
        if node is not None:
            module, site, flags = tracer.nodes.place(state, node, frame, self._infos["backward"])
            return node, Place(wire.BACKWARD, module, site, state.index, flags)
        phase = wire.FORWARD if state.phase not in (wire.DATA, wire.OPTIMIZER) else state.phase
        place = Place(phase, state.module, state.site or tracer.sites.site_from(frame), state.index)
        sequence = torch._C._autograd._get_sequence_nr()
        if sequence != state.last_sequence:
            state.last_sequence = sequence
            state.nodes.setdefault(sequence - 1, (place.module, place.site, self._infos["forward"].id))
        return None, place

    def _before(self, original, graph, inputs, state):
        tracer = self._tracer
        node, place = self._place(state)
        backward = bool((getattr(graph, "fx_kwargs", None) or {}).get("is_backward", node is not None))
        kind = "backward" if backward else "forward" if _needs_gradient(self._torch, inputs) else "inference"
        info = self._infos[kind]
        state.paused += 1
        try:
            content = []
            others = []
            flags = place.flags
            for position, value in enumerate(inputs):
                if isinstance(value, self._torch.Tensor):
                    item, more = tracer.inputs.read_item(value, info, position, inputs, {}, place)
                    content += item
                    flags |= more & 0xFFFF
                else:
                    others.append(value)
            arguments = 0
            if others:
                arguments, more = tracer.inputs.values(others)
                flags |= more
            digest = hash(tuple(content)) & 0xFFFFFFFFFFFFFFFF if content else 0
            event = Event(place, flags, digest, arguments, len(content) >> 2)
            generator = self._torch.default_generator
            event.state = tracer.draws.state(generator)
            info = info.for_call(original, graph)
            focus = tracer.focus
            closeup = focus.before(info, inputs, {}) if focus is not None and focus.matches(info, place) else None
            # Held only where the graph writes to them: it frees the others as soon as it can.
            held = [value if index in info.mutates else None for index, value in enumerate(inputs)]
        finally:
            state.paused -= 1
        return info, event, held, generator, closeup

    def _after(self, seen, result):
        info, event, held, generator, closeup = seen
        tracer = self._tracer
        tracer.draws.settle(generator, event)
        info.random = bool(event.flags & wire.RANDOM)
        for value, role, position, _ in tracer.recorder.written(info, result, held, {}):
            if not isinstance(value, self._torch.Tensor):
                continue
            if role == wire.MUTATED:
                tracer.recorder.wrote(info, value, event, position)
            else:
                tracer.recorder.made(info, value, event, position)
        tracer.write(wire.REGION, info.id, event)
        if closeup is not None:
            closeup.stop()
            tracer.focus.after(closeup, info, held, {}, result)


def _needs_gradient(torch, inputs):
    return any(isinstance(value, torch.Tensor) and value.requires_grad for value in inputs)


def _annotations(kind):
    return vars(kind).get("__annotations__", {})
