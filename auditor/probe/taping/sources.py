"""Where the standard library asks the system for entropy."""

import functools
import os

from .replaced import replace

_STATE_BYTES = 2496  # what CPython reads to seed a Mersenne Twister: 624 words


def install(tape, hook):
    """Stand in for the functions that read entropy, now or as soon as the program imports their modules."""
    original = os.urandom
    urandom = replace(os, "urandom", functools.partial(_sized, tape, "os.urandom"))
    if hasattr(os, "getrandom"):
        replace(os, "getrandom", functools.partial(_getrandom, tape))
    hook.after("random", functools.partial(_random_ready, tape, original, urandom))
    hook.after("ssl", functools.partial(_ssl_ready, tape))
    hook.after("uuid", functools.partial(_uuid_ready, tape))


def _sized(tape, call, original):
    def read(size):
        if type(size) is not int or size < 0:
            return original(size)
        return tape.entropy(call, size)

    return read


def _getrandom(tape, original):
    def getrandom(size, flags=0):
        if type(size) is not int or size < 0:
            return original(size, flags)
        return tape.entropy("os.getrandom", size)

    return getrandom


def _random_ready(tape, original, urandom, random):
    """`random.Random()` and `seed()` read entropy in C: ask for the same bytes and seed with them.

    A seed that is a number of 624 words gives the state that the same words give when the system hands them out.
    """
    if getattr(random, "_urandom", None) is original:
        random._urandom = urandom  # was imported before us
    seed = random.Random.seed
    instance = random._inst

    @functools.wraps(seed)
    def taped(self, a=None, version=2):
        if a is not None:
            private = self is not instance
            return seed(self, tape.seeded("random.Random" if private else "random.seed", a, private), version)
        return seed(self, _number(tape.entropy("random.seed", _STATE_BYTES)), 2)

    random.Random.seed = taped
    random.seed = instance.seed
    start = functools.partial(_start_random, tape, seed, instance)
    start()
    # After `random`'s own, which seeds the child's generator from entropy that nobody sees.
    os.register_at_fork(after_in_child=start)


def _start_random(tape, seed, instance):
    if not tape.off:
        seed(instance, _number(tape.initial("random", _STATE_BYTES)), 2)


def _number(data):
    return int.from_bytes(data, "little")


def _ssl_ready(tape, ssl):
    replace(ssl, "RAND_bytes", functools.partial(_sized, tape, "ssl.RAND_bytes"))


def _uuid_ready(tape, uuid):
    """`uuid1` and its kin ask a library of the system for time, node and a random part: tape what they make of it."""
    for name in ("uuid1", "uuid6", "uuid7"):
        original = getattr(uuid, name, None)
        if original is not None:
            setattr(uuid, name, _made(tape, "uuid." + name, original, uuid.UUID))


def _made(tape, call, original, kind):
    @functools.wraps(original)
    def make(*args, **kwargs):
        made = []

        def real(size):
            made.append(original(*args, **kwargs))
            return made[-1].bytes

        data = tape.entropy(call, 16, real)
        return made[-1] if made else kind(bytes=data)

    return make
