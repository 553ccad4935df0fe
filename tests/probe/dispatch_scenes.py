"""What the tracer must see, one scene a function. Run under the probe by `test_dispatch.py`.

Each scene runs as a module of its own name, so that its events are told by their module path.
"""

import sys
import threading
import weakref

import numpy
import torch
from torch import nn
from torch.nn import functional


def scene(function):
    kind = type(function.__name__, (nn.Module,), {"forward": lambda self: function()})
    kind()()
    return function


@scene
def views_are_left_out():
    x = torch.ones(2, 3)
    x.view(-1).view(2, 3).t()[1:].unsqueeze(0).expand(2, 2, 2).detach().squeeze().permute(1, 0, 2).mul(2)


@scene
def every_way_to_write():
    a, b = torch.ones(3), torch.ones(3)
    a.add_(1)
    torch.mul(a, b, out=b)
    torch._foreach_add_([a, b], 1.0)
    torch._foreach_mul([a, b], 2.0)
    a[1] = 5
    torch.sort(a)


@scene
def sparse_in_place():
    x = torch.eye(3).to_sparse()
    x.mul_(2)
    x.div_(4)


@scene
def filled_in_parts():
    whole, part = torch.zeros(2, 3), torch.ones(3)
    whole.zero_()
    whole[1].copy_(part)
    whole.neg()
    whole[0].copy_(part)
    whole.neg()
    square = torch.zeros(2, 2)
    square.copy_(torch.ones(2, 2))
    square.t().copy_(torch.ones(2, 2))
    square.mul_(2)


@scene
def same_op_other_part():
    x = torch.arange(6.0).reshape(2, 3)
    for part in (x[0], x[1], x[0], x.t()[0], x[0:1]):
        part.neg()
    x.mul_(1.5)
    x[0].neg()


@scene
def other_arguments():
    x = torch.ones(2)
    for argument in (1, 1.0, True, 2):
        x.add(argument)
    x.sum(dim=0)
    x.sum(dim=-1)
    x.to(torch.float64)
    x.to(torch.int64)


@scene
def enters_from_outside():
    rows = numpy.arange(12, dtype=numpy.float32).reshape(4, 3)
    torch.from_numpy(rows).neg()
    torch.from_numpy(rows[::-1].copy()).neg()
    torch.tensor([1.0, 2.0]).neg()


@scene
def in_memory_of_many():
    weights = torch.ones(4).share_memory_()
    weights.numpy()[0] = 5  # as another process would
    weights.neg()


@scene
def changed_behind_the_back():
    shared = numpy.ones(4, dtype=numpy.float32)
    tensor = torch.from_numpy(shared)
    tensor.neg()
    tensor.neg()
    shared[2] = 5
    tensor.neg()
    made = torch.ones(4)
    made.numpy()[0] = 3
    made.abs()


@scene
def never_written():
    torch.empty(4).mul(2)  # the line of the empty


@scene
def filled_natively_with_what_was_there():
    code = "made, room = torch.empty(3), torch.empty(3)\nroom.copy_(made)"
    exec(compile(code, torch.nn.parallel.distributed.__file__, "exec"))


@scene
def written_before_it_is_read():
    buffer = torch.empty(4, 3)
    buffer[torch.tensor([0, 1])] = 1.0
    buffer[2:] = 2.0
    buffer.mul(2)
    replay = torch.empty(10, 2)
    replay[:3] = 1.0
    replay[torch.tensor([2, 0])].mul(2)
    replay[:3].mul(3)
    torch.empty(5).normal_().mul(2)
    torch.empty(3).copy_(torch.ones(3)).mul(2)
    torch.empty(0).sum()
    filled = torch.empty(4)
    filled.numpy()[:] = 1
    filled.mul(2)
    torch.empty(3).clone()  # a copy is no use
    torch.ones(2).resize_(4)[:2].mul(2)


@scene
def shards_are_gathered():
    library = torch.library.Library("fsdp", "DEF")  # as torch.distributed.fsdp makes it, which takes a second to import
    library.define(
        "all_gather_copy_in(Tensor[] shards, Tensor buffer, SymInt[] sizes, SymInt n, SymInt rank) -> (Tensor, Tensor)"
    )

    def copy_in(shards, buffer, sizes, n, rank):
        mine = buffer.narrow(0, n * rank, n)
        mine.copy_(shards[0])
        return mine, buffer

    library.impl("all_gather_copy_in", copy_in, "CPU")
    buffer = torch.empty(8)
    mine, _ = torch.ops.fsdp.all_gather_copy_in([torch.ones(4)], buffer, [4], 4, 1)
    mine.neg()


@scene
def half_written():
    half = torch.empty(4)
    half[:2] = 1.0
    half.mul(2)


@scene
def who_draws():
    torch.rand(2)
    torch.ones(2).bernoulli_()
    functional.dropout(torch.ones(2))
    query = torch.ones(1, 1, 2, 4)
    functional.scaled_dot_product_attention(query, query, query)
    torch.ones(2).uniform_(generator=torch.Generator().manual_seed(1))


@scene
def backward_of_a_lookup():
    table = torch.ones(3, 2, requires_grad=True)
    looked_up = table[torch.tensor([0, 0, 2])]  # the lookup
    loss = (looked_up * torch.ones(3, 2)).sum()
    loss.backward()


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad.mul(2)  # its own backward


@scene
def backward_of_ones_own():
    Doubled.apply(torch.ones(2, requires_grad=True)).sum().backward()


class Nested(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, depth):
        ctx.depth = depth
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        if ctx.depth:
            inner = torch.ones(2, requires_grad=True)
            with torch.enable_grad():
                found = Nested.apply(inner, ctx.depth - 1)
                found = found + inner.sin()  # made in a backward pass
                found = found.sum()
            found.backward()
        return grad, None


@scene
def backward_below_backward():
    """The engine goes on in a thread of its own from 60 passes on: no Python frame stands below it there."""
    Nested.apply(torch.ones(2, requires_grad=True), 62).sum().backward()


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.hidden = [nn.Linear(2, 2)]

    def forward(self, x):
        x = self.layers[1](self.layers[0](x))
        return nn.ReLU()(self.hidden[0](x))


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()

    def forward(self, x):
        return self.inner(x).abs()


def modules_and_phases():
    first, second = Outer(), Outer()
    optimizer = torch.optim.SGD(first.parameters(), 0.1, momentum=0.9)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), 2)
    for (batch,) in loader:
        loss = first(batch).sum() + second(batch).sum()
        loss.mul(3)
        with torch.no_grad():
            loss.mul(4)
        loss.backward()
        loss.mul(5)
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)


@scene
def in_threads():
    def work(number):
        torch.full((number,), float(number)).neg()

    for number in (1, 2):
        thread = threading.Thread(target=work, args=(number,))
        thread.start()
        thread.join()


@scene
def errors_are_the_programs():
    try:
        torch.ones(2) @ torch.ones(3)
    except RuntimeError:
        torch.ones(1).neg()


@scene
def nothing_is_kept():
    tensor = torch.ones(3)
    doubled = tensor * 2
    references = [weakref.ref(tensor), weakref.ref(doubled)]
    del tensor, doubled
    print("kept", [reference() is not None for reference in references])


@scene
def a_bug_of_the_probe():
    prints = sys.modules["_repro_audit_probe.fingerprint"].Fingerprints
    values, digest = prints.values, prints.digest

    def broken(self, *args):
        raise ZeroDivisionError("a bug")

    prints.values = prints.digest = broken
    result = torch.ones(2, 2).t().clone().to(torch.float64).sum()
    torch.rand(2)
    prints.values, prints.digest = values, digest
    print("result", result.item())


def after_a_failed_step():
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model.weight.grad = torch.ones(2, 2)
    optimizer.param_groups[0]["lr"] = "no number"
    try:
        optimizer.step()
    except TypeError:
        model(torch.ones(1, 2)).sum().backward()  # after the failed step


def gone_before_the_end():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    model(torch.randn(4, 2)).sum().backward()
    optimizer.step()
    print("weight", model[0].weight.sum().item())


def trained_by_nobody():
    return [nn.Bilinear(1, 1, 1) for _ in range(50)]


modules_and_phases()
after_a_failed_step()
gone_before_the_end()
idle = trained_by_nobody()  # some of them lie where a trained module was
for module in idle:
    module(torch.ones(1, 1), torch.ones(1, 1))
