"""Watches a program train: which modules it trains, and the batches of its last evaluation.

A wrapper around `torch.nn.Module.__call__` sees the calls from outside any module. Calls in `eval()` mode or without
gradients are an evaluation; those between two optimizer steps belong together. The last such round is kept, as copies.
"""

import contextlib
import threading
import weakref

from ..dynamo import skip_code
from . import trees
from .modules import holds, is_compiled, outermost, shape, unwrapped, weight_shapes
from .stacking import repeated

_FIRST_CALLS = 16  # modules whose first call is kept


class Call:
    """One call of a module, to be made again."""

    def __init__(self, torch, module, args, kwargs):
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.training = [part.training for part in module.modules()]
        self._autocast = []
        for kind in sorted({"cpu", *(tensor.device.type for tensor in trees.tensors((args, kwargs)))}):
            if torch.is_autocast_enabled(kind):
                self._autocast.append((kind, torch.get_autocast_dtype(kind)))

    def again(self, torch, model, times=1):
        """Call `model` (the module, or what a wrapper around it holds) with the same arguments, or so many of them as
        one batch."""
        copies = repeated((self.args, self.kwargs), times)
        with contextlib.ExitStack() as stack:
            for kind, dtype in self._autocast:
                stack.enter_context(torch.autocast(kind, dtype=dtype))
            return model(*copies[0], **copies[1])


class Recorder:
    """What was trained, and the last round of evaluation; both are asked for when the program has ended."""

    def __init__(self, torch, limit_bytes, guard):
        self.noise = None  # a TrainingNoise where the training is to be noisy
        self._torch = torch
        self._limit = limit_bytes
        self._guard = guard
        self._inside = threading.local()
        self._roots = {}  # id -> weak reference to a module with parameters that was called from outside any other
        self._latest = {}  # id of a module -> optimizer steps before its last call
        self._called = []  # weak references to the models in them, unwrapped, in the order of their first calls
        self._optimizers = {}  # id -> (weak reference, modules that it trains)
        self._originals = []  # what was trained, where an average or a copy of it was evaluated
        self._last = None  # the last module called with gradients, while no optimizer is known: kept alive
        self._replaced = 0
        self._size = 0
        self._over = False  # a step was taken since the evaluation: the next evaluation is a new round
        self.steps_after = 0  # optimizer steps since the last evaluation
        self.steps = 0
        self.evaluation = []
        self.dropped = 0  # calls of the last round that did not fit
        self._forget_perhaps()
        self._first = {}  # id -> (weak reference, arguments of the module's first call), for its layers
        self._ended = False

    def _forget_perhaps(self):
        self._perhaps = []  # calls in eval() mode with gradients: an evaluation, unless a step follows
        self._perhaps_size = 0
        self._perhaps_dropped = 0

    # what the program does

    def install(self):
        """Wrap the calls of modules, and follow the optimizers."""
        torch = self._torch
        original = torch.nn.Module.__call__
        proceed = original if self.noise is None else self.noise.wrap(original)
        is_compiling = torch.compiler.is_compiling
        inside, guard, seen = self._inside, self._guard, self._seen

        def call(self, *args, **kwargs):
            # TorchDynamo folds the test to True and inlines the rest: compiled graphs are those of the bare program.
            if is_compiling():
                return original(self, *args, **kwargs)
            if getattr(inside, "module", False):
                return proceed(self, *args, **kwargs)
            inside.module = True
            try:
                guard("evaluation", seen, self, args, kwargs)
                return proceed(self, *args, **kwargs)
            finally:
                inside.module = False

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(call, name, getattr(original, name, None))
        skip_code(torch, call)
        torch.nn.Module.__call__ = call

    def _seen(self, module, args, kwargs):
        """A module is about to be called from outside any other."""
        if self._ended or self._torch._C._get_tracing_state() is not None:
            return
        known = self._roots.get(id(module))
        if known is None or known[0]() is not module:
            has_parameters = next(module.parameters(), None) is not None
            self._roots.pop(id(module), None)  # the order is that of first calls
            known = self._roots[id(module)] = (weakref.ref(module), has_parameters)
            if has_parameters:
                self._first_called(unwrapped(module))
        if not known[1]:
            return
        self._latest[id(module)] = self.steps
        if self.noise is not None:
            self.noise.called()
        wrapped = self._torch._C._functorch.is_functorch_wrapped_tensor
        if any(wrapped(tensor) for tensor in trees.tensors((args, kwargs))):
            return  # inside torch.func.vmap say: such tensors mean nothing outside of it
        first = self._first.get(id(module))
        if (first is None or first[0]() is not module) and len(self._first) < _FIRST_CALLS:
            call = self._copied(module, args, kwargs)
            self._first[id(module)] = (known[0], call.args, call.kwargs)
        if self._torch.is_grad_enabled() and not self._optimizers:
            self._last = module
        if not self._torch.is_grad_enabled():
            self._keep(module, args, kwargs)
        elif not module.training:
            self._keep_perhaps(module, args, kwargs)

    def _first_called(self, model):
        if not any(each() is model for each in self._called):
            self._called.append(weakref.ref(model))

    def _keep(self, module, args, kwargs):
        if self._over:
            self.evaluation, self._size, self.dropped, self._over = [], 0, 0, False
        self.steps_after = 0
        size = trees.size_bytes((args, kwargs))
        if self._size + size > self._limit:
            self.dropped += 1
            return
        self._size += size
        self.evaluation.append(self._copied(module, args, kwargs))

    def _keep_perhaps(self, module, args, kwargs):
        """Training with layers in eval() mode looks the same until the next step: it must not cost more memory."""
        size = trees.size_bytes((args, kwargs))
        if self._perhaps_size + size > self._limit:
            self._perhaps_dropped += 1
            return
        self._perhaps_size += size
        self._perhaps.append(self._copied(module, args, kwargs))

    def _copied(self, module, args, kwargs):
        with self._torch.no_grad():
            copies = [trees.mapped(each, lambda tensor: tensor.detach().clone()) for each in (args, kwargs)]
        return Call(self._torch, module, *copies)

    def stepped(self, optimizer):
        """An optimizer has taken a step."""
        self._over = True
        self._last = None
        self._forget_perhaps()
        self.steps += 1
        self.steps_after += 1
        known = self._optimizers.get(id(optimizer))
        if known is None or known[0]() is not optimizer:
            for key in [key for key, (reference, _) in self._optimizers.items() if reference() is None]:
                del self._optimizers[key]  # an earlier model, of another fold say: it need not be kept any longer
                self._replaced += 1
            self._optimizers[id(optimizer)] = (weakref.ref(optimizer), self._owners(optimizer))

    def _owners(self, optimizer):
        wanted = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        return [module for module in self.roots() if any(id(each) in wanted for each in module.parameters())]

    def optimizers(self):
        """Return how many optimizers are known."""
        return len(self._optimizers)

    def roots(self):
        """Return the modules with parameters that were called from outside any other, and are still there."""
        found = [reference() for reference, has_parameters in list(self._roots.values()) if has_parameters]
        return [module for module in found if module is not None]

    def called_model(self, number):
        """Return the model that was the so-manieth to be called, from 0; None where there is none, or no longer."""
        return self._called[number]() if number < len(self._called) else None

    # what is asked when it has ended

    def places(self, module):
        """Return [number of the model, its class, path in it] for every called model that holds a module, or what that
        is a copy of."""
        found = []
        wanted = [module, *self._copied_from(module)]
        for number, root in self._called_models():
            for path, part in root.named_modules():
                if any(part is each for each in wanted):
                    found.append([number, type(root).__name__, path])
        return found

    def _called_models(self):
        found = [(number, reference()) for number, reference in enumerate(self._called)]
        return [(number, root) for number, root in found if root is not None]

    def _copied_from(self, module):
        """Return the modules at the same place of the trained models, where this one is in a copy of one of them."""
        found = []
        for original in self._originals:
            wanted = shape(original)
            for _, root in self._called_models():
                for part in root.modules():
                    if part is not original and type(part) is type(original) and shape(part) == wanted:
                        pairs = zip(part.modules(), original.modules())
                        found += [twin for copy, twin in pairs if copy is module]
        return found

    def models(self):
        """Return (roots, notes): the outermost modules that were trained last, else those that were evaluated.

        The program has ended: calls from here on are ours.
        """
        self._ended = True
        notes = []
        trained = {id(module) for each in list(self._optimizers.values()) for module in self._trained(*each)}
        trained = self._in_use(outermost([module for module in self.roots() if id(module) in trained]))
        if not self.evaluation:
            self.evaluation, self.dropped = self._perhaps, self._perhaps_dropped
        evaluated = outermost([call.module for call in self.evaluation])
        chosen = trained
        if not trained:
            chosen = evaluated
            notes.append("no optimizer of torch took a step: the model is the one that was called")
            if not chosen and self._last is not None:
                chosen = [self._last]
        elif evaluated and self._stand_for(trained, evaluated):
            chosen = evaluated
            self._originals = [unwrapped(module) for module in trained]
            notes.append("the model that was evaluated is not the one that was trained: an average of it, or a copy")
        if self._replaced:
            notes.append("%d models were trained before this one, and are left alone" % self._replaced)
        if any(is_compiled(module) for module in chosen):
            notes.append("the model is compiled in the program; it is evaluated without compilation")
        return [unwrapped(module) for module in chosen], notes

    def _stand_for(self, trained, evaluated):
        """True where averages or copies of what was trained were evaluated: after the last step, or of its shape, in
        between. What else is called without gradients in training is a teacher, or a target."""
        if any(holds(each, model) for each in trained for model in evaluated) or self.steps_after == self.steps:
            return False
        shapes = [weight_shapes(model) for model in trained]
        parts = [part for model in evaluated for part in model.modules()]
        return self.steps_after == 0 or any(weight_shapes(part) in shapes for part in parts)

    def _in_use(self, modules):
        """Leave out what was called before the first step alone, and whose weights are in another: it was traced."""
        used = [module for module in modules if self._latest[id(module)]]
        weights = [{id(each) for each in module.parameters()} for module in used]
        return [
            module
            for module in modules
            if self._latest[id(module)]
            or not any({id(each) for each in module.parameters()} <= all_ for all_ in weights)
        ]

    def _trained(self, reference, modules):
        """What an optimizer trains; looked for once more where nothing had been called yet: in a compiled function."""
        optimizer = reference()
        return modules or ([] if optimizer is None else self._owners(optimizer))

    def first_calls(self, roots):
        """Return the first call of each of these models, as far as it is known, to be made in eval() mode."""
        found = []
        for reference, args, kwargs in self._first.values():
            module = reference()
            if module is not None and any(holds(root, module) for root in roots):
                call = Call(self._torch, module, args, kwargs)
                call.training = [False] * len(call.training)
                found.append(call)
        return found

    def calls(self, roots):
        """Return the calls of the last evaluation that concern these models."""
        return [call for call in self.evaluation if any(holds(root, call.module) for root in roots)]
