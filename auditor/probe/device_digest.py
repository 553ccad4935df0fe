"""Digests of tensors on an accelerator: computed there, without a synchronisation per tensor.

The digest of a tensor's bytes, read as 32-bit little-endian words w[0…n-1] (the last one padded with zeros), is

    finish(sum over i of mix(w[i] + (i + 1) * GOLDEN) mod 2**64, number of bytes)

with `mix` the 64-bit finaliser of MurmurHash3 (Appleby). Every word is mixed with its position before the sum, so a
permutation changes the digest, and integer addition gives the same sum in whatever order the device adds. One Triton
kernel computes it where Triton is importable; torch integer ops do elsewhere: both give the same number (and so does
`reference`, in plain Python, for the tests).

Sums are added into slots of a buffer on the device. `drain` copies all of them to the host at once; that is the only
synchronisation. Standard library and torch only (Triton where present), plain syntax.
"""

import importlib.util

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xFF51AFD7ED558CCD
MIX_2 = 0xC4CEB9FE1A85EC53
SLOTS = 4096
# Elements a pass of the torch fallback takes: bounds its scratch memory to about 5 x 8 bytes each.
FALLBACK_WORDS = 1 << 22
TRITON_BLOCK = 1024


def mix(value):
    """Mix the bits of an unsigned 64-bit integer."""
    value ^= value >> 33
    value = (value * MIX_1) & MASK
    value ^= value >> 33
    value = (value * MIX_2) & MASK
    return value ^ (value >> 33)


def finish(total, size_bytes):
    """Turn the sum of mixed words into the digest; never 0, which means "none" in a trace."""
    return mix((total ^ (size_bytes * GOLDEN)) & MASK) or 1


def reference(data):
    """Digest of `bytes`, word by word: the definition, far too slow for anything but tests."""
    padded = data + b"\0" * (-len(data) % 4)
    total = 0
    for index in range(len(padded) // 4):
        word = int.from_bytes(padded[4 * index : 4 * index + 4], "little")
        total += mix((word + (index + 1) * GOLDEN) & MASK)
    return finish(total & MASK, len(data))


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


class DeviceDigester:
    """Digests for the tensors of one device, handed out in the order in which they were asked for.

    `use_triton` is None for "where it is importable and works". Not safe for several threads at once: one digester a
    thread and device.
    """

    def __init__(self, torch, device, use_triton=None):
        self._torch = torch
        self._device = device
        self._sizes = []
        self._buffer = torch.zeros(SLOTS, dtype=torch.int64, device=device)
        self._kernel = _triton_kernel() if use_triton in (None, True) else None
        if use_triton and self._kernel is None:
            raise ImportError("Triton is not importable")
        self.problem = ""

    def __len__(self):
        """Digests asked for since the last `drain`."""
        return len(self._sizes)

    @property
    def full(self):
        return len(self._sizes) == SLOTS

    def digest_async(self, tensor):
        """Start the digest of a strided tensor on this device; return its place in the list that `drain` gives.

        The work goes to the current stream, behind the op that made the tensor: the bits are those that the op wrote.
        Raises IndexError when `full`: drain first.
        """
        if self.full:
            raise IndexError("all digest slots are taken; drain first")
        slot = len(self._sizes)
        words, size_bytes = self._words(tensor)
        if words is not None:
            self._add(words, slot)
        self._sizes.append(size_bytes)
        return slot

    def drain(self):
        """Wait for the device; return the digests asked for since the last call, in order."""
        torch = self._torch
        if not self._sizes:
            return []
        if self._buffer.is_cuda:
            torch.cuda.synchronize(self._buffer.device)  # slots are filled from any stream
        sums = self._buffer[: len(self._sizes)].tolist()
        self._buffer.zero_()
        if self._buffer.is_cuda:
            torch.cuda.synchronize(self._buffer.device)  # the next digest may run on another stream
        digests = [finish(total & MASK, size) for total, size in zip(sums, self._sizes)]
        self._sizes = []
        return digests

    def _words(self, tensor):
        """The tensor's bytes as a flat int32 tensor (a view where possible) and their number; None for an empty one."""
        torch = self._torch
        tensor = tensor.detach()
        if tensor.is_conj() or tensor.is_neg():
            tensor = tensor.resolve_conj().resolve_neg()
        tensor = tensor.contiguous()
        size_bytes = tensor.numel() * tensor.element_size()
        if size_bytes == 0:
            return None, 0
        if tensor.is_complex():
            tensor = torch.view_as_real(tensor)
        data = tensor.reshape(-1).view(torch.uint8)
        if size_bytes % 4:
            data = torch.nn.functional.pad(data, (0, -size_bytes % 4))
        elif data.data_ptr() % 4:
            data = data.clone()
        return data.view(torch.int32), size_bytes

    def _add(self, words, slot):
        if self._kernel is not None:
            try:
                grid = ((words.numel() + TRITON_BLOCK - 1) // TRITON_BLOCK,)
                with _OnDevice(self._torch, words):
                    self._kernel[grid](words, self._buffer, slot, words.numel(), BLOCK=TRITON_BLOCK)
            except Exception as error:  # no compiler, an unsupported device: the fallback gives the same digests
                self._kernel = None
                self.problem = "Triton failed ({}: {}); digests come from torch ops".format(type(error).__name__, error)
            else:
                return
        self._buffer[slot] += self._sum_with_torch(words)

    def _sum_with_torch(self, words):
        torch = self._torch
        total = torch.zeros((), dtype=torch.int64, device=words.device)
        for start in range(0, words.numel(), FALLBACK_WORDS):
            part = words[start : start + FALLBACK_WORDS].to(torch.int64).bitwise_and_(0xFFFFFFFF)
            position = torch.arange(start + 1, start + 1 + part.numel(), dtype=torch.int64, device=words.device)
            part.add_(position.mul_(_signed(GOLDEN)))
            for factor in (MIX_1, MIX_2):
                part.bitwise_xor_(_shift_right_33(part)).mul_(_signed(factor))
            part.bitwise_xor_(_shift_right_33(part))
            total += part.sum()
        return total


def _shift_right_33(values):
    """Logical shift: torch's on int64 is arithmetic."""
    return (values >> 33).bitwise_and_((1 << 31) - 1)


class _OnDevice:
    """Make a CUDA tensor's device current (Triton launches on the current one); nothing for others."""

    def __init__(self, torch, tensor):
        self._guard = torch.cuda.device(tensor.device) if tensor.is_cuda else None

    def __enter__(self):
        if self._guard is not None:
            self._guard.__enter__()

    def __exit__(self, *exception):
        if self._guard is not None:
            self._guard.__exit__(*exception)


_KERNEL = None


def _triton_kernel():
    """The compiled-on-first-use kernel, or None where Triton is missing."""
    global _KERNEL
    if _KERNEL is None and importlib.util.find_spec("triton") is not None:
        try:
            from .triton_digest import add_digest

            _KERNEL = add_digest
        except Exception:  # a Triton that does not fit this torch or machine is the same as none
            return None
    return _KERNEL
