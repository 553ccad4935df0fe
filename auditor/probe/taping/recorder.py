"""Records: whatever the system answers is written to the process's tape before the program gets it."""

import json
import os

from . import states, turns, wire

SEEDS_LIMIT = 10_000  # seeds recorded of one call and line: some data sets make a generator for every item


class Recorder:
    """Appends to `<tape>/<rank>-<place>.tape`, one write a record. The caller holds the lock."""

    def __init__(self, folder, name, header, moved):
        """`moved` names, at the end, the global generators that were drawn from or set since they started."""
        self.name, self._fd = _create(folder, name)
        self._moved = moved
        self._names = {}
        self._sites = {}
        self._seeds = {}
        self._count = 0
        self._states = 0
        self._turns = 0
        os.write(self._fd, wire.head(header))

    def after_fork_in_child(self):
        os.close(self._fd)

    def close(self):
        text = json.dumps({"moved": self._moved(), "records": self._count}, sort_keys=True)
        os.write(self._fd, wire.record(wire.END, text.encode("ascii")))
        os.close(self._fd)

    # what is recorded

    def entropy(self, call, asker, size, real):
        data = real(size)
        self._write(wire.ENTROPY, data, call, asker)
        return data

    def initial(self, call, asker, size, real):
        data = real(size)
        self._write(wire.INITIAL, data, call, asker)
        return data

    def seed(self, call, asker, value):
        key = (call, asker.site)
        count = self._seeds[key] = self._seeds.get(key, 0) + 1
        if count <= SEEDS_LIMIT:
            self._write(wire.SEED, _json(value), call, asker)
        return value

    def value(self, call, asker, number, value):
        """A clock or the like was read for the `number`-th time by this call at this line."""
        self._write(wire.VALUE, _json([number, value]), call, asker)
        return value

    def listing(self, call, asker, path, names):
        self._write(wire.LISTING, _json([path, names]), call, asker)
        return names

    def state(self, call, asker, payload):
        self._states += 1
        if self._states <= states.LIMIT:
            self._write(wire.STATE, payload, call, asker)
        elif self._states == states.LIMIT + 1:
            self.problem("tasks moved global generators more than %d times: later ones are not taped" % states.LIMIT)

    def turn(self, call, asker, payload):
        self._turns += 1
        if self._turns <= turns.LIMIT:
            self._write(wire.TURN, payload, call, asker)
        elif self._turns == turns.LIMIT + 1:
            self.problem("tasks of asyncio took turns more than %d times: later ones are not taped" % turns.LIMIT)

    def done(self, stream, cut_off=False):
        """The task came to its end, or (`cut_off`) was stopped: of those that asked for nothing only this is told."""
        if stream in self._names or cut_off:
            parts = []
            flags = wire.CUT_OFF if cut_off else 0
            parts.append(wire.record(wire.DONE, stream=self._name(stream, parts), flags=flags))
            os.write(self._fd, b"".join(parts))

    def problem(self, text):
        os.write(self._fd, wire.record(wire.PROBLEM, text.encode("utf-8", "backslashreplace")))

    def _write(self, kind, payload, call, asker):
        parts = []
        stream_id = self._name(asker.stream, parts)
        call_id = self._name(call, parts)
        site_id = self._site(asker.site, parts)
        flags = (wire.SOFT if asker.soft else 0) | (wire.CUT_OFF if asker.at_end else 0)
        parts.append(wire.record(kind, payload, stream_id, call_id, site_id, flags))
        os.write(self._fd, b"".join(parts))
        self._count += 1

    def _name(self, text, parts):
        found = self._names.get(text)
        if found is None:
            found = self._names[text] = len(self._names) + 1
            parts.append(wire.record(wire.NAME, text.encode("utf-8", "backslashreplace"), stream=found))
        return found

    def _site(self, site, parts):
        if site is None:
            return 0
        found = self._sites.get(site)
        if found is None:
            found = self._sites[site] = len(self._sites) + 1
            parts.append(wire.record(wire.SITE, _json(site), site=found))
        return found


def _create(folder, name):
    """Create the file of a process; a taken name means the same program started again, by a shell script say."""
    number = 1
    attempt = name
    while True:
        path = os.path.join(folder, attempt + wire.SUFFIX)
        try:
            return attempt, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _CLOEXEC, 0o666)
        except FileExistsError:
            number += 1
            attempt = "%s~%d" % (name, number)


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def _json(value):
    return json.dumps(value, ensure_ascii=True).encode("ascii")
