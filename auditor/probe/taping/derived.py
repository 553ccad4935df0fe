"""Whether a seed is a plain function of a clock, a process id or a host name that was read."""

import functools
import operator
import time

from .digest import sha256

_NEAR = 1024  # ranks, workers and the like that are added to a clock
_SMALLEST = 1000  # smaller seeds agree with some digits of a clock by chance
_MODULI = [1 << 32, (1 << 32) - 1, 1 << 31, (1 << 31) - 1, 1 << 30, 1 << 24, 1 << 20, 1 << 16, (1 << 16) - 1]
_MODULI += [10**power for power in range(4, 13)]
_DATES = ("", "%d", "%m%d", "%y%m%d", "%Y%m%d")
_LATEST = 1 << 34  # in seconds: clocks beyond are none that a date can be made of


def is_made_of(seed, value):
    """True if a seed is a plain function of what was read: some of its digits, an offset, the date written out."""
    if type(seed) is str:
        return _is_written_in(seed, value)
    if type(value) is str:
        return False
    if seed == value:
        return True
    seed = abs(seed)
    if seed < _SMALLEST:
        return False
    if type(seed) is float:
        return abs(seed - value) < 1.0
    return any(_is_near(seed, base) for base in _bases(value)) or str(seed) in map(_without_zeros, _dates(value))


def is_mixed_of(seed, value, pid):
    """True if a seed is a clock combined with a process id."""
    if type(value) is str or seed < _SMALLEST:
        return False
    return any(
        _is_near(seed, mixed) for base in _bases(value) for mixed in (base + pid, base ^ pid, base * pid, base - pid)
    )


def _is_near(seed, base):
    if base == seed or (seed >= 1 << 15 and abs(base - seed) <= _NEAR):
        return True
    for modulus in _MODULI:
        if base > modulus > seed:
            rest = base % modulus
            if rest == seed or (seed >= 1 << 20 and abs(rest - seed) <= _NEAR):
                return True
    return False


def _bases(value):
    """Whole numbers that programs make of a clock."""
    if type(value) is int:
        # A process id stands for itself; nanoseconds for coarser units too.
        return [value] if value < 1 << 32 else [value // 10**power for power in range(10)]
    bases = [int(value * 10**power) for power in range(10)]
    return [*bases, round(value * 1_000_000)]  # `microsecond` of a moment is rounded


def _is_written_in(seed, value):
    if type(value) is str:
        return len(value) > 1 and value in seed
    if type(value) is int and value < 1 << 32:
        return value >= _SMALLEST and str(value) in seed
    if str(value) in seed or (value >= _SMALLEST and str(int(value)) in seed):
        return True
    digits = "".join(filter(str.isdigit, seed))
    return any(len(date) > 5 and date in digits for date in _dates(value))


def _dates(value):
    """Moments as programs write them, digits alone: with and without the date, with and without parts of a second."""
    if type(value) is int and value < 1 << 32:
        return
    seconds = value / 1e9 if type(value) is int else value
    if not 1e9 <= seconds < _LATEST:
        return
    parts = "%06d" % (round(seconds * 1_000_000) % 1_000_000)
    for text in _written(int(seconds)):
        for end in ("", parts[:3], parts):
            yield text + end


@functools.lru_cache(8)
def _written(second):
    moments = time.localtime(second), time.gmtime(second)
    return [time.strftime(day + clock, moment) for moment in moments for day in _DATES for clock in ("%H%M%S", "%M%S")]


def _without_zeros(text):
    return text.lstrip("0")


def shown_seed(seed):
    """Return what a tape notes of a seed, equal for equal seeds, and the number or text that a clock may have made."""
    kind = type(seed)
    if kind in (int, float, bool, str):
        return seed, seed
    if kind in (bytes, bytearray):
        return "%s %s" % (kind.__name__, sha256(seed).hexdigest()[:16]), int.from_bytes(seed[:16], "little")
    if kind in (list, tuple) and all(type(part) in (int, str) for part in seed):
        return "%s %s" % (kind.__name__, list(seed)), None
    try:
        return operator.index(seed), operator.index(seed)
    except TypeError:
        return kind.__name__, None
