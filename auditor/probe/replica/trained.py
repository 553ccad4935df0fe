"""Which modules an optimizer trains, found without watching any call."""

import gc


def parameters_of(optimizer):
    """The tensors that an optimizer steps, in its order."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def owners(parameters, roots):
    """Return those of `roots` that hold any of the parameters, ordered by the first one, and parameters of none."""
    place = {id(parameter): index for index, parameter in enumerate(parameters)}
    held = set()
    found = []
    for root in roots:
        own = [place[id(parameter)] for parameter in root.parameters() if id(parameter) in place]
        if own:
            found.append((min(own), len(found), root))
            held.update(own)
    ordered = [root for _, _, root in sorted(found, key=lambda entry: entry[:2])]
    return ordered, [parameter for index, parameter in enumerate(parameters) if index not in held]


def all_roots(torch):
    """Every module of the process that no other module contains. Looks at all objects once; runs no code of theirs."""
    kind = torch.nn.Module
    modules = [thing for thing in gc.get_objects() if issubclass(type(thing), kind) and "_modules" in thing.__dict__]
    inner = {id(child) for module in modules for child in module.__dict__["_modules"].values() if child is not None}
    return [module for module in modules if id(module) not in inner]
