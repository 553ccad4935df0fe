"""Signed sums over all elements of a tensor, from which the size of a difference between two tensors follows.

A second-moment sketch (Alon, Matias and Szegedy, STOC 1996) with one bucket an element, as in the count sketch
(Charikar, Chen and Farach-Colton, ICALP 2002; Thorup and Zhang, SODA 2004): every element is added to one of `BUCKETS`
sums, with a sign that its place gives it. The sums of a difference are the differences of the sums, and the sum of
their squares estimates the sum of its squares: exact for one element, else with a relative standard deviation of at
most sqrt(2 / BUCKETS), 4.4 %, of the squares and half of that of their root. Sums are float64, so that what differs in
the last place of a float32 is seen among millions of elements.
"""

BUCKETS = 1021
"""A prime, so that no side of a tensor divides it: one feature of a layer's lies in all of the sums by turns."""

BLOCK = BUCKETS << 10
"""Elements that share the pattern of signs."""

_STRIDE = 389
"""Buckets by which a block is shifted: elements with one sign then lie in others, up to `BUCKETS` blocks."""

_WORD = (1 << 64) - 1


class Sketcher:
    """Sketches of the tensors of one process; the signs are the same in every process."""

    def __init__(self, torch):
        self._torch = torch
        self._signs = {}  # device -> of one block

    def sums(self, flat):
        """Return the `BUCKETS` sums of a tensor of shape (n,) of floating point numbers, float64, on its device."""
        torch = self._torch
        signs = self._signs_on(flat.device)
        found = torch.zeros(BUCKETS, dtype=torch.float64, device=flat.device)
        for block in range(-(-flat.numel() // BLOCK)):
            part = flat[block * BLOCK : (block + 1) * BLOCK]
            part = part.to(torch.float64).mul_(signs[: part.numel()])
            whole = part.numel() // BUCKETS * BUCKETS
            sums = part[:whole].view(-1, BUCKETS).sum(0)
            sums[: part.numel() - whole] += part[whole:]
            found += sums.roll(block * _STRIDE)
        return found

    def _signs_on(self, device):
        found = self._signs.get(device)
        if found is None:
            torch = self._torch
            words = torch.frombuffer(bytearray(_bits(BLOCK)), dtype=torch.uint8).unsqueeze(1)
            bits = words.bitwise_right_shift(torch.arange(8, dtype=torch.uint8, device="cpu")).bitwise_and_(1)
            found = self._signs[device] = bits.view(-1).to(torch.int8).mul_(2).sub_(1).to(device)
        return found


def _bits(count):
    """Return bytes of at least so many bits, always the same ones (SplitMix64; Steele, Lea and Flood, OOPSLA 2014)."""
    found = bytearray()
    state = 0
    for _ in range(-(-count // 64)):
        state = (state + 0x9E3779B97F4A7C15) & _WORD
        word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _WORD
        found += (word ^ (word >> 31)).to_bytes(8, "little")
    return bytes(found)
