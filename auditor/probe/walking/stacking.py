"""Several evaluations as one: the batches of all levels of noise, one behind the other, in a single forward pass."""

from . import trees


class NotStackableError(Exception):
    """The model cannot be given several batches as one; the text says why."""


class Seen:
    """An operator that also notes the shapes of the tensors that it is given, in order."""

    def __init__(self, operator):
        self._operator = operator
        self.shapes = []
        self.size_bytes = 0

    def __call__(self, tensor):
        self.shapes.append(tuple(tensor.shape))
        self.size_bytes += tensor.numel() * tensor.element_size()
        return self._operator(tensor)

    def apply(self, value):
        return trees.mapped(value, self)


class Blocks:
    """The noise of several levels at once: each block of a tensor has that of its own operator, from its own generator.

    operators: one a level, as they would be used one after the other; each draws for its block what it would draw for
    the whole tensor of its own evaluation. shapes: of these tensors, in the order of the calls (`Seen`).
    """

    def __init__(self, torch, operators, shapes):
        self._torch = torch
        self._operators = operators
        self._shapes = iter(shapes)

    def __call__(self, tensor):
        shape = next(self._shapes, None)
        if not tensor.is_floating_point():
            return tensor
        noisy = self._torch.empty_like(tensor)
        for operator, part, target in zip(
            self._operators, *(split(each, shape, len(self._operators)) for each in (tensor, noisy))
        ):
            target.copy_(operator(part))
        return noisy

    def apply(self, value):
        return trees.mapped(value, self)


def block_dimension(shape, stacked, count):
    """Return the dimension along which a tensor of `count` batches is so many times as long as that of one; raises
    `NotStackableError` where there is none."""
    if shape is not None and len(shape) == len(stacked):
        longer = [place for place, (one, many) in enumerate(zip(shape, stacked)) if one != many]
        if len(longer) == 1 and stacked[longer[0]] == count * shape[longer[0]]:
            return longer[0]
    if shape == stacked:
        raise NotStackableError("a tensor of %s has no dimension that grows with the batch" % _in_words(shape))
    raise NotStackableError(
        "a tensor of %s for one batch is one of %s for %d" % (_in_words(shape), _in_words(stacked), count)
    )


def _in_words(shape):
    if shape is None:
        return "no shape"
    return "x".join(map(str, shape)) or "one number"


def split(tensor, shape, count):
    """Return the blocks of a tensor, one a level; `shape` is that for a single level."""
    dimension = block_dimension(shape, tuple(tensor.shape), count)
    size = shape[dimension]
    return [tensor.narrow(dimension, number * size, size) for number in range(count)]


def repeated(value, count):
    """Return what a model is given, `count` times along the first dimension; tensors of another length stay. Copies."""
    if count == 1:
        return trees.mapped(value, lambda tensor: tensor.clone())
    found = [tensor for tensor in trees.tensors(value) if tensor.dim()]
    if not found:
        raise NotStackableError("the model is given no batch")
    length = found[0].shape[0]

    def many(tensor):
        if tensor.dim() and tensor.shape[0] == length:
            return tensor.repeat(count, *[1] * (tensor.dim() - 1))
        return tensor.clone()

    return trees.mapped(value, many)


def parted(torch, output, forms, count):
    """Return the outputs of the levels, each with the structure of `output`; `forms`: see `form_of`, for one level."""
    leaves = trees.leaves(output)
    if len(leaves) != len(forms):
        raise NotStackableError("the model returns other things for %d batches than for one" % count)
    blocks = {}
    for leaf, form in zip(leaves, forms):
        if trees.is_tensor(leaf):
            parts = split(leaf, None if form is None else form[0], count)
            blocks[id(leaf)] = [_laid_out(torch, part, form[1]) for part in parts]
    return [trees.mapped(output, _Chosen(blocks, number)) for number in range(count)]


class _Chosen:
    def __init__(self, blocks, number):
        self._blocks = blocks
        self._number = number

    def __call__(self, tensor):
        return self._blocks[id(tensor)][self._number]


def form_of(leaf):
    """Return the shape and the strides of a tensor, None for anything else."""
    return (tuple(leaf.shape), tuple(leaf.stride())) if trees.is_tensor(leaf) else None


def _laid_out(torch, part, strides):
    """Return a copy with these strides: a sum over it adds in the same order."""
    if 0 in strides:
        return part.clone()
    copy = torch.empty_strided(part.shape, strides, dtype=part.dtype, device=part.device)
    return copy.copy_(part)
