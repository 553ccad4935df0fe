"""Small pieces of training programs, of many kinds; run as a script: one line a piece, over all that it computed.

    python everyday_programs.py [NAME…]

`test_program_unchanged.py` runs it with and without the probe and wants the same lines.
"""

import copy
import hashlib
import io
import random
import sys
import threading
import warnings

import numpy
import torch
from torch import nn
from torch.nn import functional

warnings.simplefilter("ignore")
PIECES = {}


def piece(function):
    PIECES[function.__name__] = function
    return function


def shown(value):
    """Everything about a value that could differ: bits, strides, flags.

    Not `_version`: an op that works in place inside bumps it less often below any dispatch mode, ours or another's.
    """
    if isinstance(value, torch.Tensor):
        plain = value.detach()
        if plain.layout is not torch.strided:
            plain = plain.to_dense()
        plain = plain.dequantize() if plain.is_quantized else plain
        plain = plain.resolve_conj().resolve_neg().contiguous()
        bits = plain.view(torch.uint8) if plain.dim() and plain.numel() else plain
        data = bits.numpy().tobytes() if plain.dtype is not torch.bfloat16 or plain.dim() else repr(plain.float())
        about = (value.dtype, tuple(value.shape), value.requires_grad, value.is_leaf, type(value).__name__)
        if not value.is_inference() and value.layout is torch.strided:
            about += (value.stride(), value.storage_offset())
        return repr((about, data))
    if isinstance(value, nn.Module):
        return shown(dict(value.state_dict())) + shown([p.grad for p in value.parameters()])
    if isinstance(value, dict):
        return repr([(key, shown(item)) for key, item in value.items()])
    if isinstance(value, (list, tuple)):
        return repr([shown(item) for item in value])
    return repr(value)


def train(model, optimizer, data, target, steps=4, loss=functional.cross_entropy):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model(data), target)
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses, model


def mlp():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def batch():
    return torch.randn(32, 8), torch.randint(0, 4, (32,))


@piece
def adam():
    model = mlp()
    return train(model, torch.optim.Adam(model.parameters()), *batch())


@piece
def optimizers_of_every_build():
    found = []
    for make in (
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.1, foreach=True),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, fused=True),
        lambda p: torch.optim.AdamW(p, foreach=True, amsgrad=True),
        lambda p: torch.optim.Adam(p, fused=True),
        lambda p: torch.optim.Adagrad(p),
        lambda p: torch.optim.RMSprop(p, foreach=True),
        lambda p: torch.optim.Rprop(p),
        lambda p: torch.optim.RAdam(p),
    ):
        model = mlp()
        optimizer = make(model.parameters())
        found.append(train(model, optimizer, *batch(), steps=2))
        found.append(optimizer.state_dict())
    return found


@piece
def lbfgs_with_closure():
    model = mlp()
    data, target = batch()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=3)

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(data), target)
        loss.backward()
        return loss

    return [optimizer.step(closure) for _ in range(2)], model


@piece
def optimizer_of_ones_own():
    class Mine(torch.optim.Optimizer):
        def __init__(self, parameters):
            super().__init__(parameters, {"lr": 0.1})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter.add_(parameter.grad.sign(), alpha=-group["lr"])

    model = mlp()
    return train(model, Mine(model.parameters()), *batch())


@piece
def cnn_with_dropout():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(36, 4)
    )
    found = train(model, torch.optim.SGD(model.parameters(), 0.1), torch.randn(16, 1, 8, 8), torch.randint(0, 4, (16,)))
    channels_last = model.to(memory_format=torch.channels_last)
    model.eval()
    return found, channels_last(torch.randn(2, 1, 8, 8).to(memory_format=torch.channels_last))


@piece
def recurrent():
    found = []
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        model = kind(4, 8, 2, dropout=0.3, bidirectional=True)
        output, state = model(torch.randn(5, 3, 4))
        output.sum().backward()
        found += [output, state, model]
    packed = nn.utils.rnn.pack_padded_sequence(torch.randn(5, 3, 4), [5, 4, 2])
    return found, nn.LSTM(4, 8)(packed)[0].data


@piece
def transformer():
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    model = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    output = model(torch.randn(2, 5, 16))
    output.sum().backward()
    model.eval()
    with torch.no_grad():  # the fast path: one fused op a layer
        fast = model(torch.ones(2, 5, 16))
    with torch.inference_mode():
        faster = model(torch.ones(2, 5, 16)).clone()
    query = torch.randn(2, 2, 4, 8, requires_grad=True)
    attended = functional.scaled_dot_product_attention(query, query, query, dropout_p=0.2, is_causal=True)
    attended.sum().backward()
    return output, fast, faster, model, query.grad


@piece
def embedding_and_indexing():
    embedding = nn.Embedding(20, 4, padding_idx=0, max_norm=1.0)
    bag = nn.EmbeddingBag(20, 4, mode="sum")
    table = torch.randn(20, 4, requires_grad=True)
    index = torch.randint(0, 20, (50,))
    (embedding(index).sum() + bag(index.view(5, 10)).sum() + (table[index] ** 2).sum()).backward()
    buffer = torch.zeros(20, 4)
    buffer[index] = 1.0
    buffer[3:5, 1] += 2
    buffer.index_put_((index,), torch.ones(50, 4), accumulate=True)
    buffer.scatter_add_(0, torch.zeros(1, 4, dtype=torch.long), torch.ones(1, 4))
    return embedding, bag, table.grad, buffer, buffer[buffer > 1], buffer.t()[1:]


@piece
def checkpointing():
    from torch.utils.checkpoint import checkpoint, checkpoint_sequential

    found = []
    for reentrant in (False, True):
        model = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.Linear(16, 4))
        data = torch.randn(4, 8, requires_grad=True)
        checkpoint(model, data, use_reentrant=reentrant).sum().backward()
        checkpoint_sequential(model, 2, data, use_reentrant=reentrant).sum().backward()
        found += [model, data.grad]
    return found


@piece
def autograd_function():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = torch.randn(4, requires_grad=True)
    Square.apply(x).sum().backward()
    return x.grad


@piece
def double_backward_and_hooks():
    model = mlp()
    data = torch.randn(4, 8, requires_grad=True)
    seen = []
    handles = [
        model[0].register_forward_hook(lambda module, args, output: seen.append(output.sum().item())),
        model[2].register_full_backward_hook(lambda module, grad_in, grad_out: seen.append(grad_out[0].sum().item())),
    ]
    data.register_hook(lambda grad: grad * 2)
    (grad,) = torch.autograd.grad(model(data).sum(), data, create_graph=True)
    (grad.norm() + model(data).pow(2).sum()).backward()
    hessian = torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.randn(3))
    for handle in handles:
        handle.remove()
    return seen, model, data.grad, hessian


@piece
def functional_transforms():
    model = mlp()
    parameters = dict(model.named_parameters())

    def loss(parameters, x):
        return torch.func.functional_call(model, parameters, (x.unsqueeze(0),)).sum()

    data = torch.randn(5, 8)
    grads = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, data)
    jacobian = torch.func.jacrev(torch.sin)(torch.randn(3))
    forward = torch.func.jvp(torch.exp, (torch.ones(3),), (torch.ones(3),))
    random_map = torch.func.vmap(lambda x: x + torch.rand(()), randomness="different")(torch.zeros(4))
    return grads, jacobian, forward, random_map


@piece
def fake_and_meta_tensors():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        fake = mlp()(torch.randn(2, 8))
        shape = tuple(fake.shape)
    with torch.device("meta"):
        model = mlp()
    output = model(torch.empty(2, 8, device="meta"))
    real = model.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in real.parameters():
            parameter.fill_(0.5)
    return shape, output.shape, real


@piece
def scripting_and_tracing():
    model = mlp()
    scripted = torch.jit.script(model)
    traced = torch.jit.trace(model, torch.randn(2, 8))
    graph = torch.fx.symbolic_trace(model)
    data = torch.ones(3, 8)
    for _ in range(3):
        found = [scripted(data), traced(data), graph(data)]
    found[0].sum().backward()
    return found, model, graph.code


@piece
def copies_and_files():
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters())
    train(model, optimizer, *batch(), steps=1)
    twin = copy.deepcopy(model)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    loaded = torch.load(file)
    fresh = mlp()
    fresh.load_state_dict(loaded["model"])
    assigned = mlp()
    assigned.load_state_dict(loaded["model"], assign=True)
    average = torch.optim.swa_utils.AveragedModel(model)
    average.update_parameters(model)
    return twin, fresh, assigned, average, train(twin, torch.optim.SGD(twin.parameters(), 0.1), *batch(), steps=1)


@piece
def numbers_of_every_kind():
    found = [torch.arange(5, dtype=kind) * 2 for kind in (torch.bfloat16, torch.float16, torch.int8, torch.uint8)]
    found += [torch.tensor(True) & torch.tensor([True, False]), torch.tensor(3.5), torch.empty(0, 3).sum()]
    z = torch.randn(3, dtype=torch.complex64)
    found += [z.conj() * 2, z.conj().imag + 1, torch.view_as_real(z), torch.fft.fft(z), (z @ z.conj()).abs()]
    sparse = torch.eye(4).to_sparse()
    found += [sparse @ torch.ones(4, 2), (sparse + sparse).coalesce(), torch.eye(4).to_sparse_csr() @ torch.ones(4, 1)]
    quantised = torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8)
    found += [quantised, quantised.dequantize()]
    embedding = nn.Embedding(10, 3, sparse=True)
    embedding(torch.tensor([1, 2, 1])).sum().backward()
    optimizer = torch.optim.SparseAdam(embedding.parameters())
    optimizer.step()
    found.append(embedding.weight)
    return found


@piece
def linear_algebra():
    a = torch.randn(4, 4)
    a = a @ a.T + torch.eye(4)
    return [*torch.linalg.eigh(a), *torch.linalg.svd(a), torch.linalg.inv(a), torch.linalg.cholesky(a), *torch.sort(a)]


@piece
def uninitialised_memory_filled_later():
    buffer = torch.empty(4, 3)
    for row in range(4):
        buffer[row] = row
    out = torch.empty(4, 4)
    torch.mm(buffer, buffer.t(), out=out)
    shared = torch.empty(6)
    shared.numpy()[:] = 2.5
    grown = torch.zeros(2).resize_(4)
    grown[2:] = 7
    return buffer, out, shared * 2, grown, torch.baddbmm(torch.empty(1, 2, 2), out[None, :2], out[None, :, :2], beta=0)


@piece
def other_modes():
    from torch.utils._python_dispatch import TorchDispatchMode

    class Counting(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.seen = []

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.seen.append(str(func))
            return func(*args, **(kwargs or {}))

    class Watching(torch.overrides.TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.seen = []

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.seen.append(getattr(func, "__name__", str(func)))
            return func(*args, **(kwargs or {}))

    model = mlp()
    optimizer = torch.optim.Adam(model.parameters())
    loader = torch.utils.data.DataLoader(torch.randn(6, 8), batch_size=2, shuffle=True)
    with Counting() as counting, Watching() as watching:
        for rows in loader:
            model(rows.t().t()).sum().backward()
            optimizer.step()
    torch.set_default_device("cpu")
    again = model(torch.randn(2, 8))
    again.sum().backward()
    torch.set_default_device(None)
    return counting.seen, watching.seen, again


@piece
def tensor_subclasses():
    from torch.utils._pytree import tree_map

    class Plain(torch.Tensor):
        pass

    class Wrapper(torch.Tensor):
        @staticmethod
        def __new__(cls, inner):
            return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)

        def __init__(self, inner):
            self.inner = inner

        @classmethod
        def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
            unwrap = lambda x: x.inner if isinstance(x, Wrapper) else x  # noqa: E731
            result = func(*tree_map(unwrap, args), **tree_map(unwrap, kwargs or {}))
            return tree_map(lambda x: Wrapper(x) if isinstance(x, torch.Tensor) else x, result)

    plain = torch.randn(3).as_subclass(Plain)
    wrapped = Wrapper(torch.ones(3)) * 2 + 1
    nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)], layout=torch.jagged)
    return plain * 2, (plain + 1).sum(), wrapped.inner, (nested * 2).values()


@piece
def mixed_precision():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu")
    data, target = batch()
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16):
            loss = functional.cross_entropy(model(data).float(), target)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    return loss, model


@piece
def random_numbers():
    generator = torch.Generator().manual_seed(3)
    found = [torch.rand(3), torch.randn(3, generator=generator), torch.randperm(5), torch.multinomial(torch.ones(4), 2)]
    found += [torch.distributions.Normal(0.0, 1.0).sample((2,)), functional.gumbel_softmax(torch.ones(3))]
    with torch.random.fork_rng():
        found.append(torch.rand(2))
    found += [torch.rand(2), generator.get_state(), numpy.random.rand(2).tolist(), random.random()]
    torch.bernoulli(torch.full((3,), 0.5))
    return found


class Squares(torch.utils.data.Dataset):
    def __len__(self):
        return 12

    def __getitem__(self, index):
        return torch.full((2,), float(index)) + torch.rand(2), {"label": index, "name": str(index)}


@piece
def data_loaders():
    found = []
    for workers in (0, 2):
        loader = torch.utils.data.DataLoader(Squares(), 4, shuffle=True, num_workers=workers)
        for _ in range(2):
            found += list(loader)
    parts = torch.utils.data.random_split(Squares(), [8, 4])
    return found, parts[0].indices


@piece
def threads():
    results = [None] * 3

    def work(index):
        model = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            model.weight.fill_(index + 1.0)
        model(torch.ones(1, 2)).sum().backward()
        results[index] = model

    for index in range(3):
        thread = threading.Thread(target=work, args=(index,))
        thread.start()
        thread.join()
    return results


class Nested(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, depth):
        ctx.depth = depth
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        if not ctx.depth:
            return gradient * 3, None
        inner = torch.full((3,), 0.5, requires_grad=True)
        with torch.enable_grad():
            result = (Nested.apply(inner, ctx.depth - 1) + inner.exp().sin().transpose(0, 0)).sum()
        result.backward()
        return gradient * inner.grad.sum().tanh(), None


@piece
def backward_in_threads_of_the_engine():
    """From 60 nested backward passes on, the engine goes on in a thread of its own, without a Python frame below."""
    x = torch.ones(3, requires_grad=True)
    Nested.apply(x, 64).exp().sum().backward()
    return x.grad


@piece
def errors_pass_through():
    found = []
    for attempt in (
        lambda: torch.ones(2) @ torch.ones(3),
        lambda: torch.ones(2, 3).view(5),
        lambda: nn.Linear(2, 2)(torch.ones(3)),
        lambda: torch.ones(2, requires_grad=True).add_(1),
        lambda: torch.zeros(2)[5],
    ):
        try:
            attempt()
        except Exception as error:  # noqa: PERF203
            found.append((type(error).__name__, str(error)))
    return found


@piece
def parametrised_modules():
    model = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
    lazy = nn.LazyLinear(3)
    (model(torch.ones(1, 4)).sum() + spectral(torch.ones(1, 4)).sum() + lazy(torch.ones(1, 5)).sum()).backward()
    modules = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Sequential(nn.Linear(2, 2), nn.Identity())})
    return model, spectral, lazy, modules["b"](modules["a"](torch.ones(1, 2)))


def main(names):
    for name in names or PIECES:
        torch.manual_seed(0)
        numpy.random.seed(0)
        random.seed(0)
        found = shown(PIECES[name]())
        states = (torch.get_rng_state().numpy().tobytes(), str(numpy.random.get_state()), random.getstate())
        print(
            name,
            hashlib.sha256(found.encode()).hexdigest()[:16],
            hashlib.sha256(repr(states).encode()).hexdigest()[:16],
        )


if __name__ == "__main__":
    main(sys.argv[1:])
