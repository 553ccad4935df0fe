"""Noise while the program trains: in every call of the chosen modules, from the first one on.

Modules are known by the place of their model among those that the program calls, and by their path in it: the same
program makes the same calls. No hook is put on a module, so that the program may copy, pickle and compare its models.
"""

import weakref

from .. import place
from .operator import Operator, stages_of

_RANK_SEEDS = 1_000_003  # ranks see other samples, and draw other noise


class TrainingNoise:
    """Applies one kind of noise at some injection points.

    `settings`: {"layers": [{"index", "name", "is_input", "places": [[model, type, path]], "executions"}], "kind",
    "sigma", "ratio", "order", "seed"}; a place is the number of a model in the order of first calls, its class, and the
    module's path in it.
    """

    def __init__(self, torch, settings, recorder):
        self._torch = torch
        self._recorder = recorder
        self._targets = []
        self._waiting = []  # (target, place) whose module was not called yet
        self._active = {}  # id(module) -> (weak reference, targets)
        self.problems = []
        rank = place.rank() or 0
        stages = stages_of(settings["kind"], settings["sigma"], settings["ratio"], settings["order"])
        for layer in settings["layers"]:
            seed = settings["seed"] + layer["index"] + _RANK_SEEDS * rank
            operator = Operator(torch, stages, seed, layer["executions"])
            target = _Target(layer, operator)
            self._targets.append(target)
            self._waiting += [(target, each) for each in layer["places"]]
        mha = getattr(torch.backends, "mha", None)
        if hasattr(mha, "set_fastpath_enabled"):
            mha.set_fastpath_enabled(False)  # it calls none of the modules inside a transformer's layer

    def called(self):
        """A model is about to be called: find in it what is to be noisy."""
        for entry in list(self._waiting):
            target, (number, kind, path) = entry
            root = self._recorder.called_model(number)
            if root is None:
                continue
            module = _inside(root, path)
            if type(root).__name__ != kind:
                self._problem("model %d is a %s here, and was a %s" % (number, type(root).__name__, kind))
            elif module is None:
                continue  # made by a later call perhaps
            else:
                known = self._active.setdefault(id(module), (weakref.ref(module), []))
                if not any(each is target for each in known[1]):
                    known[1].append(target)
            self._waiting.remove(entry)

    def wrap(self, original):
        """Return a function that calls a module as `original` does, with noise where it belongs."""
        active = self._active

        def noisy(module, *args, **kwargs):
            found = active.get(id(module))
            if found is None or found[0]() is not module:
                return original(module, *args, **kwargs)
            for target in found[1]:
                if target.is_input:
                    args, kwargs = self._applied(target, (args, kwargs))
            output = original(module, *args, **kwargs)
            for target in found[1]:
                if not target.is_input:
                    output = self._applied(target, output)
            return output

        return noisy

    def stop(self):
        """No more noise from here on."""
        self._active.clear()
        self._waiting = []

    def told(self):
        """Return what came of it: calls with noise while gradients were on, by layer, and what went wrong."""
        return {"calls": {target.name: target.calls for target in self._targets}, "problems": list(self.problems)}

    def _applied(self, target, value):
        try:
            noisy = target.operator.apply(value)
        except Exception as error:
            self._problem("%s: %s: %s" % (target.name, type(error).__name__, error))
            return value
        if self._torch.is_grad_enabled():
            target.calls += 1
        return noisy

    def _problem(self, text):
        if text not in self.problems and len(self.problems) < 20:
            self.problems.append(text)


class _Target:
    def __init__(self, layer, operator):
        self.name = layer["name"]
        self.is_input = layer["is_input"]
        self.operator = operator
        self.calls = 0


def _inside(root, path):
    for name, part in root.named_modules():
        if name == path:
            return part
    return None
