"""Where numpy and torch start generators from entropy, and where programs seed them."""

import functools
import sys

_SEED_BYTES = 8
_CUDA_BITS = (1 << 53) - 1  # torch keeps the seeds of devices exact as doubles


def install(tape, hook):
    hook.after("numpy.random", functools.partial(_numpy_ready, tape))
    hook.after("torch", functools.partial(_torch_ready, tape))


def _numpy_ready(tape, random):
    """numpy takes entropy through `secrets`, which is taped already; here are the seeds that programs pass."""
    mtrand = sys.modules["numpy.random.mtrand"]
    original = mtrand.seed

    @functools.wraps(original)
    def seed(*args, **kwargs):
        if args:
            return original(tape.seeded("numpy.random.seed", args[0]), *args[1:], **kwargs)
        return original(**{name: tape.seeded("numpy.random.seed", value) for name, value in kwargs.items()})

    for module in (mtrand, random):
        module.seed = seed
    source = sys.modules["numpy.random.bit_generator"]
    convert = source._coerce_to_uint32_array

    def converted(value):
        if type(value) is int and value < 1 << 64:  # 128 bits are numpy's own entropy
            value = tape.seeded("numpy.random.SeedSequence", value, True)
        return convert(value)

    source._coerce_to_uint32_array = converted
    twister = sys.modules["numpy.random._mt19937"]
    twister.operator = _Operator(twister.operator, tape)


class _Operator:
    """Stands in for the module `operator` inside numpy's Mersenne Twister, which uses it to convert seeds."""

    def __init__(self, module, tape):
        self._module = module
        self._tape = tape

    def __getattr__(self, name):
        return getattr(self._module, name)

    def index(self, value):
        return self._tape.seeded("numpy.random.RandomState", self._module.index(value), True)


def _torch_ready(tape, torch):
    _wrap_generator_class(tape, torch)
    _start(tape, torch.default_generator, "torch", _CPU)
    tape.guard("tape", _follow_cuda, tape, torch)


_CPU = -1 & (1 << 64) - 1


def _start(tape, generator, call, mask):
    """Seed a default generator as torch does, natively and unseen: with eight bytes of entropy."""
    seed = int.from_bytes(tape.initial(call, _SEED_BYTES), sys.byteorder) & mask
    tape.torch_manual_seed(generator, seed)


def _follow_cuda(tape, torch):
    """Each device's generator starts from entropy when CUDA does; seeds that the program set before come after."""
    calls = getattr(torch.cuda, "_queued_calls", None)
    if calls is None or not torch._C._has_cuda:
        return

    def start():
        for index, generator in enumerate(torch.cuda.default_generators):
            _start(tape, generator, "torch.cuda:%d" % index, _CUDA_BITS)

    if torch.cuda.is_initialized():
        start()
    else:
        calls.insert(0, (start, ()))


def is_default(torch, generator):
    """Whether a generator is one that serves all who name none."""
    return generator is torch.default_generator or any(generator is one for one in torch.cuda.default_generators)


def _wrap_generator_class(tape, torch):
    """Stand in for `torch.Generator.seed` and `manual_seed`, in place: the class stays the one that everyone knows."""
    import ctypes
    import gc

    from ..dynamo import skip_code

    kind = torch._C.Generator
    members = gc.get_referents(kind.__dict__)[0]
    if type(members) is not dict or "manual_seed" not in members:
        raise TypeError("torch.Generator cannot be taped")
    manual_seed, seed = members["manual_seed"], members["seed"]
    tape.torch_manual_seed = manual_seed

    @functools.wraps(seed)
    def taped_seed(self):
        drawn = []

        def real(size):
            drawn.append(seed(self))
            return drawn[-1].to_bytes(size, sys.byteorder)

        value = int.from_bytes(tape.entropy("torch.Generator.seed", _SEED_BYTES, real), sys.byteorder)
        if not drawn:
            if self.device.type != "cpu":
                value &= _CUDA_BITS
            manual_seed(self, value)
        return value

    @functools.wraps(manual_seed)
    def taped_manual_seed(self, seed):
        private = not is_default(torch, self)
        call = "torch.Generator.manual_seed" if private else "torch.manual_seed"
        return manual_seed(self, tape.seeded(call, seed, private))

    members["seed"] = taped_seed
    members["manual_seed"] = taped_manual_seed
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
    for function in (taped_seed, taped_manual_seed):
        tape.guard("tape", skip_code, torch, function)
