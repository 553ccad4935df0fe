"""Replays: every request gets what the same request got when the tape was made.

"The same" is the next one of its stream, if what was asked and the line that asks agree. Anything else is a divergence:
strict replay tells it and ends the process; lenient replay tells it and goes on with what the system gives.
"""

import json
import os

from . import claims, wire
from .report import Report
from .streams import Diverged, in_order

_SEED_ADVICE = "it comes from what the tape does not hold: record with --tape time,pid,host, if it is one of them"


class Player:
    """Answers from one process's file. The caller holds the lock."""

    def __init__(self, folder, report, name, header, settings):
        self._folder = folder
        self._strict = settings.get("strict", True)
        self._same_command = settings.get("same_command", True)
        claimed = claims.names(folder, name, header)
        self._report = Report(report, claimed, header)
        self.name = self._report.name
        self._entropy = {}  # stream -> entries
        self._initial = {}  # call -> entries
        self._keyed = {}  # (kind, call, stream, function, text of the line) -> entries
        self._done = set()  # streams of tasks that came to their end
        self._cut_off = set()  # streams of tasks that were stopped, here or when they were recorded
        self._position = {}
        self._ended = set()  # streams that were asked on after their end
        self._tasks_loaded = False
        self._by_size = False  # an imported tape: buffers without callers
        self.complete = False
        self._missing = ""
        self._load(self.name in claimed)

    def _load(self, is_own):
        path = os.path.join(self._folder, self.name + wire.SUFFIX)
        try:
            if not is_own:
                raise FileNotFoundError(path)  # of another process, if there is one
            reading = wire.read_file(path)
        except FileNotFoundError:
            self._missing = "the tape has nothing of this process"
            self.complete = True
            return
        self.complete = reading.complete
        self._by_size = bool(reading.header.get("imported"))
        self._sort(reading.entries)
        if self._by_size:  # Python and numpy make the system call; devices are what is left
            self._entropy.get(wire.MAIN, []).sort(key=lambda entry: entry.call == "random_device")

    def _sort(self, entries):
        for entry in entries:
            if entry.kind == wire.ENTROPY:
                self._entropy.setdefault(entry.stream, []).append(entry)
            elif entry.kind == wire.DONE:
                (self._cut_off if entry.flags & wire.CUT_OFF else self._done).add(entry.stream)
            elif entry.kind == wire.INITIAL:
                self._initial.setdefault(entry.call, []).append(entry)
            else:
                self._keyed.setdefault(_key(entry.kind, entry.call, entry.stream, entry.site), []).append(entry)

    def after_fork_in_child(self):
        self._report.abandon()

    def close(self):
        """Tell what was recorded and never asked for."""
        left = {}
        for stream, entries in () if self._by_size else self._entropy.items():
            used = self._position.get((wire.ENTROPY, stream), 0)
            if used == len(entries) or stream.startswith(wire.TASK) or self._was_cut_off(stream):
                continue
            if self._is_loader_worker():
                continue
            entry = entries[used]
            if not entry.flags & (wire.SOFT | wire.CUT_OFF):
                what = _words(entry.call, len(entry.payload))
                left[stream] = {"index": used, "recorded": len(entries), "what": what, "at": _line(entry.site)}
        self._report.write({"end": {"left": left}})
        self._report.abandon()

    # what is answered

    def entropy(self, call, asker, size, real):
        if self._by_size:
            return self._of_size(call, asker, size, real)
        stream = asker.stream
        self._load_tasks(stream)
        entries = self._entropy.get(stream, ())
        at = self._position.get((wire.ENTROPY, stream), 0)
        if at >= len(entries):
            return self._past_the_end(call, asker, size, real, len(entries))
        entry = entries[at]
        fault = _fault(entry, call, asker, size)
        if fault:
            return self._differs(entry, call, asker, size, real, at, fault)
        self._position[(wire.ENTROPY, stream)] = at + 1
        return entry.payload

    def _of_size(self, call, asker, size, real):
        """Return the next buffer of this size: an imported tape says nothing of who asked."""
        entries = self._entropy.get(wire.MAIN, ())
        at = self._position.get(size, 0)
        while at < len(entries) and len(entries[at].payload) != size:
            at += 1
        self._position[size] = at + 1
        if at < len(entries):
            return entries[at].payload
        if not asker.soft:
            count = sum(len(entry.payload) == size for entry in entries)
            text = "%s asked for %s at %s; the imported tape has %d buffers of this size" % (
                self._who(asker), _words(call, size), _line(asker.site), count,
            )  # fmt: skip
            self._diverge(text, asker, count, None, call, size)
        return real(size)

    def _past_the_end(self, call, asker, size, real, count):
        asked = "%s asked for %s at %s" % (self._who(asker), _words(call, size), _line(asker.site))
        if asker.soft:
            return real(size)
        if asker.stream in self._ended:
            return real(size)  # told already
        self._ended.add(asker.stream)
        if not self.complete and asker.stream not in self._done:
            if "." in self.name.partition("-")[2]:
                self._note("%s, its request %d; the recorded process was ended before it got so far" % (asked, count))
                return real(size)
            text = "the tape ends here: the recording was cut short after request %d; %s as request %d" % (
                count - 1, asked, count,
            )  # fmt: skip
        elif asker.at_end or self._was_cut_off(asker.stream) or self._is_loader_worker():
            self._note("%s, its request %d; the tape has %d" % (asked, count, count))
            return real(size)
        else:
            text = "%s, its request %d; %s" % (asked, count, self._missing or "the tape has only %d" % count)
        self._diverge(text, asker, count, None, call, size, not self.complete and asker.stream not in self._done)
        return real(size)

    def _differs(self, entry, call, asker, size, real, at, fault):
        if asker.soft:
            return real(size)
        text = "request %d of %s is %s at %s; recorded was %s at %s%s" % (
            at, self._who(asker), _words(call, size), _line(asker.site),
            _words(entry.call, len(entry.payload)), _line(entry.site), fault,
        )  # fmt: skip
        self._diverge(text, asker, at, entry, call, size)
        # Lenient: an added request leaves the sequence where it is; one that comes later on the tape skips up to there.
        if self._comes_later(asker.stream, at, call, size, asker.site):
            return self.entropy(call, asker, size, real)
        return real(size)

    def _comes_later(self, stream, at, call, size, site):
        """Lenient replay goes on behind requests that are no longer made."""
        entries = self._entropy[stream]
        for later in range(at + 1, min(len(entries), at + 50)):
            entry = entries[later]
            if entry.call == call and len(entry.payload) == size and _same_site(entry.site, site):
                self._position[(wire.ENTROPY, stream)] = later
                return True
        return False

    def initial(self, call, asker, size, real):
        if self._by_size:
            return self._of_size(call, asker, size, real)
        entries = self._initial.get(call, ())
        at = self._position.get((wire.INITIAL, call), 0)
        if at < len(entries) and len(entries[at].payload) == size:
            self._position[(wire.INITIAL, call)] = at + 1
            return entries[at].payload
        if self.complete:
            about = self._missing or "the tape has no state for it"
            self._note("%s of process %s starts from the system's entropy: %s" % (call, self.name, about))
        return real(size)

    def seed(self, call, asker, value):
        """Tell a seed that is not the recorded one: it came from something that the tape knows nothing of.

        A divergence, because all that is drawn from it differs; in threads and tasks a note, because which of them
        comes first may be left to chance, and under another command too, whose arguments may have changed it.
        """
        entry = self._next(wire.SEED, call, asker)
        if entry is None or _value(entry) == value:
            return value
        words = call, _short(value), _line(asker.site), _short(_value(entry))
        text = "%s was seeded with %s at %s; recorded was %s" % words
        if not in_order(asker.stream) or asker.soft or not self._same_command or self._is_loader_worker():
            self._note(text)
        else:
            at = self._position[_key(wire.SEED, call, asker.stream, asker.site)] - 1
            self._diverge("%s: seed %d there; %s" % (text, at, _SEED_ADVICE), asker, at, entry, call, None)
        return value

    def value(self, call, asker, number, value):
        """Return the recorded value of the `number`-th read by this call at this line, or the one just read."""
        self._load_tasks(asker.stream)
        key = _key(wire.VALUE, call, asker.stream, asker.site)
        entries = self._keyed.get(key, ())
        at = self._position.get(key, 0)
        while at < len(entries):
            recorded = _value(entries[at])
            if recorded[0] > number:
                break
            at += 1
            self._position[key] = at
            if recorded[0] == number:
                return recorded[1]
        return value

    def listing(self, call, asker, path, names):
        """Return the names in the recorded order; names that were not there then come last, as they come now."""
        entry = self._next(wire.LISTING, call, asker)
        if entry is None:
            return names
        recorded = _value(entry)[1]
        order = {name: index for index, name in enumerate(recorded)}
        if set(order) != set(names):
            self._note("%s holds other files than when it was recorded (%s)" % (path, _line(asker.site)))
        return sorted(names, key=lambda name: order.get(name, len(order)))

    def state(self, call, stream):
        """Return the recorded state of a global generator when a task began; None where the task left it alone."""
        self._load_tasks(stream)
        entries = self._keyed.get(_key(wire.STATE, call, stream, None))
        return entries[0].payload if entries else None

    def turns(self, call, stream):
        """Return what stands on the tape of a global generator's turns in a task of asyncio, in order."""
        self._load_tasks(stream)
        return [entry.payload for entry in self._keyed.get(_key(wire.TURN, call, stream, None), ())]

    def turn(self, call, asker, text):
        """A task of asyncio drew otherwise from a global generator."""
        self._load_tasks(asker.stream)
        text = "%s drew from the generator of %s: %s" % (self._who(asker), call, text)
        if self._was_cut_off(asker.stream):
            return
        if asker.at_end or not self.complete or self._missing:
            self._note(text)
        else:
            self._diverge(text, asker, 0, None, call, None)

    def done(self, stream, cut_off):
        if cut_off:
            self._cut_off.add(stream)

    def _was_cut_off(self, stream):
        """Whether the task, or one that it ran in, was stopped at a moment that is left to chance."""
        if not self._cut_off:
            return False
        parts = stream.split(".")
        return any(".".join(parts[:count]) in self._cut_off for count in range(1, len(parts) + 1))

    def problem(self, text):
        self._report.write({"problem": text})

    def _next(self, kind, call, asker):
        self._load_tasks(asker.stream)
        key = _key(kind, call, asker.stream, asker.site)
        entries = self._keyed.get(key, ())
        at = self._position.get(key, 0)
        if at >= len(entries):
            return None
        self._position[key] = at + 1
        return entries[at]

    # what is told

    def _diverge(self, text, asker, index, entry, call, size, cut=False):
        fields = {
            "process": self.name,
            "stream": asker.stream,
            "index": index,
            "asked": _words(call, size),
            "asked_at": _line(asker.site),
            "recorded": _words(entry.call, len(entry.payload)) if entry is not None else "",
            "recorded_at": _line(entry.site) if entry is not None else "",
            "text": text,
            "tape_was_cut": cut,
        }
        self._report.write({"divergence": fields})
        if self._strict:
            raise Diverged(text)

    def _note(self, text):
        self._report.note(text)

    def _who(self, asker):
        return "process %s%s" % (self.name, "" if asker.stream == wire.MAIN else ", thread or task " + asker.stream)

    def _is_loader_worker(self):
        """A worker of a data loader works ahead; how far it gets before it is ended is left to chance."""
        import sys

        module = sys.modules.get("torch.utils.data._utils.worker")
        return getattr(module, "_worker_info", None) is not None

    def _load_tasks(self, stream):
        """Which process of a pool runs a task is left to chance: take the tasks from the tapes of all its processes."""
        if self._tasks_loaded or not stream.startswith(wire.TASK):
            return
        self._tasks_loaded = True
        rank, place = wire.place_of(self.name)
        family = rank, place.rpartition(".")[0]
        for name in sorted(os.listdir(self._folder)):
            other_rank, other = wire.place_of(name)
            if not name.endswith(wire.SUFFIX) or (other_rank, other.rpartition(".")[0]) != family:
                continue
            if name != self.name + wire.SUFFIX:
                entries = wire.read_file(os.path.join(self._folder, name)).entries
                self._sort([entry for entry in entries if entry.stream.startswith(wire.TASK)])


def _fault(entry, call, asker, size):
    """Return why a request is not the recorded one; "" where it is."""
    if entry.call != call:
        return ": another request"
    if len(entry.payload) != size:
        return ": another size"
    if not _same_site(entry.site, asker.site):
        return ": another line"
    return ""


def _same_site(recorded, site):
    """The same function and the same text of the line; lines and folders may move."""
    if recorded is None or site is None:
        return recorded is site
    return recorded[2:] == site[2:]


def _key(kind, call, stream, site):
    return (kind, call, stream) + (tuple(site[2:]) if site is not None else ("", ""))


def _value(entry):
    return json.loads(entry.payload.decode("utf-8"))


def _words(call, size):
    if size is None:
        return call
    return "%s (%d bytes)" % (call, size)


def _line(site):
    return "%s:%d" % (site[0], site[1]) if site is not None else "an unknown line"


def _short(value):
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
