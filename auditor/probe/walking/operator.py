"""The noise itself: additive, multiplicative, or both; drawn anew at every call from generators of its own."""

from . import trees

ADD = "add"
MULTIPLY = "mul"
COMBINED = "combined"


class Operator:
    """Noise of one kind and size on floating-point tensors.

    add: y = x + e, e ~ N(0, sigma^2). mul: y = x * h, h ~ N(1, sigma^2). combined: one after the other, with
    sigma_add = sigma * ratio and sigma_mul = sigma * (1 - ratio). The mean over `executions` applications to the same
    input where that is above 1. Each device has its own generator, seeded with `seed`: the program's are not touched.
    """

    def __init__(self, torch, kind, sigma, seed, ratio=0.5, order="mul-add", executions=1):
        self._torch = torch
        self._seed = seed
        self._generators = {}  # device -> generator
        self._executions = executions
        if kind == COMBINED:
            stages = {"mul": (MULTIPLY, sigma * (1 - ratio)), "add": (ADD, sigma * ratio)}
            self._stages = [stages[word] for word in order.split("-")]
        else:
            self._stages = [(kind, sigma)]
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
        for kind, sigma in self._stages:
            noise = self._noise(tensor, 0.0 if kind == ADD else 1.0, sigma)
            tensor = tensor + noise if kind == ADD else tensor * noise
        return tensor

    def _noise(self, tensor, mean, sigma):
        torch = self._torch
        dtype = tensor.dtype if tensor.dtype in self._drawn else torch.float32
        generator = self._generator(tensor.device)
        noise = torch.normal(mean, sigma, tensor.size(), generator=generator, dtype=dtype, device=tensor.device)
        return noise if dtype == tensor.dtype else noise.to(tensor.dtype)

    def _generator(self, device):
        generator = self._generators.get(device)
        if generator is None:
            generator = self._generators[device] = self._torch.Generator(device=device)
            generator.manual_seed(self._seed)
        return generator
