"""What one process drew for which source, where: JSON Lines, each first draw at once, numbers at the end."""

import json
import os

FORMAT = "repro-audit-draws"
VERSION = 1
# Version 1: first version.

SUFFIX = ".draws"
_LIMIT = 2000  # lines of a process; what comes beyond is counted as one
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


class Ledger:
    """`<folder>/<name>.draws`; there from the first draw on, so that a process that is killed has told what it drew."""

    def __init__(self, folder, name_of):
        self._folder = folder
        self._name_of = name_of
        self._fd = None
        self._counts = {}  # (source, call, site, why it is held) -> draws

    def count(self, source, call, site, held):
        key = (source, call, site, held)
        if key not in self._counts and len(self._counts) >= _LIMIT:
            key = (source, call, None, held)
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] == 1:
            self._write({"draw": _described(key)})

    def problem(self, text):
        self._write({"problem": text})

    def _write(self, fields):
        if self._fd is None:
            path = os.path.join(self._folder, self._name_of() + SUFFIX)
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CLOEXEC, 0o666)
            self._write({"format": FORMAT, "version": VERSION})
        os.write(self._fd, (json.dumps(fields, sort_keys=True) + "\n").encode("ascii"))

    def abandon(self):
        """In a forked child: what was counted is the parent's to tell."""
        if self._fd is not None:
            os.close(self._fd)
        self.__init__(self._folder, self._name_of)

    def close(self):
        counted = [dict(_described(key), draws=draws) for key, draws in self._counts.items()]
        if counted:
            self._write({"end": counted})
        self.abandon()


def _described(key):
    source, call, site, held = key
    return {"source": source, "call": call, "site": site, "held": held}
