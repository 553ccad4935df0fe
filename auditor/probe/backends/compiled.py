"""The tracer's hot path in C, where the auditor could build it for this interpreter; else the one in Python.

`auditor/probe/native/handler` settles the plain case and hands all else to `handler` and `settle`; both paths write the
same trace. The auditor names a folder and a stem, the interpreter's own suffix for extension modules does the rest: a
library that was built for another Python is never loaded.
"""

import importlib.machinery
import importlib.util
import os

from ..callsite import Table
from ..context import ThreadState
from ..dynamo import skip_code_and_callees
from ..mapped import MappedFile
from . import ops

NAME = "repro_audit_handler"


def make_compiled(torch, tracer, python):
    """Return `__torch_dispatch__` in C; `python`, the one in Python, where there is none for this interpreter."""
    if tracer.config.focus:  # it counts the events that Python's part writes
        return python
    parts = _parts(torch, tracer, python)
    handler = make_handler(tracer.config.compiled_path, parts)
    if handler is None:
        return python
    for function in parts.values():
        if hasattr(function, "__code__"):
            skip_code_and_callees(torch, function)
    return handler


def make_handler(path, parts):
    """Return the handler in C that works with these parts; None where there is none."""
    module = _load(path)
    if module is None:
        return None
    types = {"info": ops.OpInfo, "state": ThreadState, "file": MappedFile, "table": Table}
    try:
        return module.Handler(parts, types)
    except (TypeError, KeyError, AttributeError):
        return None


def _load(path):
    """Load the library privately, past `sys.modules`: the program must not find a module that it did not install."""
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    if not path or not suffixes or not os.path.isfile(path + suffixes[0]):
        return None
    try:
        loader = importlib.machinery.ExtensionFileLoader("_repro_audit_probe." + NAME, path + suffixes[0])
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(module)
        return module
    except Exception:  # whatever the system's loader says: there is the one in Python
        return None


def _parts(torch, tracer, python):
    storages, prints, writer = tracer.storages, tracer.prints, tracer.writer
    return {
        "backward_place": tracer.nodes.place,
        "boundary": tracer.nodes.boundary,
        "content_types": tracer.inputs.tensor_types,
        "context": tracer.context,
        "current_node": torch._C._current_autograd_node,
        "digest": prints.hash,
        "entries": storages.entries,
        "events": writer.events,
        "forget_storage": storages.free,
        "grad_enabled": torch.is_grad_enabled,
        "infos": tracer.infos,
        "inputs": tracer.inputs,
        "known": prints.known,
        "learn_spec": prints.learn,
        "learn_whole": tracer.recorder.learn_whole,
        "next_sequence": torch._C._autograd._get_sequence_nr,
        "parameter_type": torch.nn.Parameter,
        "problem": tracer.problem,
        "prune": storages.prune,
        "python": python,
        "rows": writer.tensors,
        "settle": tracer.settle,
        "site_from": tracer.sites.site_from,
        "sites": tracer.sites.tables,
        "storage_key": torch._C._storage_id,
        "storages": storages,
        "tensor_type": torch.Tensor,
        "threads": tracer.context.threads,
        "wholes": storages.wholes,
        "write_op": writer.make_op(),
    }
