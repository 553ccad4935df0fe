"""Evaluates from the noisy layer on: what comes before it is the same in every evaluation, and given back.

A model is walked over with noise at one layer after the other. The outputs of all modules are kept from an evaluation
without noise; a module that is called before any noise was added gives back a copy of what it put out then.
"""

from . import bits, trees
from .interception import Interceptor


class _Called:
    """One call of a module, with those that it made."""

    __slots__ = ("given", "inner", "module", "output", "usable")

    def __init__(self, module):
        self.module = module
        self.inner = []
        self.given = None  # what it was called with, from outside the model
        self.output = None
        self.usable = False  # the output was kept


class Recording(Interceptor):
    """Keeps what all modules put out in one evaluation, up to `limit_bytes`; `calls` are those from outside."""

    def __init__(self, roots, limit_bytes, keeps_given):
        super().__init__(roots)
        self.calls = []
        self.size_bytes = 0
        self._limit = limit_bytes
        self.keeps_given = keeps_given
        self._stack = []
        self._last = None  # (call, its output, the output's version) of the module that returned last

    def outermost(self, proceed, module, args, kwargs):
        called = _Called(module)
        self.calls.append(called)
        if self.keeps_given and self._fits((args, kwargs)):
            called.given = _copied((args, kwargs))
        self._last = None
        return self._called(called, proceed, args, kwargs)

    def inner(self, proceed, module, args, kwargs):
        called = _Called(module)
        self._stack[-1].inner.append(called)
        return self._called(called, proceed, args, kwargs)

    def _called(self, called, proceed, args, kwargs):
        self._stack.append(called)
        try:
            output = proceed(called.module, *args, **kwargs)
        finally:
            self._stack.pop()
        last = self._last
        if last is not None and output is last[1] and last[2] is not None and _version(output) == last[2]:
            called.output, called.usable = last[0].output, last[0].usable  # it only passes on what a part put out
        elif trees.is_plain(output) and self._fits(output):
            called.output, called.usable = _copied(output), True
        self._last = (called, output, _version(output))
        return output

    def _fits(self, value):
        size = trees.size_bytes(value)
        if self.size_bytes + size > self._limit:
            return False
        self.size_bytes += size
        return True


class Reuse(Interceptor):
    """Gives back what a recording has of the modules that are called before the first of `noisy`.

    noisy: [(module, its operator)], points after modules; around: see `around`. What is not found in the recording as
    it was called there is computed, and so are calls with other values, where the recording has what was given.
    """

    def __init__(self, torch, roots, recording, noisy, around):
        super().__init__(roots)
        self._torch = torch
        self._calls = iter(recording.calls)
        self._checks_given = recording.keeps_given
        self._operators = {id(module): operator for module, operator in noisy}
        self._around = around
        self._following = iter(())  # what the recording has next, at this depth
        self._clean = False  # no noise was added, and all was as in the recording

    def outermost(self, proceed, module, args, kwargs):
        known = next(self._calls, None)
        self._clean = known is not None and known.module is module
        if self._clean and self._checks_given:
            self._clean = known.given is not None and bits.same(self._torch, known.given, (args, kwargs))
        return self._answer(known, proceed, module, args, kwargs)

    def inner(self, proceed, module, args, kwargs):
        known = next(self._following, None) if self._clean else None
        if known is None or known.module is not module:
            self._clean = False
        return self._answer(known, proceed, module, args, kwargs)

    def _answer(self, known, proceed, module, args, kwargs):
        operator = self._operators.get(id(module))
        if self._clean and known.usable and operator is None and id(module) not in self._around:
            return _copied(known.output)
        if self._clean and known.usable and operator is not None and not known.inner:
            self._clean = False
            return operator.apply(_copied(known.output))
        around, self._following = self._following, iter(known.inner if self._clean else ())
        try:
            return proceed(module, *args, **kwargs)
        finally:
            self._following = around
            if operator is not None:
                self._clean = False


def around(roots, noisy):
    """Return the ids of the modules that are one of `noisy`, or hold one."""
    wanted = set(map(id, noisy))
    parts = [module for root in roots for module in root.modules()]
    return {id(module) for module in parts if any(id(part) in wanted for part in module.modules())}


def _copied(value):
    return trees.mapped(value, lambda tensor: tensor.detach().clone())


def _version(value):
    """How often a tensor was written to; None where nobody counts."""
    if not trees.is_tensor(value) or value.is_inference():
        return None
    return value._version
