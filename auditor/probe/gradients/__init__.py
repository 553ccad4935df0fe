"""Keeps the gradients that optimizers are given, step by step, so that runs can be held against each other in size.

The gradient of a step is what `.grad` of a parameter holds when the optimizer's step begins: summed over accumulated
batches, reduced over ranks, clipped. A step with a closure, or of an optimizer with hooks that may still change it, is
read when it ends: the last gradient that was computed in it. Where a `GradScaler` leaves it to the optimizer to divide
by its factor (fused ones), what is kept is divided by it.
"""

import threading
import weakref

from ..replica import trained
from ..walking.modules import unwrapped
from .keeping import Keeper
from .reading import Reader, UnreadableError


class Gradients:
    """One process's. Told of every optimizer's steps, with what the collector knows of what it trains.

    Steps are counted from 0 over all optimizers: a new one begins when an optimizer steps that has already stepped in
    the present one, so that the two of a GAN share theirs.
    """

    def __init__(self, settings, name_of):
        self._keeper = Keeper(settings, name_of)
        self._reader = None
        self.forget()

    def forget(self):
        """In a forked child: the parent's files are its own."""
        self._keeper.forget()
        self._lock = threading.Lock()
        self._step = 0
        self._optimizers = 0
        self._models = []  # (weak reference, name)
        self._counts = {}  # class name -> models of it so far

    def begins(self, torch, optimizer, training, arguments):
        """An optimizer's step begins. `arguments`: positional ones, the optimizer first, and those by name."""
        with self._lock:
            if training.number is None:
                training.number = self._optimizers
                self._optimizers += 1
            if training.last_step == self._step:
                self._step += 1
            training.last_step = self._step
            training.read_late = _has_closure(*arguments) or bool(getattr(optimizer, "_optimizer_step_pre_hooks", None))
            if not training.read_late:
                self._keep(torch, optimizer, training, getattr(optimizer, "grad_scale", None))

    def ends(self, torch, optimizer, training):
        """It ends."""
        with self._lock:
            if training.read_late:
                training.read_late = False
                self._keep(torch, optimizer, training, None)  # fused ones have divided in place by now

    def finish(self):
        """Close the files."""
        self._keeper.finish(self._step + 1)

    def _keep(self, torch, optimizer, training, scale):
        if not self._keeper.keeps(training.last_step):
            return
        if self._reader is None:
            self._reader = Reader(torch, self._keeper.elements, self._keeper.whole)
        names = self._names(training.roots)
        parts, missing, unread = [], [], []
        for number, parameter in enumerate(trained.parameters_of(optimizer)):
            model, name = names.get(id(parameter), ("", "parameter.%d" % number))
            dtype = str(parameter.dtype).rpartition(".")[2]
            about = (model, name, dtype, tuple(int(side) for side in parameter.shape))
            if not parameter.is_leaf and not parameter.retains_grad:
                unread.append((about, "the parameter is computed from others"))
                continue
            gradient = parameter.grad
            if gradient is None:
                missing.append(about)
                continue
            try:
                digest, data, kind = self._reader.read(gradient, scale)
                parts.append((about, digest, data, kind))
            except UnreadableError as error:
                unread.append((about, str(error)))
        self._keeper.step(training.last_step, training.number, parts, missing, unread)

    def _names(self, roots):
        """Id of a parameter -> (model, path in it). Looked up anew: parameters may have been added since."""
        found = {}
        for root in roots:
            inner = unwrapped(root)
            model = self._model(inner)
            for name, parameter in inner.named_parameters():
                found.setdefault(id(parameter), (model, name))
        return found

    def _model(self, module):
        for reference, name in self._models:
            if reference() is module:
                return name
        kind = type(module).__name__
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        name = kind if count == 1 else "%s#%d" % (kind, count)
        self._models.append((weakref.ref(module), name))
        return name


def _has_closure(positional, named):
    return named.get("closure") is not None or (len(positional) > 1 and positional[1] is not None)
