"""Close-up of one event: its tensors' bytes, the op called again on the same inputs, and the kernels it launched.

Asked for by `focus` in the configuration:

    process      name of the trace, `<rank>-<place>`
    thread, step, phase ("forward", …), module (path), op (name), occurrence
                 identity of the event, as in `auditor.model.trace.Identity`; events of all kinds count for `occurrence`
    repeats      how often to call the op again (default 8)
    limit_bytes  bytes to keep on disk altogether (default 1 GiB)

What comes of it is one record of the names file:

    record       "focus"
    event        index of the event
    inputs       tensor inputs as they were before the op ran, in order: objects of `position`, `digest`, `spec` (id),
                 `file` (relative to the run's folder; null where not kept) and `reason` (why not kept, else "")
    outputs      the same for the event's tensor rows, with `role` (wire.OUTPUT, wire.MUTATED)
    repeats      one list a repeated call: the digests of the tensors of `outputs`, in the same order. Empty where the
                 op was not called again
    not_repeated why the op was not called again: "random", "collective", …; else ""
    differing    tensors of the first repeated call whose result was another one than the event's, like `outputs`; empty
                 where none was
    kernels      {"profile": file relative to the run's folder, "problem": why there is none, else ""}

Files hold the raw bytes of the logical tensor, contiguous; dtype and shape are in its spec. `digest` is that of the
.tensors rows for tensors on the CPU; for others it is computed on the CPU, too, and so not that of the rows. Repeated
calls work on clones that lie in memory as the originals did (strides, offsets, sharing), made afresh for every call.
"""

import os

from . import wire
from .backends import ops
from .fingerprint import NotCoveredError

REPEATS = 8
LIMIT_BYTES = 1 << 30
PHASES = ("other", "data", "forward", "backward", "optimizer")


class Focus:
    """Waits for the event that is asked for. `count` of the events of its identity were written so far."""

    def __init__(self, tracer, wanted):
        self._tracer = tracer
        self._torch = tracer._torch
        self.repeats = REPEATS if wanted.get("repeats") is None else int(wanted["repeats"])
        self._left = LIMIT_BYTES if wanted.get("limit_bytes") is None else int(wanted["limit_bytes"])
        self._occurrence = int(wanted.get("occurrence", 0))
        writer = tracer.writer
        self._process = wanted.get("process")
        phase = wanted.get("phase", 0)
        phase = PHASES.index(phase) if phase in PHASES else int(phase)
        self._place = (phase, int(wanted["step"]), writer.name(wanted["op"]), writer.name(wanted["module"]))
        self._thread = int(wanted.get("thread", 0))
        self._follow(writer)
        self.begin()

    def begin(self):
        """A trace begins: this process's, and after a fork the child's own."""
        self.active = self._process in (None, self._tracer.writer.trace_name)
        self._count = 0
        self.last = -1  # index of the event in focus, once it was written

    def _follow(self, writer):
        """Count the events of the identity as they are written."""
        event, op = writer.event, writer.make_op()

        def counted_event(kind, phase, flags, step, name, module, site, thread, *rest, **more):
            index = event(kind, phase, flags, step, name, module, site, thread, *rest, **more)
            self._counted(phase, step, name, module, thread, index)
            return index

        def counted_op(phase, flags, step, name, module, site, thread, *rest):
            op(phase, flags, step, name, module, site, thread, *rest)
            self._counted(phase, step, name, module, thread, -1)

        writer.event, writer.make_op = counted_event, lambda: counted_op

    def _counted(self, phase, step, name, module, thread, index):
        if self.active and (phase, step, name, module) == self._place and thread == self._thread:
            if self._count == self._occurrence:
                self.last = index
            self._count += 1

    # ops

    def matches(self, info, place):
        """The op that is about to run here is the one."""
        if not self.active or self._count != self._occurrence or place.thread != self._thread:
            return False
        return (place.phase, self._tracer.context.step, info.id, place.module) == self._place

    def before(self, info, args, kwargs):
        """Clone the inputs; profile what runs from now on."""
        return Seen(self, info, args, kwargs).start()

    def after(self, seen, info, args, kwargs, result):
        """The op ran and its event was written: keep the bytes, call it again, write the record."""
        if self.last < 0:
            return
        tracer = self._tracer
        outputs = [self._kept(*entry) for entry in _results(tracer, info, result, args, kwargs)]
        repeats, differing, why = seen.repeat([entry["digest"] for entry in outputs])
        tracer.writer.record(
            "focus",
            event=self.last,
            inputs=[self._kept(tensor, None, position) for position, tensor in enumerate(seen.inputs)],
            outputs=outputs,
            repeats=repeats,
            not_repeated=why,
            differing=[self._kept(*entry) for entry in differing],
            kernels=seen.kernels,
        )

    # events that are no ops

    def keep(self, index, tensors):
        """An event that is no op was written: keep its tensors if it is the one."""
        if not self.active or index < 0 or index != self.last:
            return
        self._tracer.writer.record(
            "focus",
            event=index,
            inputs=[],
            outputs=[self._kept(tensor, wire.OUTPUT, position) for position, tensor in enumerate(tensors)],
            repeats=[],
            not_repeated="no op",
            differing=[],
            kernels={"profile": None, "problem": "no op"},
        )

    def digest(self, tensor):
        try:
            return self._tracer.prints.digest(tensor)
        except (NotCoveredError, RuntimeError, NotImplementedError):
            return 0

    def _kept(self, tensor, role, position):
        """Write a tensor's bytes; return its description."""
        entry = {"position": position, "digest": self.digest(tensor), "file": None, "reason": ""}
        entry["spec"] = self._tracer.prints.spec(tensor)
        if role is not None:
            entry["role"] = role
        nbytes = tensor.numel() * tensor.element_size()
        name = "tensors/%016x.bin" % entry["digest"]
        path = os.path.join(self._tracer.writer.run_dir, name)
        try:
            if entry["digest"] == 0 or tensor.layout is not self._torch.strided:
                entry["reason"] = "a kind of tensor that has no plain bytes"
            elif os.path.exists(path):
                entry["file"] = name
            elif nbytes > self._left:
                entry["reason"] = "%d bytes are more than what is left of the limit" % nbytes
            else:
                self._left -= nbytes
                self._write(path, tensor, nbytes)
                entry["file"] = name
        except (OSError, NotCoveredError, RuntimeError) as error:
            entry["reason"] = "%s: %s" % (type(error).__name__, error)
        return entry

    def _write(self, path, tensor, nbytes):
        prints = self._tracer.prints
        plain = prints.plain(tensor)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        partial = "%s.%d" % (path, os.getpid())
        with open(partial, "wb") as file:
            if nbytes:
                file.write(prints.view(nbytes)(plain.data_ptr()))
        os.replace(partial, path)


class Seen:
    """The inputs of the op in focus, and what calling it again on them gives."""

    def __init__(self, focus, info, args, kwargs):
        self._focus = focus
        self._tracer = focus._tracer
        self._torch = focus._torch
        self._info = info
        self.inputs = []
        with self._tracer.storages.quiet():
            self._storages = {}
            self._args = self._cloned(list(args), collect=self.inputs)
            self._kwargs = {name: self._cloned(value, collect=self.inputs) for name, value in kwargs.items()}
        self.kernels = {"profile": None, "problem": "no CUDA device in this process"}
        self._window = None

    # kernels

    def start(self):
        """Profile the op that runs next, if it works on a CUDA device."""
        torch = self._torch
        if not any(tensor.is_cuda for tensor in self.inputs) and not torch.cuda.is_initialized():
            return self
        try:
            from .kernels import KernelWindow
        except ImportError as error:
            self.kernels = {"profile": None, "problem": str(error)}
            return self
        self._name = "kernels-%s.json" % self._tracer.writer.trace_name
        self._window = KernelWindow(torch, os.path.join(self._tracer.writer.run_dir, self._name))
        self._window.start()
        self._annotation = self._window.annotate(self._tracer.writer.events_written)
        self._annotation.__enter__()
        return self

    def stop(self):
        """The op ran."""
        window, self._window = self._window, None
        if window is not None:
            self._annotation.__exit__(None, None, None)
            window.stop()
            self.kernels = {"profile": None if window.problem else self._name, "problem": window.problem}

    # clones

    def _cloned(self, value, collect=None):
        if isinstance(value, self._torch.Tensor):
            clone = self._clone(value)
            if collect is not None:
                collect.append(clone)
            return clone
        if type(value) in (list, tuple):
            return type(value)(self._cloned(item, collect) for item in value)
        return value

    def _clone(self, tensor):
        """A tensor that lies in a copy of the storage as the original does in its own."""
        torch = self._torch
        tensor = tensor.detach()
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_conj() or tensor.is_neg():
            return tensor.clone()
        storage = tensor.untyped_storage()
        if storage.nbytes() > self._focus._left:
            return tensor.clone()
        copy = self._storages.get(torch._C._storage_id(tensor))
        if copy is None:
            copy = self._storages[torch._C._storage_id(tensor)] = storage.clone()
        empty = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
        return empty.set_(copy, tensor.storage_offset(), tensor.size(), tensor.stride())

    # again

    def repeat(self, expected):
        """Call the op again; return (digests of each call, results of the first that differs, why not called)."""
        info = self._info
        if info.random:
            return [], [], "random"
        if info.treatment not in (ops.RECORD, ops.EMPTY) or info.name.startswith("higher_order::"):
            return [], [], "not an op that computes"
        found = []
        differing = []
        for _ in range(self._focus.repeats):
            with self._tracer.storages.quiet():
                self._storages = {}  # afresh every time: the op may write to any of them
                args = self._cloned(self._args)
                kwargs = {name: self._cloned(value) for name, value in self._kwargs.items()}
                result = info.call(*args, **kwargs)
            tensors = _results(self._tracer, info, result, args, kwargs)
            digests = [self._focus.digest(tensor) for tensor, _, _ in tensors]
            found.append(digests)
            if digests != expected and not differing:
                differing = tensors
        return found, differing, ""


def _results(tracer, info, result, args, kwargs):
    """(tensor, role, position) of what an op wrote, in the order of the event's rows."""
    written = tracer.recorder.written(info, result, args, kwargs)
    return [(value, role, position) for value, role, position, _ in written if isinstance(value, tracer._torch.Tensor)]
