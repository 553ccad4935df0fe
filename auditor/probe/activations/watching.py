"""Sees every call of a module and hands the tensors at the injection points to the keeper.

A wrapper around `torch.nn.Module.__call__`, and no hooks: nothing of ours is in the program's modules.
"""

import threading
import weakref

from ..dynamo import skip_code, skip_package
from ..fingerprint import NotCoveredError
from ..hidden import Hidden
from ..walking import trees
from ..walking.modules import unwrapped
from ..walking.points import is_reshape
from .keeping import Keeper, places
from .sketch import Sketcher


class Model:
    """A module with parameters that was called from outside any other."""

    def __init__(self, module, name):
        self.module = weakref.ref(module)
        self.name = name
        self.learn(module)

    def learn(self, module):
        """Name what is inside, by the names that noise is walked by."""
        inner = unwrapped(module)
        self.layers = {id(part): name or type(inner).__name__ for name, part in inner.named_modules()}
        self.layers.setdefault(id(module), type(inner).__name__)

    def holds(self, module):
        """True for the module itself and for those inside."""
        root = self.module()
        return root is not None and id(module) in self.layers and any(part is module for part in root.modules())


class Activations:
    """One process's. `context` tells the step, `prints` gives digests and plain bytes."""

    def __init__(self, torch, context, prints, keeper):
        self._torch = torch
        self._context = context
        self._prints = prints
        self._keeper = keeper
        self._local = threading.local()
        self._models = {}  # id of an outermost module -> (weak reference, Model or None)
        self._counts = {}  # class name -> models of it so far
        self._places = {}  # (elements, device) -> index of the sample
        self._sketcher = Sketcher(torch)

    def install(self):
        """Wrap the calls of modules, on top of what keeps the module paths."""
        torch = self._torch
        original = torch.nn.Module.__call__
        is_compiling = torch.compiler.is_compiling
        local, guard = self._local, self._context.guard
        begin, returned = self._begin, self._returned

        def call(self, *args, **kwargs):
            # TorchDynamo folds the test to True and inlines the rest: compiled graphs are those of the bare program.
            if is_compiling():
                return original(self, *args, **kwargs)
            stack = getattr(local, "stack", None)
            if stack is None:
                stack = local.stack = []
            if stack and stack[0] is None:
                return original(self, *args, **kwargs)
            depth = len(stack)
            if depth:
                stack[-1] = True  # the caller calls another module
                stack.append(False)
            else:
                local.model = guard("activations", begin, self, args, kwargs)
                stack.append(None if local.model is None else False)
            try:
                result = original(self, *args, **kwargs)
                if stack[depth] is False:
                    guard("activations", returned, local.model, self, args, result)
                return result
            finally:
                del stack[depth:]

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(call, name, getattr(original, name, None))
        skip_code(torch, call)
        torch.nn.Module.__call__ = call

    def after_fork(self):
        """In a forked child: the parent's files are its own."""
        self._keeper.forget()

    def finish(self):
        """Close the files."""
        self._keeper.finish(self._context.step)

    # calls

    def _begin(self, module, args, kwargs):
        """A module is called from outside any other: return its model if this pass is kept, after its input was."""
        with Hidden(self._torch, self._context.unseen()):
            return self._begun(module, args, kwargs)

    def _begun(self, module, args, kwargs):
        model = self._model(module)
        if model is None or not self._keeper.keeps(self._context.step):
            return None
        if self._context.thread_index:
            self._keeper.cut("a module was called in another thread")
            return None
        if self._torch._C._get_tracing_state() is not None:
            return None
        if model.module() is module:
            self._keep(model, "input", "input", (args, kwargs))
        return model

    def _returned(self, model, module, args, result):
        """A module that calls no other has returned."""
        with Hidden(self._torch, self._context.unseen()):  # asking for a shape, too, is seen by function modes
            self._put_out(model, module, args, result)

    def _put_out(self, model, module, args, result):
        name = model.layers.get(id(module))
        if name is None:
            root = model.module()
            if root is not None:
                model.learn(root)
            name = model.layers.get(id(module), type(module).__name__)
        if not is_reshape(module, args, result):
            self._keep(model, name, type(module).__name__, result)

    def _model(self, module):
        known = self._models.get(id(module))
        if known is not None and known[0]() is module:
            return known[1]
        model = None
        if next(module.parameters(), None) is not None:
            alive = [entry[1] for entry in self._models.values() if entry[0]() is not None and entry[1] is not None]
            model = next((each for each in alive if each.holds(module)), None) or self._new(module)
        self._models[id(module)] = (weakref.ref(module), model)
        return model

    def _new(self, module):
        kind = type(unwrapped(module)).__name__
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        return Model(module, kind if count == 1 else "%s#%d" % (kind, count))

    # tensors

    def _keep(self, model, layer, kind, value):
        self._keeper.call(model.name, layer, kind, [self._read(each) for each in trees.tensors(value)])

    def _read(self, tensor):
        """Return (dtype, shape, digest, buffer, elements, buffer of the sketch) of a tensor, as the keeper takes it."""
        dtype, shape = str(tensor.dtype).replace("torch.", ""), [int(side) for side in tensor.shape]
        if not self._is_plain(tensor):
            return dtype, shape, None, None, 0, None
        try:
            digest = self._prints.digest(tensor)
        except NotCoveredError:
            return dtype, shape, None, None, 0, None
        total = tensor.numel()
        if not tensor.is_floating_point() or not total:
            return dtype, shape, digest, None, 0, None
        plain, sketch = tensor.detach(), None
        if total > self._keeper.elements:
            flat = plain.reshape(-1)
            plain = flat.index_select(0, self._sample(total, tensor.device))
            if tensor.device.type != "mps":  # which has no float64
                sketch = self._bytes(self._sketcher.sums(flat))
        return dtype, shape, digest, self._bytes(plain), plain.numel(), sketch

    def _bytes(self, tensor):
        plain = self._prints.plain(tensor)
        return bytes(self._prints.view(plain.numel() * plain.element_size())(plain.data_ptr()))

    def _is_plain(self, tensor):
        """True for tensors that have bits to read now."""
        torch = self._torch
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.layout is not torch.strided:
            return False
        if tensor.is_quantized or tensor.device.type == "meta":
            return False
        if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
            return False
        return not (tensor.is_cuda and torch.cuda.is_current_stream_capturing())

    def _sample(self, total, device):
        found = self._places.get((total, device))
        if found is None:
            chosen = places(total, self._keeper.elements)
            found = self._places[(total, device)] = self._torch.tensor(chosen, dtype=self._torch.int64, device=device)
        return found


def start(session, torch):
    """Start to keep activations in this process; return what `finish` and `after_fork` are asked of."""
    keeper = Keeper(session.config.run_dir, lambda: session.writer.trace_name, session.config.activations)
    found = Activations(torch, session.context, session.prints, keeper)
    found.install()
    skip_package(torch)  # what was loaded just now
    return found
