"""The files of kept activations: which steps are kept, how much of a tensor, and when the budget is used up.

A process writes `<run>/activations/<trace name>.jsonl` and `.bin`. Records of the first, by their key "record":

header  format, version, elements (most that are kept of one tensor)
step    step: its forward passes are kept from here on
call    step, model, layer, type, call (counts from 0 in the step), tensors: objects of `dtype`, `shape`, `digest` (of
        all bits; 16 hex digits, null where the tensor has none), `offset` and `kept` (elements in the .bin file from
        there; 0 where nothing is kept), `sketch` (sums over all elements behind them, float64, see `sketch`; 0 where
        the tensor is whole)
cut     step, reason: calls of the step from here on are not kept
end     steps: how many the process took

The .bin file holds raw bytes: whole tensors of at most `elements` elements, of larger ones a sample whose places follow
from their number alone: one in each of `elements` stretches of equal length, chosen by a linear congruential generator.
Every step is kept while half the budget lasts, then each time a twentieth more steps have passed.
"""

import os

from ..indexed import IndexedFiles

FORMAT = "repro-audit-activations"
VERSION = 2
# Version 2: `sketch`. Version 1 had none.

FOLDER = "activations"
THINNING = 1.05


class Keeper:
    """What one process keeps. Files are opened by the first record, so that helper processes leave none."""

    def __init__(self, run_dir, name_of, settings):
        self._folder = os.path.join(run_dir, FOLDER)
        self._name_of = name_of
        self.elements = int(settings["elements"])
        self._budget = int(settings["budget_bytes"])
        self.forget()

    def forget(self):
        """Begin anew: in a forked child the files are the parent's."""
        header = {"record": "header", "format": FORMAT, "version": VERSION, "elements": self.elements}
        self._files = IndexedFiles(self._folder, self._name_of, header)
        self._used = 0
        self._step = None
        self._next = 0
        self._open = False  # calls of the present step are kept
        self._calls = {}

    # steps

    def keeps(self, step):
        """True if calls of this step are kept."""
        if step != self._step:
            self._begin(step)
        return self._open

    def _begin(self, step):
        self._step = step
        self._calls = {}
        self._open = step >= self._next and self._used < self._budget
        if self._open:
            dense = self._used < self._budget // 2
            self._next = step + 1 if dense else max(step + 1, int(step * THINNING) + 1)
            self._write({"record": "step", "step": step})

    def cut(self, reason):
        """Keep no more of this step."""
        if self._open:
            self._open = False
            self._write({"record": "cut", "step": self._step, "reason": reason})

    def call(self, model, layer, kind, tensors):
        """Keep one call.

        `tensors`: (dtype, shape, digest or None, bytes of what is kept or None, elements in it, bytes of the sketch or
        None).
        """
        size = sum(len(data) for each in tensors for data in (each[3], each[5]) if data is not None)
        if self._used + size > self._budget:
            self.cut("--margin-budget is used up")
            return
        number = self._calls.get((model, layer), 0)
        self._calls[(model, layer)] = number + 1
        kept = []
        for dtype, shape, digest, data, count, sketch in tensors:
            entry = {"dtype": dtype, "shape": shape, "digest": None if digest is None else "%016x" % digest}
            entry["offset"] = self._files.offset if data is None else self._files.place(data)
            entry["kept"] = count
            entry["sketch"] = 0 if sketch is None else len(sketch) // 8
            if sketch is not None:
                self._files.place(sketch)
            kept.append(entry)
        self._used += size
        place = {"record": "call", "step": self._step, "model": model, "layer": layer, "type": kind, "call": number}
        self._write({**place, "tensors": kept})

    def finish(self, steps):
        """Write the end record and close the files, where there are any."""
        if self._files.are_open:
            self._write({"record": "end", "steps": steps})
            self._files.close()
            self._open = False

    def _write(self, record):
        self._used += self._files.record(record)


def places(total, count):
    """Return `count` increasing places below `total`, one in each of as many stretches; the same ones every time."""
    found = []
    state = total
    for index in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        start = index * total // count
        found.append(start + (state >> 33) % ((index + 1) * total // count - start))
    return found
