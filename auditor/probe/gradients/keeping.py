"""The files of kept gradients: which steps are kept, how much of a gradient, and when the budget is used up.

A process writes `<folder>/<trace name>.jsonl` and `.bin`. Records of the first, by their key "record":

header     format, version, elements (most that are kept of one gradient), whole (digests are of all bits)
parameter  index, model, name, dtype, shape, kept (numbers in the .bin file a step) as `number`: float32 or float64
step       step, optimizer (number in the order of first steps); parts: [index, offset in the .bin file, digest of all
           bits, or of what is kept]; missing: indices of parameters without a gradient; unread: [index, why]
cut        step, reason: nothing is kept from here on
end        steps: how many the process took

Whole gradients of at most `elements` numbers are kept, of larger ones those at the places of `activations.keeping`,
which follow from their number alone. Every step is kept while half of the budget lasts, then a step each time a
twentieth more of them have passed, or as many more as let the rest of the budget last for ten million. What that
depends on is the same in runs that do the same, so that they keep the same steps.
"""

from ..indexed import IndexedFiles

FORMAT = "repro-audit-gradients"
VERSION = 1
# Version 1: first version.

FOLDER = "gradients"
THINNING = 1.05
FARTHEST = 10_000_000  # steps that the budget is made to last for
OVERHEAD = 96  # bytes that a gradient takes in the index, about


class Keeper:
    """What one process keeps. Files are opened by the first step, so that processes without one leave none."""

    def __init__(self, settings, name_of):
        self._folder = settings["folder"]
        self._name_of = name_of
        self.elements = int(settings["elements"])
        self.whole = bool(settings["whole"])
        self._budget = int(settings["budget_bytes"])
        self.forget()

    def forget(self):
        """Begin anew: in a forked child the files are the parent's."""
        header = {"record": "header", "format": FORMAT, "version": VERSION, "elements": self.elements}
        self._files = IndexedFiles(self._folder, self._name_of, {**header, "whole": self.whole})
        self._used = 0
        self._before = 0  # used when the last step that is kept began
        self._step = self._next = 0
        self._cut = False
        self._parameters = {}

    def keeps(self, step):
        """True if gradients of this step are kept; steps are asked for in their order."""
        if self._cut or (step != self._step and step < self._next):
            return False
        if step != self._step or not self._next:
            cost, left = self._used - self._before, self._budget - self._used
            self._step, self._before = step, self._used
            self._next = step + 1
            if self._used >= self._budget // 2 and left > 0:
                factor = max(THINNING, (FARTHEST / (step + 1)) ** (cost / left))
                self._next = max(step + 1, int(step * factor) + 1)
        return True

    def step(self, step, optimizer, parts, missing, unread):
        """Keep one optimizer's step.

        `parts`: (parameter, digest, bytes, type of their numbers); a parameter is (model, name, dtype, shape).
        `missing`: parameters; `unread`: (parameter, why).
        """
        size = sum(len(data) + OVERHEAD for _, _, data, _ in parts) + OVERHEAD * (len(missing) + len(unread) + 1)
        if self._used + size > self._budget:
            self._cut = True
            self._files.record({"record": "cut", "step": step, "reason": "the budget is used up"})
            self._files.flush()
            return
        self._used += size
        placed = []
        for parameter, digest, data, number in parts:
            index = self._parameter(parameter, number, len(data))
            placed.append([index, self._files.place(data), digest])
        record = {"record": "step", "step": step, "optimizer": optimizer, "parts": placed}
        record["missing"] = [self._parameter(each, None, 0) for each in missing]
        record["unread"] = [[self._parameter(each, None, 0), why] for each, why in unread]
        self._files.record(record)
        self._files.flush()

    def finish(self, steps):
        """Write the end record and close the files, where there are any."""
        if self._files.are_open:
            self._files.record({"record": "end", "steps": steps})
            self._files.close()
            self._cut = True

    def _parameter(self, parameter, number, nbytes):
        key = (*parameter, number)
        index = self._parameters.get(key)
        if index is None:
            index = self._parameters[key] = len(self._parameters)
            model, name, dtype, shape = parameter
            record = {"record": "parameter", "index": index, "model": model, "name": name, "dtype": dtype}
            kept = nbytes // (8 if number == "float64" else 4)
            self._files.record({**record, "shape": list(shape), "kept": kept, "number": number})
        return index
