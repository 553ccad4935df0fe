"""The noise itself: additive, multiplicative, or both; drawn anew at every call from generators of its own."""

from . import trees

ADD = "add"
MULTIPLY = "mul"
COMBINED = "combined"
ADD_RMS = "add-rms"
ADD_MAX = "add-max"
STEP = "step"
BITS = "bits"


def stages_of(kind, sigma, ratio=0.5, order="mul-add"):
    """Return the stages of noise of one kind: combined is sigma * ratio of one and sigma * (1 - ratio) of the other."""
    if kind != COMBINED:
        return [(kind, sigma)]
    stages = {"mul": (MULTIPLY, sigma * (1 - ratio)), "add": (ADD, sigma * ratio)}
    return [stages[word] for word in order.split("-")]


class Operator:
    """Noise on floating-point tensors, in stages (kind, amount) that are applied one after the other.

    add: y = x + e, e ~ N(0, amount^2). mul: y = x * h, h ~ N(1, amount^2). add-rms: as add, with amount times the root
    mean square of the tensor; add-max: times its greatest absolute value. step: y = x + u, u uniform over a step of
    that size, as rounding to its multiples does where values fall anywhere between them. bits: as step, of 2^bits - 1
    steps from -max|x| to max|x| of the tensor. The mean over `executions` applications to the same input where that is
    above 1. Each device has its own generator, seeded with `seed`: the program's are not touched.
    """

    def __init__(self, torch, stages, seed, executions=1):
        self._torch = torch
        self._seed = seed
        self._generators = {}  # device -> generator
        self._executions = executions
        self._stages = [(kind, amount) for kind, amount in stages]
        self._drawn = {torch.float16, torch.bfloat16, torch.float32, torch.float64}

    def __call__(self, tensor):
        """Return a noisy tensor of the same type and shape; integers, booleans and complex numbers stay as they are."""
        if not tensor.is_floating_point():
            return tensor
        result = self._once(tensor)
        for _ in range(self._executions - 1):
            result = result + self._once(tensor)
        return result if self._executions == 1 else result / self._executions

    def apply(self, value):
        """Return what a module took or returned, with every tensor in it noisy."""
        return trees.mapped(value, self)

    def _once(self, tensor):
        for kind, amount in self._stages:
            if kind == MULTIPLY:
                tensor = tensor * self._normal(tensor, 1.0, amount)
            elif kind == ADD:
                tensor = tensor + self._normal(tensor, 0.0, amount)
            elif kind in (ADD_RMS, ADD_MAX):
                size = self._size(tensor, "rms" if kind == ADD_RMS else "greatest")
                tensor = tensor + self._normal(tensor, 0.0, amount * size)
            else:
                width = amount if kind == STEP else 2 * self._size(tensor, "greatest") / (2**amount - 1)
                tensor = tensor + self._uniform(tensor, width)
        return tensor

    def _size(self, tensor, what):
        """Return the root mean square or the greatest absolute value as a number; 0 for an empty tensor."""
        with self._torch.no_grad():
            plain = tensor.detach().double()
            if not plain.numel():
                return 0.0
            size = (plain * plain).mean().sqrt() if what == "rms" else plain.abs().max()
            value = size.item()
        return value if value < float("inf") else 0.0  # for NaN too: what is lost already needs no noise

    def _normal(self, tensor, mean, sigma):
        dtype, generator = self._type(tensor), self._generator(tensor.device)
        noise = self._torch.normal(mean, sigma, tensor.size(), generator=generator, dtype=dtype, device=tensor.device)
        return noise if dtype == tensor.dtype else noise.to(tensor.dtype)

    def _uniform(self, tensor, width):
        dtype, generator = self._type(tensor), self._generator(tensor.device)
        noise = self._torch.rand(tensor.size(), generator=generator, dtype=dtype, device=tensor.device)
        noise = (noise - 0.5) * width
        return noise if dtype == tensor.dtype else noise.to(tensor.dtype)

    def _type(self, tensor):
        return tensor.dtype if tensor.dtype in self._drawn else self._torch.float32

    def _generator(self, device):
        generator = self._generators.get(device)
        if generator is None:
            generator = self._generators[device] = self._torch.Generator(device=device)
            generator.manual_seed(self._seed)
        return generator
