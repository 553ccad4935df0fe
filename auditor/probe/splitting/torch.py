"""torch's default generators: whoever draws from them finds the numbers of a stream there, for as long as it draws.

Functions and methods that draw are wrapped where programs find them; what draws without them (compiled code, operators
called as `torch.ops`, native code) moves the generator itself, which is told. A generator that the program passes is
its own: it is left alone, or, where those take part, drawn from twice: once as it is, so that it moves on as it would,
and once from a seed that its state and this replica give.
"""

import ctypes
import functools
import gc
import hashlib
import importlib
import sys
import weakref
from _thread import get_ident

from ..taping.libraries import is_default
from ..taping.replaced import Replaced
from .sources import WORKERS

DROPPING = (
    "dropout", "dropout_", "alpha_dropout", "alpha_dropout_", "feature_dropout", "feature_dropout_",
    "feature_alpha_dropout", "feature_alpha_dropout_", "native_dropout", "_fused_dropout", "rrelu", "rrelu_",
    "lstm", "gru", "rnn_tanh", "rnn_relu",
)  # fmt: skip
"""Functions of stochastic layers, in `torch` and behind `torch.nn.functional`."""

DRAWING = (
    "rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "normal", "bernoulli", "multinomial",
    "poisson", "binomial", "_standard_gamma", "_sample_dirichlet",
)  # fmt: skip
PERMUTING = ("randperm",)
LAYERS = ("scaled_dot_product_attention", "rrelu_with_noise", "rrelu_with_noise_")
"""Those of `torch._C._nn`."""

METHODS = (
    "bernoulli", "bernoulli_", "multinomial", "normal_", "uniform_", "log_normal_", "exponential_", "geometric_",
    "cauchy_", "random_",
)  # fmt: skip


class Adapter:
    """Generators of one device, handled with what torch had before anybody wrapped it."""

    def __init__(self, kind, members):
        self._kind = kind
        self._seed = getattr(members["manual_seed"], "__wrapped__", members["manual_seed"])
        self.get = members["get_state"]
        self.set = members["set_state"]

    def make(self, generator, seed):
        made = self._kind(device=generator.device)
        self._seed(made, seed)
        return made

    def seed(self, generator, seed):
        self._seed(generator, seed)

    def digest(self, state):
        data = (ctypes.c_char * (state.numel() * state.element_size())).from_address(state.data_ptr())
        return hashlib.sha256(data).digest()


def install(splitter, torch):
    _Torch(splitter, torch).install()


class _Torch:
    """The wrappers of one process."""

    def __init__(self, splitter, torch):
        self._splitter = splitter
        self._torch = torch
        self._splits = {}  # id of a default generator -> Split
        self._wrapped = []  # pairs of what stands in for a function, and the function
        self._drawing = set()  # threads inside a draw: what it calls in turn is part of it
        self._parameters = {}  # id -> reference to a parameter of a module

    def install(self):
        torch = self._torch
        self._splitter.sources.know(torch)
        self._wrap_generator_class()
        self._split_of(torch.default_generator)
        torch.nn.modules.module.register_module_parameter_registration_hook(self._registered)
        # `set_default_device` compares functions with those that it finds at its first call.
        importlib.import_module("torch.utils._device")._device_constructors()
        for name in DRAWING + PERMUTING + DROPPING:
            self._wrap(torch, name, "torch." + name)
        for name in LAYERS:
            self._wrap(torch._C._nn, name, "torch.nn.functional." + name)
        functional = torch.nn.functional
        if hasattr(functional, "scaled_dot_product_attention"):
            functional.scaled_dot_product_attention = torch._C._nn.scaled_dot_product_attention
        self._splitter.follow_dynamo(self._wrapped)
        for name in METHODS:
            original = getattr(torch.Tensor, name)
            setattr(torch.Tensor, name, functools.wraps(original)(self._method("torch.Tensor." + name, original)))

    def _registered(self, module, name, parameter):
        """Called by torch for every parameter of a module; tensors do not compare as a `WeakSet` asks them to."""
        if parameter is not None:
            key = id(parameter)
            self._parameters[key] = weakref.ref(parameter, lambda _: self._parameters.pop(key, None))

    # functions

    def _wrap(self, module, name, call):
        original = getattr(module, name, None)
        if original is None:
            return
        found = Replaced(original, self._function(call, name, original), "%s.%s" % (module.__name__, name))
        setattr(module, name, found)
        self._wrapped.append((found, original))
        if module is self._torch:
            setattr(self._torch._VF, name, found)
        table = getattr(sys.modules.get("torch.jit._builtins"), "_builtin_table", None)
        if table and id(original) in table:  # TorchScript knows operators by their functions
            table[id(found)] = table[id(original)]

    def _function(self, call, name, original):
        permutes, drops = name in PERMUTING, name in DROPPING or name in LAYERS
        is_compiling = self._torch.compiler.is_compiling
        draw, drawing = self._draw, self._drawing

        def function(*args, **kwargs):
            if is_compiling() or get_ident() in drawing:
                return original(*args, **kwargs)
            return draw(
                call, original, args, kwargs, sys._getframe(2), permutes, drops, bool(kwargs.get("requires_grad"))
            )

        return function

    def _method(self, call, original):
        is_compiling = self._torch.compiler.is_compiling
        draw, drawing = self._draw, self._drawing
        in_place = call.endswith("_")

        def method(self, *args, **kwargs):
            if is_compiling() or get_ident() in drawing:
                return original(self, *args, **kwargs)
            return draw(
                call, original, (self, *args), kwargs, sys._getframe(1), False, False, in_place and is_weight(self)
            )

        is_weight = self._is_weight
        return method

    def _is_weight(self, tensor):
        """Whether a tensor is a parameter, or shares the memory of one."""
        if isinstance(tensor, self._torch.nn.Parameter) or tensor.requires_grad:
            return True
        try:
            memory = tensor.untyped_storage().data_ptr()
            alive = [reference() for reference in list(self._parameters.values())] if memory else ()
            return any(one is not None and one.untyped_storage().data_ptr() == memory for one in alive)
        except (RuntimeError, NotImplementedError):  # tensors without memory
            return False

    # draws

    def _draw(self, call, original, args, kwargs, frame, permutes, drops, fills):
        thread = get_ident()
        self._drawing.add(thread)
        try:
            source = self._splitter.source_of(frame, permutes, drops, fills)
            given = kwargs.get("generator")
            if given is None:
                given = next((one for one in args if isinstance(one, self._torch._C.Generator)), None)
            if given is not None and not is_default(self._torch, given):
                return self._draw_private(source, call, original, args, kwargs, given, frame)
            generator = given if given is not None else self._generator(args, kwargs)
            if generator is None:
                self._splitter.drew(source, call, frame, "of a device whose generator cannot be split")
                return original(*args, **kwargs)
            held = "for a loader's workers: what these draw is told apart there" if source == WORKERS else ""
            return self._draw_split(source, call, original, args, kwargs, generator, frame, held)
        finally:
            self._drawing.discard(thread)

    def _draw_split(self, source, call, original, args, kwargs, generator, frame, held):
        guard = self._splitter.guard
        split = guard("split", self._split_of, generator)
        if split is None:
            return original(*args, **kwargs)
        with split.lock:
            before = guard("split", split.enter, source)
            try:
                return original(*args, **kwargs)
            finally:
                if before is not None and guard("split", split.leave, source, before):
                    self._splitter.drew(source, call, frame, held)

    def _draw_private(self, source, call, original, args, kwargs, generator, frame):
        splitter = self._splitter
        adapter = self._split_of(self._torch.default_generator).adapter
        varied = splitter.private and splitter.is_varied(source)
        if source == WORKERS or is_derived(frame):
            return original(*args, **kwargs)
        before = adapter.get(generator)
        result = original(*args, **kwargs)
        after = adapter.get(generator)
        if adapter.digest(before) == adapter.digest(after):
            return result
        splitter.drew(source, call, frame, "" if varied else "from a generator of the program's own")
        if varied:
            text = "%s|private|%s|%s" % (splitter.root(source), source, adapter.digest(before).hex())
            seed = int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "little") >> 11
            adapter.seed(generator, seed)
            result = original(*args, **kwargs)
            adapter.set(generator, after)
        return result

    def _generator(self, args, kwargs):
        """The default generator that a call without one draws from; None where there is none to be had."""
        torch = self._torch
        device = kwargs.get("device")
        if device is None:
            tensor = next((one for one in args if isinstance(one, torch.Tensor)), None)
            tensor = tensor if tensor is not None else kwargs.get("input", kwargs.get("query"))
            device = tensor.device if tensor is not None else torch.get_default_device()
        device = torch.device(device)
        if device.type in ("cpu", "meta"):
            return torch.default_generator
        if device.type == "cuda" and not torch.cuda.is_current_stream_capturing():
            torch.cuda.init()
            index = torch.cuda.current_device() if device.index is None else device.index
            return torch.cuda.default_generators[index]
        return None

    # generators

    def _split_of(self, generator):
        found = self._splits.get(id(generator))
        if found is None:
            name = "torch" if generator.device.type == "cpu" else "torch.%s" % generator.device
            found = self._splits[id(generator)] = self._splitter.split(name, self._adapter, generator)
        return found

    def _wrap_generator_class(self):
        """Follow seeds and states of the default generators, in place: the class stays the one that everyone knows."""
        torch = self._torch
        kind = torch._C.Generator
        members = gc.get_referents(kind.__dict__)[0]
        if type(members) is not dict or "manual_seed" not in members:
            raise TypeError("torch.Generator cannot be followed")
        self._adapter = Adapter(torch.Generator, dict(members))
        for name in ("manual_seed", "seed"):
            members[name] = self._changing(members[name], lambda split: split.restart())
        members["set_state"] = self._changing(members["set_state"], lambda split: split.restored())
        members["get_state"] = self._taking(members["get_state"])
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
        from ..dynamo import skip_code

        for name in ("manual_seed", "seed", "set_state", "get_state"):
            self._splitter.guard("split", skip_code, torch, members[name])

    def _changing(self, original, then):
        @functools.wraps(original)
        def change(self_, *args, **kwargs):
            if not is_default(self._torch, self_):
                return original(self_, *args, **kwargs)
            split = self._split_of(self_)
            with split.lock:
                split.settle()
                result = original(self_, *args, **kwargs)
                then(split)
            return result

        return change

    def _taking(self, original):
        @functools.wraps(original)
        def get_state(self_):
            if not is_default(self._torch, self_):
                return original(self_)
            split = self._split_of(self_)
            with split.lock:
                return split.taken().clone()

        return get_state


def is_derived(frame):
    """Inside a sampler of torch that was given no generator: it seeds one with a draw from the default one."""
    if frame.f_code.co_filename.replace("\\", "/").endswith("torch/utils/data/sampler.py"):
        return getattr(frame.f_locals.get("self"), "generator", frame) is None
    return False
