"""The outputs of the run without noise, kept for those that train under noise: a model is not held against itself."""

import array
import ctypes
import hashlib
import json

from . import trees
from .metric import AGREEMENT


def keep(path, reference, calls):
    """Write what the outputs without noise were, and for which batches."""
    values = reference.flat()
    head = {"metric": reference.name, "dimension": reference.dimension, "batches": batches(calls), "count": len(values)}
    with open(path, "wb") as file:
        file.write(json.dumps(head, sort_keys=True).encode("ascii") + b"\n")
        file.write(_packed(reference.name, values).tobytes())


def restore(path, reference, calls):
    """Make `reference` that of the run without noise; `ValueError` where that evaluated other batches."""
    with open(path, "rb") as file:
        head = json.loads(file.readline())
        values = _packed(reference.name)
        values.frombytes(file.read())
    if head["batches"] != batches(calls) or head["count"] != len(reference.flat()):
        raise ValueError(
            "the batches of the last evaluation are others than in the run without noise, so its outputs are none to "
            "compare with; name a function that knows the labels: --evaluate module:function"
        )
    reference.take(values)


def batches(calls):
    """Return a digest of everything that the model was given."""
    digest = hashlib.sha256()
    for call in calls:
        for tensor in trees.tensors((call.args, call.kwargs)):
            plain = tensor.detach().cpu().contiguous()
            digest.update(("%s %s " % (plain.dtype, list(plain.shape))).encode("ascii"))
            digest.update(ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size()))
    return digest.hexdigest()


def _packed(name, values=()):
    return array.array("q" if name == AGREEMENT else "d", values)
