"""What modules are to each other: one inside another, or inside what wrappers put around it, or of the same shape."""

_WRAPPERS = ("DistributedDataParallel", "DataParallel")


def unwrapped(module):
    """Return the model inside what torch.compile and the parallel wrappers put around it."""
    while True:
        if type(module).__name__ == "OptimizedModule" and "_orig_mod" in module._modules:
            module = module._modules["_orig_mod"]
        elif type(module).__name__ in _WRAPPERS and "module" in module._modules:
            module = module._modules["module"]
        else:
            return module


def shape(module):
    """Return the names and classes of all parts."""
    return [(name, type(part)) for name, part in module.named_modules()]


def weight_shapes(module):
    return [parameter.shape for parameter in module.parameters()]


def is_compiled(module):
    return any(
        type(part).__name__ == "OptimizedModule" or getattr(part, "_compiled_call_impl", None) is not None
        for part in module.modules()
    )


def holds(root, module):
    """True if one is the other or inside it; wrappers do not count."""
    inner = unwrapped(module)
    return any(part is inner for part in unwrapped(root).modules())


def outermost(modules):
    """Return the modules that are in no other of them, each once."""
    found = []
    for module in modules:
        if not any(module is each for each in found):
            found.append(module)
    return [
        module
        for place, module in enumerate(found)
        if not any(
            other is not module and holds(other, module) and not (holds(module, other) and place < rank)
            for rank, other in enumerate(found)
        )
    ]
