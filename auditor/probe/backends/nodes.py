"""Which forward op made an autograd node: gives backward ops their module and source line.

A node takes its sequence number when it is made, before the op itself runs; so the first op seen after the number moved
on is the node's. No anomaly mode, no traceback: a dictionary per thread.
"""

import weakref

from .. import wire

LIMIT = 100_000  # nodes remembered per thread; the older half goes when they are more


class Nodes:
    """Places of autograd nodes."""

    def __init__(self, torch, context, sites):
        self._context = context
        self._sites = sites
        self._names = {}  # name id of an op -> its name as in that of its autograd node
        self._next = torch._C._autograd._get_sequence_nr
        self._current = torch._C._current_autograd_node
        self._parameters = {}  # id(parameter) -> (weak reference, name id of its module's path)
        self.boundary = None
        boundary = getattr(torch.autograd.graph, "_engine_run_backward", None)
        if boundary is not None:
            sites.mark_boundary(boundary.__code__)
            self.boundary = boundary.__code__

    def note(self, state, info, frame):
        """An op without an event (a view) may have made a node, too."""
        sequence = self._next()
        state.last_sequence = sequence
        if sequence - 1 in state.nodes:
            return
        node = self._current()
        if node is not None:
            module, site, _ = self.place(state, node, frame, info)
        else:
            module = state.module
            site = state.site or self._sites.site_from(frame)
        state.nodes[sequence - 1] = (module, site, info.id)
        if len(state.nodes) > LIMIT:
            for old in list(state.nodes)[: LIMIT // 2]:
                state.nodes.pop(old, None)

    def place(self, state, node, frame, info):
        """Return (module, site, event flags) for an op that runs inside the backward pass."""
        if state.forward_open or len(self._context.threads) > 1:
            self._close_forward(state)
        sequence = self._next()
        recorded = sequence != state.last_sequence  # the backward pass itself makes nodes
        state.last_sequence = sequence
        if frame is not None and frame.f_code is not self.boundary:
            # A hook, the backward of a torch.autograd.Function or a recomputed forward pass: the program's own line.
            site = self._sites.site_below_boundary(frame)
            if site:
                module = state.module
                if not module:
                    found = self._find(state, node)
                    module = found[0] if found is not None else 0
                if recorded:
                    state.nodes.setdefault(sequence - 1, (module, site, info.id))
                return module, site, 0
        found = self._find(state, node)
        if recorded and found is not None:
            state.nodes.setdefault(sequence - 1, (found[0], found[1], info.id))
        if found is not None:
            return found[0], found[1], wire.BACKWARD_SITE
        module = self._module_of(getattr(node, "variable", None))
        return module, self._sites.site_from(frame), 0

    def _find(self, state, node):
        """The place noted under the node's number; numbers count per thread, so other threads' may be meant."""
        number = node._sequence_nr()
        found = state.nodes.get(number)
        if len(self._context.threads) == 1:
            return found
        candidates = [found] if found is not None else []
        for other in list(self._context.threads.values()):
            if other is not state and other.nodes:
                entry = other.nodes.get(number)
                if entry is not None:
                    candidates.append(entry)
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        name = _plain(node.name())
        return next((place for place in candidates if self._names.get(place[2], "?") in name), candidates[0])

    def learn_op(self, number, name):
        """Remember how an op's autograd node is called, more or less, to tell threads' numbers apart."""
        self._names[number] = _plain(name.rpartition("::")[2])

    def _close_forward(self, state):
        if state.forward_open:
            state.forward_open = False
            state.update()
        if len(self._context.threads) > 1 and state is not self._context.main:
            main = self._context.main
            if main.forward_open and not main.modules:
                main.forward_open = False
                main.update()

    # parameters

    def learn_parameters(self, module, name, path):
        """Remember which module a parameter belongs to, for gradients that are accumulated into it."""
        for parameter in module._parameters.values():
            if parameter is not None:
                self._parameters[id(parameter)] = (weakref.ref(parameter), name)

    def _module_of(self, parameter):
        known = self._parameters.get(id(parameter)) if parameter is not None else None
        return known[1] if known is not None and known[0]() is parameter else 0

    def after_step(self):
        """Forget the nodes of steps long past, where they have become many."""
        for state in list(self._context.threads.values()):
            if len(state.nodes) > LIMIT // 5:
                newest = max(state.nodes)
                keep = {number: place for number, place in state.nodes.items() if number > newest - LIMIT // 10}
                state.nodes.clear()
                state.nodes.update(keep)


def _plain(name):
    return name.lower().replace("_", "")
