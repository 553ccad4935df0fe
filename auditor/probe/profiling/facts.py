"""What a call of an operator is like, as the conditions of `rules/operators.toml` ask for it.

A fact is named by the argument of the operator's schema that it is about, with a quality of it or without:
`accumulate`, `values.dtype`, `index.repeated`; docs/profile.md lists all. What cannot be seen is left out, never
guessed. Everything is looked at before the op runs, because it may overwrite its arguments; only integers are computed
on, in memory of our own.
"""

import os

# Elements of an index or a tensor beyond which their values are not sorted to look for equal ones.
LIMIT = 1 << 24
LIMIT_AT_HAND = 1 << 17  # in runs that are not asked for it: 8 ms
SMALL = 256  # up to here Python is faster than torch

_MISSING = object()


class NotSeenError(Exception):
    """A fact that cannot be looked at."""


class FactReader:
    """Reads the facts of one operator's calls."""

    def __init__(self, torch, func, names, limit=LIMIT):
        schema = getattr(func, "_schema", None)
        self._torch = torch
        self._limit = limit
        self._packet = schema.name if schema is not None else ""
        arguments = list(schema.arguments) if schema is not None else []
        self._positions = {argument.name: place for place, argument in enumerate(arguments)}
        self._defaults = {each.name: each.default_value for each in arguments if each.has_default_value()}
        ambient = {
            "deterministic": self._mode,
            "fill": lambda: bool(torch._C._get_deterministic_fill_uninitialized_memory()),
            "workspace": lambda: os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
            "cudnn.benchmark": lambda: bool(torch._C._get_cudnn_benchmark()),
            "cudnn.deterministic": lambda: bool(torch._C._get_cudnn_deterministic()),
        }
        self._ambient = [(name, ambient[name]) for name in names if name in ambient]
        self._own = [name for name in names if name not in ambient and name not in _ELSEWHERE]
        self.asks_threads = "threads" in names

    def read(self, args, kwargs):
        """Return [(name, value)] of what can be seen of a call that is about to be made."""
        found = []
        for name, look in self._ambient:
            try:
                found.append((name, look()))
            except (AttributeError, RuntimeError):  # a switch that this version of torch does not have
                continue
        for name in self._own:
            try:
                found.append((name, self._fact(name, args, kwargs)))
            except (NotSeenError, RuntimeError, NotImplementedError, IndexError, TypeError, AttributeError):
                continue
        return found

    def _mode(self):
        if not self._torch.are_deterministic_algorithms_enabled():
            return "off"
        return "warn" if self._torch.is_deterministic_algorithms_warn_only_enabled() else "on"

    def _fact(self, name, args, kwargs):
        def argument(which):
            return self._argument(which, args, kwargs)

        if name == "written":
            self._readable(*argument("indices"))
            return _written(argument("self"), argument("indices"))
        if name == "windows.overlap":
            kernel, stride = list(argument("kernel_size")), list(argument("stride"))
            stride = stride or kernel
            return any(kernel[place % len(kernel)] > stride[place % len(stride)] for place in range(3))
        which, _, quality = name.partition(".")
        if quality == "given":
            return which in self._positions and argument(which) is not None
        value = argument(which)
        if not quality:
            return _plain(value)
        return getattr(self, "_" + quality)(value, argument)

    def _argument(self, name, args, kwargs):
        if name in kwargs:
            return kwargs[name]
        place = self._positions.get(name)
        if place is None:
            raise NotSeenError(name)
        if place < len(args):
            return args[place]
        value = self._defaults.get(name, _MISSING)
        if value is _MISSING:
            raise NotSeenError(name)
        return value

    # qualities of tensors

    def _dtype(self, value, argument):
        return str(value.dtype).rpartition(".")[2]

    def _numel(self, value, argument):
        return value.numel()

    def _floating(self, value, argument):
        return value.dtype.is_floating_point or value.dtype.is_complex

    def _one_line(self, value, argument):
        return value.dim() < 2 or value.shape[argument("dim")] == value.numel()

    def _repeated(self, value, argument):
        """Whether two elements of an index mean the same cell."""
        self._readable(*(value if isinstance(value, (list, tuple)) else (value,)))
        if isinstance(value, (list, tuple)):
            return self._any_cell_twice(argument("self"), value)
        if "output_size" in self._positions:  # positions inside each plane
            plane = len(argument("output_size"))
            return self._any_equal(value.reshape(-1, max(1, value.shape[-plane:].numel())))
        if "dim" in self._positions:
            dim = argument("dim")
            along = value.movedim(dim, -1) if value.dim() > 1 else value
            return self._any_equal(along, argument("self").shape[dim] if argument("self").dim() else 1)
        flat = value.reshape(-1)
        if self._packet.startswith("aten::put"):
            size = argument("self").numel()
            return self._any_equal(flat.remainder(max(1, size)), size)
        return self._any_equal(flat)

    def _any_cell_twice(self, tensor, indices):
        """Two elements of an advanced index mean the same cell; masks never do."""
        found, _, only_masks = _parts(tensor, indices)
        if only_masks or not found:
            return False
        shape = _broadcast([part.shape for part, _ in found])
        sizes = 1
        count = 1
        for _, size in found:
            sizes *= size
        for size in shape:
            count *= size
        if count > sizes:
            return True
        if len(found) == 1 and count <= SMALL:
            return _any_equal_of(found[0][0], found[0][1])
        self._check(count)
        cells = 0
        device = found[0][0].device
        for part, size in found:
            cells = cells * size + part.to(device).expand(shape).remainder(max(1, size))
        return self._any_equal(cells.reshape(-1))

    def _any_equal(self, index, cells=None):
        """Two elements of a line are equal; more of them than cells there are must be."""
        if index.dim() == 0 or index.shape[-1] < 2 or not index.numel():
            return False
        if cells is not None and index.shape[-1] > cells:
            return True
        if index.dim() == 1 and index.numel() <= SMALL:
            return _any_equal_of(index)
        self._check(index.numel())
        return _has_neighbours(index.sort(dim=-1).values)

    def _readable(self, *tensors):
        """While a CUDA graph is captured nothing can be read, and what is computed would become part of the graph."""
        for tensor in tensors:
            if tensor is not None and tensor.is_cuda and self._torch.cuda.is_current_stream_capturing():
                raise NotSeenError("captured")

    def _check(self, elements):
        if elements > self._limit:
            raise NotSeenError("too many elements")

    def _tied(self, value, argument):
        """Whether equal elements decide which index is returned."""
        self._readable(value)
        if value.dim() == 0:
            return False
        self._check(value.numel())
        if value.is_floating_point() and bool((value.isnan().sum(dim=argument("dim")) > 1).any()):
            return True  # NaNs rank alike, before or behind all else
        descending = self._packet == "aten::topk" and bool(argument("largest"))
        ordered = value.movedim(argument("dim"), -1).sort(dim=-1, descending=descending).values
        size = ordered.shape[-1]
        first, last = 0, size
        if self._packet == "aten::topk":
            last = min(argument("k") + 1, size)
        elif self._packet in ("aten::kthvalue", "aten::median"):
            at = argument("k") - 1 if self._packet == "aten::kthvalue" else (size - 1) // 2
            first, last = max(0, at - 1), min(at + 2, size)
        return _has_neighbours(ordered[..., first:last])


_ELSEWHERE = frozenset(("device", "read", "threads", "torch"))
"""Told by the trace, or by whoever asks for the facts."""


def _plain(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise NotSeenError("no plain value")


def _any_equal_of(index, size=None):
    """The same for few elements; `size`: negative ones count from there."""
    values = index.reshape(-1).tolist()
    return len({value % size for value in values} if size else set(values)) < len(values)


def _has_neighbours(ordered):
    """Two elements that stand side by side along the last dimension are equal."""
    if ordered.shape[-1] < 2 or not ordered.numel():
        return False
    return bool((ordered[..., 1:] == ordered[..., :-1]).any())


def _parts(tensor, indices):
    """Return ([(index, size of its dimension)], where the dimensions of the indices end, masks only)."""
    found = []
    position = 0
    only_masks = True
    for index in indices:
        if index is None:
            position += 1
        elif index.dtype.is_floating_point:
            raise NotSeenError("no index")
        elif str(index.dtype) in ("torch.bool", "torch.uint8"):
            for part in index.nonzero().unbind(1):
                found.append((part, tensor.shape[position]))
                position += 1
        else:
            only_masks = False
            found.append((index, tensor.shape[position]))
            position += 1
    return found, position, only_masks


def _written(tensor, indices):
    """How many elements an advanced index means."""
    found, end, _ = _parts(tensor, indices)
    count = 1
    for size in _broadcast([part.shape for part, _ in found]) if found else ():
        count *= size
    indexed = [place for place, index in enumerate(indices) if index is None]
    for place in [*indexed, *range(end, tensor.dim())]:
        count *= tensor.shape[place]
    return count


def _broadcast(shapes):
    length = max(len(shape) for shape in shapes)
    found = [1] * length
    for shape in shapes:
        for place, size in enumerate(reversed(shape), 1):
            found[-place] = max(found[-place], size) if size else 0
    return found
