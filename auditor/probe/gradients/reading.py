"""One gradient as a digest of all its bits, and the numbers of it that are kept."""

from ..activations.keeping import places
from ..replica.tensors import bytes_of, digest, numbers_of


class UnreadableError(Exception):
    """The gradient has no bits that could be read now; the message says why."""


class Reader:
    """`elements`: most numbers that are kept of one gradient. `whole`: digests are of all bits, else of what is kept,
    so that no more than that is looked at, or fetched from a device."""

    def __init__(self, torch, elements, whole):
        self._torch = torch
        self._elements = elements
        self._whole = whole
        self._places = {}  # (number of elements, device) -> index of the sample

    def read(self, gradient, scale):
        """Return (digest, bytes, type of the numbers in them); raises `UnreadableError`.

        `scale`: what the gradient was multiplied by and the optimizer divides it by again; None for nothing.
        """
        self._check(gradient)
        if gradient.layout is self._torch.sparse_coo:
            bits, kept = self._sparse(gradient.detach().coalesce())
        elif self._whole:
            plain = gradient.detach().to("cpu").resolve_conj().resolve_neg().contiguous()
            bits, kept = digest(plain), self._sample(plain)
        else:
            kept = self._sample(gradient.detach().resolve_conj().resolve_neg())
            bits = digest(kept)
        if scale is not None:
            factor = float(scale)
            bits, kept = "%s/%r" % (bits, factor), kept / factor
        return bits, bytes(bytes_of(kept)), str(kept.dtype).rpartition(".")[2]

    def _check(self, gradient):
        torch = self._torch
        if type(gradient) not in (torch.Tensor, torch.nn.Parameter):
            raise UnreadableError("it is a %s" % type(gradient).__name__)
        if gradient.layout not in (torch.strided, torch.sparse_coo):
            raise UnreadableError("its layout is %s" % gradient.layout)
        if gradient.device.type == "meta" or torch._C._functorch.is_functorch_wrapped_tensor(gradient):
            raise UnreadableError("it holds no numbers")
        if not gradient.is_floating_point() and not gradient.is_complex():
            raise UnreadableError("it holds whole numbers")
        if gradient.is_cuda and torch.cuda.is_current_stream_capturing():
            raise UnreadableError("the step is captured in a CUDA graph")

    def _sample(self, plain):
        numbers = self._torch.view_as_real(plain) if plain.is_complex() else plain
        flat = numbers.reshape(-1)
        if flat.numel() > self._elements:
            flat = flat.index_select(0, self._chosen(flat.numel(), flat.device))
        return numbers_of(self._torch, flat.to("cpu")).contiguous()

    def _sparse(self, gradient):
        """What is not stored is 0. The whole gradient may be far larger than what is, so it is never made."""
        torch = self._torch
        indices, values = (each.to("cpu").contiguous() for each in (gradient.indices(), gradient.values()))
        if values.is_complex():
            raise UnreadableError("it is sparse and complex")
        bits = digest(indices) + digest(values)
        rows = torch.zeros(indices.shape[1], dtype=torch.int64)
        for axis in range(gradient.sparse_dim()):
            rows = rows * gradient.shape[axis] + indices[axis]
        chosen = self._chosen(gradient.numel(), indices.device)
        if not rows.numel() or not chosen.numel():
            return bits, numbers_of(torch, torch.zeros(chosen.numel(), dtype=values.dtype))
        width = values.numel() // rows.numel()
        stored = torch.searchsorted(rows, chosen // width).clamp(max=rows.numel() - 1)
        found = values.reshape(-1, width)[stored, chosen % width]
        kept = torch.where(rows[stored] == chosen // width, found, torch.zeros_like(found))
        return bits, numbers_of(torch, kept).contiguous()

    def _chosen(self, total, device):
        found = self._places.get((total, device))
        if found is None:
            chosen = places(total, self._elements) if total > self._elements else range(total)
            found = self._torch.tensor(list(chosen), dtype=self._torch.int64, device=device)
            self._places[(total, device)] = found
        return found
