"""torch's generators: seeds and states of the CPU's and of every initialised CUDA device's, and `torch.Generator`."""

import ctypes
import functools
import gc
import sys

from . import first, seed_text

LIBRARY = "torch"
_ENTROPY = "entropy"


def install(watchers, torch):
    """Watch torch's generators."""
    session = watchers.session
    session.prints.install(torch)

    def digest(state):
        with torch._C.DisableTorchFunction():  # the program's function modes are not asked about our tensors
            return session.prints.digest(state)

    watchers.watch(LIBRARY, lambda: digest(torch.default_generator.get_state()))
    watchers.torch_devices = 0
    watchers.settle.append(functools.partial(_watch_new_devices, watchers, torch, digest))
    _wrap_functions(watchers, torch, digest)
    session.guard("rng", _wrap_generator_class, watchers, torch, digest)
    session.guard("rng", _sample_before_fetch, watchers, torch)


def _watch_new_devices(watchers, torch, digest):
    if not (hasattr(torch, "cuda") and torch.cuda.is_initialized()):
        return
    generators = torch.cuda.default_generators
    while watchers.torch_devices < len(generators):
        index = watchers.torch_devices
        watchers.torch_devices += 1
        generator = generators[index]
        watchers.watch("torch.cuda:%d" % index, lambda generator=generator: digest(generator.get_state()))


def _wrap_functions(watchers, torch, digest):
    def seed(args, kwargs):
        return seed_text(first(args, kwargs, "seed"))

    def entropy(args, kwargs):
        return _ENTROPY

    def state(args, kwargs):
        return _state_text(first(args, kwargs, "new_state", first(args, kwargs, "new_states")), digest)

    wanted = [
        (torch, torch.random, LIBRARY, "torch", {"manual_seed": seed, "seed": entropy, "set_rng_state": state}),
        (torch.cuda, torch.cuda.random, "torch.cuda", "torch.cuda", {
            "manual_seed": seed, "manual_seed_all": seed, "seed": entropy, "seed_all": entropy,
            "set_rng_state": state, "set_rng_state_all": state,
        }),
    ]  # fmt: skip
    for public, private, library, prefix, functions in wanted:
        for name, describe in functions.items():
            original = getattr(private, name, None)
            if original is None:
                continue
            wrapper = watchers.wrap(original, library, prefix + "." + name, describe)
            setattr(private, name, wrapper)
            if getattr(public, name, None) is original:
                setattr(public, name, wrapper)


def _state_text(value, digest):
    if isinstance(value, (list, tuple)):
        return " ".join(_state_text(item, digest) for item in value)
    # What is no tensor is about to be refused.
    return "state %016x" % digest(value) if hasattr(value, "data_ptr") else seed_text(value)


def _wrap_generator_class(watchers, torch, digest):
    """Wrap methods of `torch.Generator`, in place, so that the class stays the class that everyone knows.

    It is immutable for Python code; its dictionary is not.
    """
    kind = torch._C.Generator
    members = gc.get_referents(kind.__dict__)[0]
    if type(members) is not dict or "manual_seed" not in members:
        raise TypeError("torch.Generator cannot be watched")

    def seed(args, kwargs):
        return _library(args[0]), "torch.Generator.manual_seed", seed_text(first(args[1:], kwargs, "seed"))

    def entropy(args, kwargs):
        return _library(args[0]), "torch.Generator.seed", _ENTROPY

    def state(args, kwargs):
        return _library(args[0]), "torch.Generator.set_state", _state_text(first(args[1:], kwargs, "new_state"), digest)

    default = torch.default_generator

    def _library(generator):
        if generator is default:
            return LIBRARY
        return "torch.Generator" if generator.device.type == "cpu" else "torch.%s" % generator.device

    for name, describe in (("manual_seed", seed), ("seed", entropy), ("set_state", state)):
        original = members.get(name)
        if original is not None:
            members[name] = watchers.wrap(original, LIBRARY, name, describe)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def _sample_before_fetch(watchers, torch):
    """Look at all states before a data loader asks its data set for items, in workers as well."""
    module = sys.modules["torch.utils.data._utils.fetch"]
    guard = watchers.session.guard
    for name in ("_MapDatasetFetcher", "_IterableDatasetFetcher"):
        kind = getattr(module, name, None)
        if kind is not None:
            kind.fetch = _sampling(kind.fetch, guard, watchers.sample)


def _sampling(original, guard, sample):
    @functools.wraps(original)
    def fetch(self, possibly_batched_index):
        guard("rng", sample)
        return original(self, possibly_batched_index)

    return fetch
