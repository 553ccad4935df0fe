"""Evaluates a trained model again and again: by the program's own batches, or by a function that the user names."""

import contextlib
import importlib
import os
import random
import sys

from . import metric, reference
from .recorder import unwrapped


class Evaluation:
    """`once()` evaluates everything; every time from the same state of the random generators.

    `kept`: {"path", "role"}, where the run without noise leaves its outputs (`write`) for the others (`read`).
    """

    def __init__(self, torch, roots, calls, function, wanted, kept=None):
        self._torch = torch
        self._roots = roots
        self._calls = calls
        self._function = function
        self._wanted = wanted
        self._kept = kept
        self._reference = None
        self._state = _random_state(torch)
        self._modes = {id(part): part.training for root in roots for part in root.modules()}

    def begin(self):
        """Evaluate without noise; return what the auditor is told of it."""
        if self._function is not None:
            values = self._by_function()
            return {"by": "function", "values": values, "chance": None, "samples": None}
        outputs = self._replay()
        self._reference = metric.Reference(self._torch, outputs, self._wanted)
        if self._kept is not None:
            exchange = reference.keep if self._kept["role"] == "write" else reference.restore
            exchange(self._kept["path"], self._reference, self._calls)
        return {
            "by": "replay",
            "values": {self._reference.name: self._reference.score(outputs)},
            "chance": self._reference.chance(),
            "samples": self._reference.samples,
            "calls": len(self._calls),
            "dimension": self._reference.dimension,
        }

    def once(self):
        """Return the values of the metrics, by name."""
        if self._function is not None:
            return self._by_function()
        return {self._reference.name: self._reference.score(self._replay())}

    def pass_through(self):
        """Make the calls for what they show of the model, whatever they return."""
        if self._function is not None:
            self._by_function()
        else:
            self._replay(1 if len(self._roots) == 1 else None)

    def _replay(self, first=None):
        outputs = []
        with self._prepared():
            for call in self._calls[:first]:
                model = unwrapped(call.module)
                modes = dict(zip(map(id, call.module.modules()), call.training))
                for part in model.modules():
                    part.training = modes.get(id(part), part.training)
                outputs.append(call.again(self._torch, model))
        return outputs

    def _by_function(self):
        with self._prepared():
            for root in self._roots:
                root.eval()
            result = self._function(*self._roots)
        if isinstance(result, dict):
            return {str(name): float(value) for name, value in result.items()}
        return {"value": float(result)}

    @contextlib.contextmanager
    def _prepared(self):
        _set_random_state(self._torch, self._state)
        try:
            with self._torch.no_grad():
                yield
        finally:
            for root in self._roots:
                for part in root.modules():
                    part.training = self._modes[id(part)]


def find_function(text, program):
    """Return the function that `module:function` names; the file `program` is `__main__`, and not run a second time."""
    name, _, attribute = text.partition(":")
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    own = os.path.splitext(os.path.basename(program))[0] if program else None
    is_main = name == "__main__" or name == own or (spec is not None and spec.name == name)
    found = main if is_main else importlib.import_module(name)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def _random_state(torch):
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
    numpy = sys.modules.get("numpy.random")
    return random.getstate(), torch.get_rng_state(), devices, numpy.get_state() if numpy is not None else None


def _set_random_state(torch, state):
    own, cpu, devices, numpy = state
    random.setstate(own)
    torch.set_rng_state(cpu)
    if devices is not None:
        torch.cuda.set_rng_state_all(devices)
    if numpy is not None:
        sys.modules["numpy.random"].set_state(numpy)
