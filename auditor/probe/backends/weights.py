"""WEIGHTS events: the parameters and buffers of the trained modules when the program ends.

A model is often gone by then, because it lived in a function. So the storages of trained parameters are pinned in the
storage map, which keeps what was last written to them (not their memory), and that is told instead.
"""

import weakref

from .. import wire
from .event import Event, Place

_TRIES = 4
"""Steps of an optimizer before which its modules are looked for. One that is given a closure (LBFGS) steps before the
first forward pass, when no module is known yet; one may train no module at all."""


class Weights:
    """Final weights of one tracer."""

    def __init__(self, tracer):
        self._tracer = tracer
        self._optimizers = {}  # id -> weak reference
        self._tries = {}  # id of an optimizer -> steps at which its modules were looked for
        self._trained = {}  # text of path and name -> [weak reference to the tensor, storage key, spec id]
        self._roots = {}  # id -> weak reference, of modules that an optimizer trains

    def forget(self):
        """In a forked child: the weights are the parent's to tell."""
        self._trained.clear()
        self._roots.clear()

    def note_optimizer(self, optimizer):
        """Before an optimizer's step: learn the modules that it trains, once."""
        known = self._optimizers.get(id(optimizer))
        if known is not None and known() is optimizer:
            return
        tries = self._tries[id(optimizer)] = self._tries.get(id(optimizer), 0) + 1
        if tries >= _TRIES:
            self._optimizers[id(optimizer)] = weakref.ref(optimizer)
        stepped = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        for reference, path in self._tracer.context.modules.roots:
            root = reference()
            if root is None or self._is_trained(root):
                continue
            if any(id(parameter) in stepped for parameter in root.parameters()):
                self._roots[id(root)] = reference
                self._optimizers[id(optimizer)] = weakref.ref(optimizer)
                self._pin(root, path)

    def _is_trained(self, root):
        """The module itself, not another one that came to lie at the address of one that is gone."""
        known = self._roots.get(id(root))
        return known is not None and known() is root

    def _named(self, root, path):
        for kind in (root.named_parameters, root.named_buffers):
            for name, tensor in kind():
                # Of a tensor that is spread over ranks (DTensor), the part that is here.
                yield path + "." + name, getattr(tensor, "_local_tensor", tensor)

    def _pin(self, root, path):
        tracer = self._tracer
        for name, tensor in self._named(root, path):
            key = tracer.inputs.key(tensor)
            if key is None:
                continue
            tracer.storages.pinned.add(key)
            self._trained[name] = (weakref.ref(root), key, tracer.prints.spec(tensor))

    def record(self):
        """Write one event per parameter and buffer, in the order of their names."""
        tracer = self._tracer
        state = tracer.context.thread()
        state.paused += 1
        try:
            alive = {}
            for reference, path in tracer.context.modules.roots:
                root = reference()
                if root is not None and self._is_trained(root):
                    alive.update(self._named(root, path))
            for name in sorted(set(alive) | set(self._trained)):
                self._write(name, alive.get(name), state)
        finally:
            state.paused -= 1

    def _write(self, name, tensor, state):
        tracer = self._tracer
        event = Event(Place(wire.OTHER, tracer.writer.name(name), 0, state.index), 0, 0, 0, 0)
        if tensor is not None:
            digest = tracer.inputs.digest(tensor)
            spec = tracer.prints.spec(tensor)
        else:
            _, key, spec = self._trained[name]
            digest = tracer.storages.entries.get(key)
        if type(digest) is int:
            event.rows.append((digest, spec, wire.OUTPUT, 0, 0, 0, 0))
        else:
            event.uncaptured(spec, wire.OUTPUT, wire.NOT_COVERED, 0)
        index = tracer.write(wire.WEIGHTS, 0, event)
        if tracer.focus is not None and tensor is not None:
            tracer.focus.keep(index, [tensor])
