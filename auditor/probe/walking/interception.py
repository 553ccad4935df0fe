"""Stands for the calls of a model's modules while it is evaluated, from outside any module: no hook is put on one."""

import contextlib
import threading

from ..dynamo import skip_code


@contextlib.contextmanager
def intercepted(torch, called):
    """Let `called(proceed, module, args, kwargs)` answer every call of a module; None changes nothing."""
    if called is None:
        yield
        return
    original = torch.nn.Module.__call__

    def call(self, *args, **kwargs):
        return called(original, self, args, kwargs)

    skip_code(torch, call)
    torch.nn.Module.__call__ = call
    try:
        yield
    finally:
        torch.nn.Module.__call__ = original


class Interceptor:
    """Tells calls that come from outside the model from those of its parts by one another.

    `outermost` and `inner` say what is done; here: nothing else than without us. Calls of other modules, and of other
    threads, go through.
    """

    def __init__(self, roots):
        self._parts = {id(part) for root in roots for part in root.modules()}
        self._depth = 0
        self._thread = threading.get_ident()

    def __call__(self, proceed, module, args, kwargs):
        if id(module) not in self._parts or threading.get_ident() != self._thread:
            return proceed(module, *args, **kwargs)
        self._depth += 1
        try:
            answer = self.outermost if self._depth == 1 else self.inner
            return answer(proceed, module, args, kwargs)
        finally:
            self._depth -= 1

    def outermost(self, proceed, module, args, kwargs):
        return proceed(module, *args, **kwargs)

    def inner(self, proceed, module, args, kwargs):
        return proceed(module, *args, **kwargs)
