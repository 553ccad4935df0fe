"""Which generator an op draws from, and whether it did."""

from .. import wire


class Draws:
    """Looks at generators before and after random ops."""

    def __init__(self, torch, prints):
        self._torch = torch
        self._prints = prints

    def generator(self, args, kwargs):
        """Return the generator that an op with these arguments draws from; None where we cannot see it."""
        torch = self._torch
        device = kwargs.get("device")
        generator = kwargs.get("generator")
        for value in args:
            if isinstance(value, torch.Generator):
                generator = value
            elif device is None and isinstance(value, torch.Tensor):
                device = value.device
        if generator is not None:
            return generator
        if device is None or device.type == "cpu":
            return torch.default_generator
        if device.type == "cuda" and torch.cuda.is_initialized():
            index = device.index if device.index is not None else torch.cuda.current_device()
            return torch.cuda.default_generators[index]
        return None

    def state(self, generator):
        """Return the digest of a generator's state; 0 for None."""
        if generator is None:
            return 0
        return self._prints.digest(generator.get_state())

    def settle(self, generator, event):
        """Some ops are marked as random and draw nothing (attention without dropout): look at the generator."""
        if generator is not None and self.state(generator) == event.state:
            event.state = 0
        else:
            event.flags |= wire.RANDOM
