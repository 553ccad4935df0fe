"""Evaluates a trained model again and again: by the program's own batches, or by a function that the user names."""

import contextlib
import importlib
import os
import sys

from . import generators, metric, reference
from .interception import intercepted
from .modules import unwrapped
from .outputs import STRAYED, Answers
from .stacking import NotStackableError, parted


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
        self._state = generators.state(torch)
        self._modes = {id(part): part.training for root in roots for part in root.modules()}

    def begin(self):
        """Evaluate without noise; return what the auditor is told of it."""
        if self._function is not None:
            values = self._by_function()
            return {"by": "function", "values": values, "chance": None, "samples": None}
        outputs = self._replay()
        self._reference = metric.Reference(
            self._torch, outputs, self._wanted, [unwrapped(call.module) for call in self._calls]
        )
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

    @property
    def calls(self):
        """The calls of the model that are made, None where the user's function makes them."""
        return None if self._function is not None else self._calls

    def judged(self, output):
        """Return what of a model's output can matter: all of it, where the user's function is given that."""
        return output if self._function is not None else metric.main_tensor(output)

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

    def together(self, calls, forms, count, called=None):
        """Evaluate so many levels of noise as one: each of `calls` once, with its batch `count` times.

        forms: of the outputs of one level, by call. `called`: see `intercepted`. Return [(values, judged outputs)] by
        level; raises `NotStackableError` where the model or the evaluation does not go along.
        """
        with intercepted(self._torch, called):
            made = self._make(
                calls, count, lambda at, output: parted(self._torch, self.judged(output), forms[at], count)
            )
        levels = list(zip(*made))
        if self._function is None:
            return [({self._reference.name: self._reference.score(outputs)}, outputs) for outputs in levels]
        return [(self._answered(calls, outputs), outputs) for outputs in levels]

    def _answered(self, calls, outputs):
        """Call the function of the user's with these outputs in place of the model's."""
        answers = Answers(self._torch, self._roots, calls, outputs)
        with intercepted(self._torch, answers):
            values = self._by_function()
        if answers.strayed:
            raise NotStackableError(STRAYED)
        return values

    def _replay(self, first=None):
        return self._make(self._calls[:first], 1, lambda at, output: output)

    def _make(self, calls, times, kept):
        """Make calls, each with its batch so many times; return what `kept(number, output)` makes of each output."""
        found = []
        with self._prepared():
            for at, call in enumerate(calls):
                model = unwrapped(call.module)
                modes = dict(zip(map(id, call.module.modules()), call.training))
                for part in model.modules():
                    part.training = modes.get(id(part), part.training)
                found.append(kept(at, call.again(self._torch, model, times)))
        return found

    def _by_function(self):
        with self._prepared():
            for root in self._roots:
                root.eval()
            result = self._function(*self._roots)
        values = result if isinstance(result, dict) else {"value": result}
        return {str(name): _number(value, result) for name, value in values.items()}

    @contextlib.contextmanager
    def _prepared(self):
        generators.restore(self._torch, self._state)
        try:
            with self._torch.no_grad():
                yield
        finally:
            for root in self._roots:
                for part in root.modules():
                    part.training = self._modes[id(part)]


def _number(value, result):
    try:
        return float(value)
    except (TypeError, ValueError):
        shown = repr(result)
        shown = shown if len(shown) <= 60 else shown[:60] + "…"
        raise TypeError("expected a number or a dictionary of numbers, the function returned %s" % shown) from None


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
