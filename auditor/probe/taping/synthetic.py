"""A tape that was never recorded: every request is answered by SHA-256 of a seed, who asks, and how often before."""

from .digest import sha256

_EPOCH_S = 1_000_000_000
_SPAN_S = 500_000_000


class Synthetic:
    """Answers from a seed. Processes, threads and tasks have sequences of their own. The caller holds the lock."""

    complete = True

    def __init__(self, seed, name):
        self._key = ("%s|%s" % (seed, name)).encode("utf-8")
        self._task_key = ("%s|task" % seed).encode("utf-8")
        self.name = name
        self._count = {}

    def after_fork_in_child(self):
        pass

    def close(self):
        pass

    def entropy(self, call, asker, size, real):
        return self._bytes(asker.stream, size)

    def initial(self, call, asker, size, real):
        return self._bytes("initial " + call, size)

    def seed(self, call, asker, value):
        return value

    def value(self, call, asker, number, value):
        """Make up a clock, pid or host name that is read to make a seed, of the kind that `value` is."""
        made = int.from_bytes(self._bytes("value " + call, 8), "little")
        if type(value) is float:
            return _EPOCH_S + made % (_SPAN_S * 10**6) / 1e6
        if type(value) is int:
            return (_EPOCH_S + made % _SPAN_S) * 10**9 + made % 10**9 if value >= 1 << 32 else 2 + made % 30_000
        return "host%d" % (made % 1000)

    def listing(self, call, asker, path, names):
        return sorted(names)

    def problem(self, text):
        pass

    def _bytes(self, stream, size):
        count = self._count[stream] = self._count.get(stream, 0) + 1
        key = self._task_key if stream.startswith("task ") else self._key
        blocks = [
            sha256(b"%s|%s|%d|%d" % (key, stream.encode("utf-8", "replace"), count, block)).digest()
            for block in range((size + 31) // 32)
        ]
        return b"".join(blocks)[:size]
