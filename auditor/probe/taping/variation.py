"""Another seed in the place of each one that a program passes, the same for the same seed of one run."""

import operator

from .digest import sha256

_LIMIT = 1 << 31  # the smallest of the ranges that libraries take


def varied(seed, settings, private):
    """Return the seed to use. `settings`: "seed" of this run, "private": replace seeds of private generators too.

    Equal seeds stay equal and different ones stay different, so that ranks and workers relate as they did.
    """
    if private and not settings.get("private"):
        return seed
    if type(seed) not in (int, float, str, bytes):
        try:
            seed = operator.index(seed)
        except TypeError:
            return seed  # arrays of seeds
    text = "%s|%s|%r" % (settings["seed"], type(seed).__name__, seed)
    return int.from_bytes(sha256(text.encode("utf-8", "backslashreplace")).digest()[:8], "little") % _LIMIT
