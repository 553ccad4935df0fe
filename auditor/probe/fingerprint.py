"""Tensor -> 64-bit digest of every bit of the logical tensor, in order; also digests of plain values.

A digest covers values, dtype and shape, not strides, offsets or the device. The bytes are hashed where they lie; a copy
is made only where the tensor is not contiguous or not on the CPU. Nothing here draws, allocates in torch unless it must
copy, touches autograd, or keeps a tensor alive.
"""

import ctypes
import importlib.machinery
import importlib.util
import marshal
import os
import sys
import zlib

from . import wire

MASK = 0xFFFFFFFFFFFFFFFF
ROWS_LIMIT = 65_536  # more rows than that get no digests of their own
EMPTY = 0x9E3779B97F4A7C15  # what is hashed for a tensor without elements is its shape; this keeps it off 0


class NotCoveredError(Exception):
    """The tensor has no bits that we know how to read; the text says what it is."""


class UnknownValueError(Exception):
    """An argument of a type that has no deterministic bytes."""


def load_hash(extra_folder=""):
    """Return (name of the algorithm, function of a buffer and a seed).

    xxhash is loaded privately, past `sys.modules`: the program must not find a package that it did not install.
    """
    for folders in (None, [extra_folder] if extra_folder else []):
        function = _private_xxh3(folders)
        if function is not None:
            return wire.XXH3_64, function
    return wire.CRC32_ADLER32, _crc32_adler32


def _private_xxh3(folders):
    try:
        spec = importlib.machinery.PathFinder.find_spec("xxhash", folders)
        if spec is None or not spec.submodule_search_locations:
            return None
        inner = importlib.machinery.PathFinder.find_spec("_xxhash", list(spec.submodule_search_locations))
        if inner is None:
            return None
        # The loader's name decides which init function is looked up: its last part must stay `_xxhash`.
        name = "_repro_audit_probe_xxhash._xxhash"
        loader = importlib.machinery.ExtensionFileLoader(name, inner.origin)
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
        loader.exec_module(module)
        function = module.xxh3_64_intdigest
        function(b"", 1)
        return function
    except Exception:  # whatever a foreign package does: there is a fallback
        return None


def _crc32_adler32(data, seed=0):
    return zlib.crc32(data, seed & 0xFFFFFFFF) << 32 | zlib.adler32(data, seed >> 32 & 0xFFFFFFFF)


class Fingerprints:
    """Digests of one process. `known` is read by the tracer's hot path; all else is for everyone."""

    def __init__(self, writer, extra_folder=""):
        self.algorithm, self.hash = load_hash(extra_folder)
        self._writer = writer
        self._torch = None
        self._views = {}  # size -> from_address of a char array of that size
        # (dtype, shape) -> (spec id on the CPU, bytes, from_address or None, seed); None asks for the slow way
        self.known = {}
        self._device_specs = {}

    def install(self, torch):
        self._torch = torch
        self._values = {
            torch.dtype: str,
            torch.device: str,
            torch.layout: str,
            torch.memory_format: str,
            torch.Size: list,
        }
        self._odd = {torch.quint8, torch.qint8, torch.qint32}
        for name in ("quint4x2", "quint2x4"):
            if hasattr(torch, name):
                self._odd.add(getattr(torch, name))

    # tensors

    def learn(self, dtype, shape):
        """Fill in and return `known` for a dtype and shape."""
        text = str(dtype)
        shape = tuple(int(size) for size in shape)
        numel = 1
        for size in shape:
            numel *= size
        nbytes = numel * dtype.itemsize
        plain = nbytes > 0 and dtype not in self._odd and not dtype.is_complex
        seed = self.text("%s|%s" % (text, shape))
        spec = self._writer.spec(text, shape, "cpu")
        entry = (spec, nbytes, self.view(nbytes) if plain else None, seed)
        self.known[(dtype, self._torch.Size(shape))] = entry
        return entry

    def spec(self, tensor):
        """Return the spec id of any tensor."""
        dtype = tensor.dtype
        shape = tensor.shape
        if tensor.is_cpu and tensor.layout is self._torch.strided:
            return (self.known.get((dtype, shape)) or self.learn(dtype, shape))[0]
        key = (dtype, shape, tensor.device, tensor.layout)
        found = self._device_specs.get(key)
        if found is None:
            text = str(dtype)
            if tensor.layout is not self._torch.strided:
                text += " " + str(tensor.layout)
            found = self._device_specs[key] = self._writer.spec(text, [int(size) for size in shape], str(tensor.device))
        return found

    def seed(self, tensor):
        """Return what a digest of this dtype and shape starts from."""
        known = self.known.get((tensor.dtype, tensor.shape)) or self.learn(tensor.dtype, tensor.shape)
        return known[3]

    def digest(self, tensor):
        """Return the digest of any tensor; raises NotCoveredError. Copies to the CPU where it must."""
        known = self.known.get((tensor.dtype, tensor.shape)) or self.learn(tensor.dtype, tensor.shape)
        _, nbytes, view, seed = known
        if view is not None and tensor.is_cpu and tensor.layout is self._torch.strided and tensor.is_contiguous():
            plain = not (tensor.is_neg() or tensor.is_conj())
        else:
            plain = False
        if plain:
            return self.hash(view(self._address(tensor, nbytes)), seed)
        return self._digest_odd(tensor, nbytes, seed)

    def _digest_odd(self, tensor, nbytes, seed):
        torch = self._torch
        if tensor.device.type == "meta" or (nbytes == 0 and tensor.layout is torch.strided):
            return self.hash(b"", seed) or EMPTY  # no bits: shape and dtype are all there is
        if tensor.layout is not torch.strided:
            digests = [self.digest(part) for part in components(torch, tensor)]
            return self.values([seed, digests])
        plain = self.plain(tensor)
        extra = self._quantisation(tensor) if tensor.is_quantized else 0
        return self.hash(self.view(nbytes)(self._address(plain, nbytes)), seed ^ extra)

    def plain(self, tensor):
        """Return the tensor itself, or a contiguous copy of it on the CPU without lazy bits. Unseen by any mode."""
        torch = self._torch
        with torch._C.DisableTorchFunction(), torch.no_grad():
            takes_part = type(tensor).__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl
            hidden = None if takes_part else torch._C._DisableTorchDispatch()  # as long as it lives
            try:
                tensor = tensor.detach()
                if tensor.is_conj():
                    tensor = tensor.resolve_conj()
                if tensor.is_neg():
                    tensor = tensor.resolve_neg()
                if not tensor.is_cpu:
                    tensor = tensor.cpu()
                return tensor if tensor.is_contiguous() else tensor.contiguous()
            finally:
                del hidden

    def _quantisation(self, tensor):
        if tensor.qscheme() in (self._torch.per_tensor_affine, self._torch.per_tensor_symmetric):
            return self.values([tensor.q_scale(), tensor.q_zero_point()])
        parts = (tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points())
        return self.values([self.digest(part) for part in parts] + [tensor.q_per_channel_axis()])

    def _address(self, tensor, nbytes):
        """Return where the bytes of a contiguous CPU tensor lie, after making sure that they are there."""
        try:
            address = tensor.data_ptr()
            there = tensor.untyped_storage().nbytes()
        except (RuntimeError, NotImplementedError) as error:
            raise NotCoveredError("%s without memory" % type(tensor).__name__) from error
        if not address or there < tensor.storage_offset() * tensor.element_size() + nbytes:
            raise NotCoveredError("a tensor without memory")
        return address

    def view(self, nbytes):
        """Return the function that makes a buffer of so many bytes out of an address."""
        found = self._views.get(nbytes)
        if found is None:
            if len(self._views) > 4096:  # shapes that never come back
                self._views.clear()
            found = self._views[nbytes] = (ctypes.c_char * nbytes).from_address
        return found

    def rows(self, tensor):
        """Return the digests of the rows along dimension 0, in order; empty where there are none or too many."""
        if tensor.layout is not self._torch.strided or tensor.dim() == 0 or tensor.device.type == "meta":
            return []
        count = tensor.shape[0]
        nbytes = tensor.numel() * tensor.element_size()
        if not 0 < count <= ROWS_LIMIT or nbytes == 0:
            return []
        tensor = self.plain(tensor)
        address = self._address(tensor, nbytes)
        step = nbytes // count
        view = self.view(step)
        digest = self.hash
        return [digest(view(address + index * step), 0) for index in range(count)]

    # plain values

    def text(self, text):
        """Return the digest of a string."""
        return self.hash(text.encode("utf-8", "surrogatepass"), 0)

    def bytes(self, data):
        """Return the digest of anything with the buffer interface."""
        return self.hash(data, 0)

    def values(self, values):
        """Return the digest of numbers, strings, None, lists and torch's own constants; raises UnknownValueError.

        Equal values give equal digests in every process: no `hash()` of strings, no addresses.
        """
        try:
            # Version 2 knows no references and no interning, so that equal values have equal bytes.
            return self.hash(marshal.dumps(values, 2), 0)
        except ValueError:
            return self.hash(marshal.dumps(self._plain_value(values), 2), 1)

    def _plain_value(self, value):
        kind = type(value)
        if kind in (int, float, bool, str, bytes, complex, type(None), type(...)):
            return value
        if kind in (list, tuple):
            return [kind.__name__] + [self._plain_value(item) for item in value]
        if kind is dict:
            return ["dict"] + [[self._plain_value(key), self._plain_value(item)] for key, item in value.items()]
        convert = self._values.get(kind)
        if convert is not None:
            return [kind.__name__, convert(value)]
        if isinstance(value, self._torch.Generator):
            return ["generator", str(value.device)]  # its state is digested apart
        if isinstance(value, (int, float, str)):  # enums, numpy scalars
            return [kind.__name__, marshal.dumps(value.__reduce__()[1], 2) if kind.__reduce__ is None else repr(value)]
        raise UnknownValueError(kind.__name__)


def components(torch, tensor):
    """Return the plain tensors that a sparse tensor is made of; raises NotCoveredError for other layouts."""
    layout = tensor.layout
    with torch.no_grad():
        if layout is torch.sparse_coo:
            return (tensor._indices(), tensor._values())
        if layout in (torch.sparse_csr, torch.sparse_bsr):
            return (tensor.crow_indices(), tensor.col_indices(), tensor.values())
        if layout in (torch.sparse_csc, torch.sparse_bsc):
            return (tensor.ccol_indices(), tensor.row_indices(), tensor.values())
    raise NotCoveredError("a tensor of layout %s" % layout)


def xxhash_folder():
    """Return the folder that this interpreter would import xxhash from, for `xxhash_path`; "" without one."""
    spec = importlib.machinery.PathFinder.find_spec("xxhash", sys.path)
    return os.path.dirname(os.path.dirname(spec.origin)) if spec is not None and spec.origin else ""
