"""The states of the program's global generators: kept, put back, compared."""

import random
import sys


def state(torch):
    """Return the states of all that the program has."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
    numpy = sys.modules.get("numpy.random")
    return random.getstate(), torch.get_rng_state(), devices, numpy.get_state() if numpy is not None else None


def restore(torch, kept):
    """Put the generators back into a state."""
    own, cpu, devices, numpy = kept
    random.setstate(own)
    torch.set_rng_state(cpu)
    if devices is not None:
        torch.cuda.set_rng_state_all(devices)
    if numpy is not None:
        sys.modules["numpy.random"].set_state(numpy)


def same(torch, one, other):
    """True where nothing was drawn between two states."""
    if one[0] != other[0] or not torch.equal(one[1], other[1]):
        return False
    if (one[2] is None) != (other[2] is None) or (one[3] is None) != (other[3] is None):
        return False
    if one[2] is not None and not all(torch.equal(a, b) for a, b in zip(one[2], other[2])):
        return False
    return one[3] is None or all(_same_part(a, b) for a, b in zip(one[3], other[3]))


def _same_part(one, other):
    return one.tobytes() == other.tobytes() if hasattr(one, "tobytes") else one == other
