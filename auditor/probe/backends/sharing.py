"""Tensors whose memory the program can change behind torch's back: through numpy, or from another process.

Their bytes are looked at again whenever an op reads them; see `storage.Outside`.
"""

from ..dynamo import skip_code


def watch(tracer):
    """Take note of tensors that are handed to numpy or put into shared memory."""
    for name in ("numpy", "share_memory_"):
        _wrap(tracer, name)


def _wrap(tracer, name):
    torch = tracer._torch
    original = getattr(torch.Tensor, name)
    is_compiling = torch.compiler.is_compiling
    guard = tracer.context.guard
    export = tracer.storages.export

    def wrapper(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        if not is_compiling() and tracer.mode is not None:
            guard("sharing", export, self)
        return result

    wrapper.__name__ = name
    wrapper.__qualname__ = original.__qualname__
    wrapper.__doc__ = original.__doc__
    skip_code(torch, wrapper)
    setattr(torch.Tensor, name, wrapper)
