"""Evaluates several levels of noise, by the quickest way that has the bits of one plain evaluation after the other.

Two ways are tried: from the noisy layer on (`reuse`), and several levels as one batch (`stacking`). Neither is trusted:
each is held against plain evaluations of this model and these batches, and left alone where a bit differs.
"""

import time

from . import bits
from .interception import intercepted
from .outputs import Inquiry, Outputs
from .points import attached
from .reuse import Recording, Reuse, around
from .stacking import Blocks, NotStackableError, Seen

GAIN = 0.9  # of the time of plain evaluations: what is not below it is not worth a larger batch
WORTH_S = 0.005  # an evaluation that takes no longer is left as it is: a walk has hundreds, and is over in a second
SHORT_S = 0.1  # what takes no longer is measured three times: others use the machine as well


class Subject:
    """Where noise enters, and what is known of the ways to evaluate it."""

    def __init__(self, points):
        self.points = points
        self.seen = None  # for each point the shapes of its tensors, from a plain evaluation
        self.size_bytes = 0
        self.around = None
        self.reusable = None  # None: not tried yet
        self.stackable = None


class Levels:
    """Evaluations under noise. A noise is a function that returns fresh operators, one a point.

    Results never depend on `clock`, which says what is faster.
    """

    def __init__(self, torch, roots, evaluation, limit_bytes, clock=time.perf_counter):
        self._clock = clock
        self._torch = torch
        self._roots = roots
        self._evaluation = evaluation
        self._limit = limit_bytes
        self._subjects = {}
        self._inquiry = None
        self._recordings = {}  # levels at once -> what an evaluation without noise put out
        self._sizes = {}  # levels at once -> whether all levels had the bits of plain evaluations
        self._reuses = False
        self._short = False
        self.at_once = 1

    # what is asked

    def plan(self, points, noises, wanted, reuses):
        """Find out how to evaluate; `wanted` levels at once, None: as many as pay. Return {"at_once", "reason"}.

        noises: of different sizes at `points`, the least first and the greatest second.
        """
        self._reuses, self.at_once, self._subjects = False, 1, {}
        try:
            self._inquiry = self._inquire()
            self._short = wanted is None and self._quickest(self._evaluation.once) <= WORTH_S
            self._reuses = reuses and not self._short
            reason = None if wanted == 1 else self._try_sizes(Subject(points), noises, wanted)
        except Exception as error:
            reason = _told(error)
        return {"at_once": self.at_once, "reason": reason}

    def values(self, points, noises):
        """Return the metrics under each of the noises at these points, the least of them first."""
        subject = self._subjects.setdefault(tuple(map(id, points)), Subject(points))
        if len(noises) > 1 and self.at_once > 1 and subject.stackable is not False:
            found = self._together(subject, noises)
            if found is not None:
                return found
        return [self._alone(subject, noise) for noise in noises]

    # one level after the other

    def _alone(self, subject, noise):
        if subject.reusable is False or not self._can_reuse(subject):
            return self._plain(subject, noise)[0]
        if subject.reusable is None:
            return self._try_reuse(subject, noise)
        found = self._attempt(self._reused, subject, noise)
        return self._plain(subject, noise)[0] if found is None else found[0]

    def _try_reuse(self, subject, noise):
        """Evaluate in both ways; the subject is reusable where the bits are the same, and it is faster."""
        self._attempt(self._recording, 1)
        begun = self._clock()
        plain = self._plain(subject, noise, self._watch())
        between = self._clock()
        again = self._attempt(self._reused, subject, noise, True)
        faster = self._clock() - between < between - begun
        subject.reusable = again is not None and _agree(plain, again) and faster
        return plain[0]

    def _plain(self, subject, noise, watch=None):
        """Return the metrics, and what `watch` saw; notes the shapes of the noisy tensors."""
        seen = [Seen(operator) for operator in noise()]
        with attached(subject.points, seen), intercepted(self._torch, watch):
            values = self._evaluation.once()
        if subject.seen is None:
            subject.seen = [each.shapes for each in seen]
            subject.size_bytes = sum(each.size_bytes for each in seen)
        return values, watch

    def _reused(self, subject, noise, watched=False):
        operators = noise()
        watch = self._watch() if watched else None
        reuse = self._reuse(subject, operators, 1)
        with attached(subject.points, operators), intercepted(self._torch, reuse), intercepted(self._torch, watch):
            return self._evaluation.once(), watch

    def _reuse(self, subject, operators, count):
        if subject.around is None:
            subject.around = around(self._roots, [point.module for point in subject.points])
        noisy = [(point.module, operator) for point, operator in zip(subject.points, operators)]
        return Reuse(self._torch, self._roots, self._recording(count), noisy, subject.around)

    def _recording(self, count):
        if count not in self._recordings:
            self._recordings[count] = self._record(count)
        return self._recordings[count]

    def _record(self, count):
        """Keep what an evaluation without noise puts out; all recordings together are within the limit."""
        left = self._limit - sum(each.size_bytes for each in self._recordings.values())
        recording = Recording(self._roots, left, keeps_given=count == 1 and self._evaluation.calls is None)
        if count == 1:
            with intercepted(self._torch, recording):
                self._evaluation.once()
        else:
            self._evaluation.together(self._inquiry.calls, self._inquiry.forms, count, recording)
        return recording

    def _can_reuse(self, subject):
        return (
            self._reuses
            and self._inquiry is not None
            and self._inquiry.obstacle is None
            and not any(point.is_input for point in subject.points)
        )

    # several as one

    def _together(self, subject, noises):
        """Return the metrics; None where several at once would not have the bits of one after the other.

        The first time that so many are evaluated at once, all are held against plain evaluations; of each subject it
        is its least noise, which shows most of what the others do to it.
        """
        count = len(noises)
        proven = self._sizes.get(count)
        if proven is False or not self._has_room(subject, count):
            return None
        checked = range(count) if proven is None else range(1) if subject.stackable is None else ()
        plain = [self._plain(subject, noises[at], self._watch()) for at in checked]
        stacked, agree = self._compared(subject, noises, plain)
        if not agree and subject.reusable is not False and self._can_reuse(subject):
            subject.reusable = False
            stacked, agree = self._compared(subject, noises, plain)
        if proven is None:
            self._sizes[count] = agree
        elif not agree:
            subject.stackable = False
        if agree:
            subject.stackable = True
            return [values for values, _ in stacked]
        return [values for values, _ in plain] if len(plain) == count else None

    def _compared(self, subject, noises, plain):
        stacked = self._attempt(self._stacked, subject, noises)
        return stacked, stacked is not None and all(map(_agree_level, plain, stacked))

    def _stacked(self, subject, noises):
        count = len(noises)
        each = [noise() for noise in noises]
        operators = [
            Blocks(self._torch, [operators[place] for operators in each], shapes)
            for place, shapes in enumerate(subject.seen)
        ]
        reuse = None
        if subject.reusable is not False and self._can_reuse(subject):
            reuse = self._reuse(subject, operators, count)
        inquiry = self._inquiry
        with attached(subject.points, operators):
            return self._evaluation.together(inquiry.calls, inquiry.forms, count, reuse)

    def _has_room(self, subject, count):
        """True where a batch of several levels, and the outputs of all, are within bounds."""
        calls = max(1, len(self._inquiry.calls))
        return count * max(subject.size_bytes // calls, self._inquiry.size_bytes) <= self._limit

    # finding out

    def _watch(self):
        return Outputs(self._torch, self._roots, self._evaluation.judged)

    def _inquire(self):
        evaluation = self._evaluation
        inquiry = Inquiry(self._torch, self._roots, evaluation.judged, evaluation.calls, self._limit)
        with intercepted(self._torch, inquiry):
            self._evaluation.once()
        if not inquiry.calls and inquiry.obstacle is None:
            inquiry.obstacle = "the evaluation does not call the model"
        return inquiry

    def _try_sizes(self, subject, noises, wanted):
        """Set `at_once`; return what stands against more than one, None where only the time does: the bits are looked
        at first, so that what is told does not depend on a clock."""
        if self._inquiry.obstacle is not None:
            return self._inquiry.obstacle
        plain = []
        size = len(noises)
        reason = None
        if wanted is None and size > 2:
            reason = self._try_size(subject, noises, 2, plain)
            if reason is None and not self._is_faster(subject, noises[:2]):
                return None
        while size > 1:
            reason = self._try_size(subject, noises, size, plain)
            if reason is None:
                self.at_once = size if wanted is not None or self._is_faster(subject, noises[:size]) else 1
                return None
            size //= 2
        return reason

    def _try_size(self, subject, noises, count, plain):
        """Evaluate so many levels at once; return what stands against that."""
        for noise in noises[len(plain) : count]:
            plain.append(self._plain(subject, noise, self._watch()))
        if not self._has_room(subject, count):
            return "%d batches at once do not fit into memory" % count
        try:
            stacked = self._stacked(subject, noises[:count])
        except NotStackableError as error:
            return str(error)
        except Exception as error:
            return "%d batches as one are an error: %s" % (count, _told(error))
        self._sizes[count] = all(map(_agree_level, plain, stacked))
        return None if self._sizes[count] else self._why(plain, stacked)

    def _is_faster(self, subject, noises):
        if self._short:
            return False
        alone = self._quickest(self._plain, subject, noises[-1])
        return self._quickest(self._stacked, subject, noises) < GAIN * len(noises) * alone

    def _quickest(self, function, *arguments):
        """Return how long a call takes; the least of three where that is not long."""
        taken = []
        while not taken or (len(taken) < 3 and min(taken) <= SHORT_S):
            begun = self._clock()
            function(*arguments)
            taken.append(self._clock() - begun)
        return min(taken)

    def _why(self, plain, stacked):
        for (_, watch), (_, outputs) in zip(plain, stacked):
            if bits.digest(outputs[0]) != watch.digests[0] and not bits.is_rounding(
                self._torch, watch.first, outputs[0]
            ):
                return "the samples of a batch do something to each other"
        return "larger batches are rounded otherwise"

    # both

    @staticmethod
    def _attempt(function, *arguments):
        """Return what a shortcut gives; None where it fails: the plain way says what is wrong, if anything is."""
        try:
            return function(*arguments)
        except Exception:
            return None


def _agree(one, other):
    return repr(one[0]) == repr(other[0]) and one[1].digests == other[1].digests


def _agree_level(plain, stacked):
    return repr(plain[0]) == repr(stacked[0]) and plain[1].digests == [bits.digest(output) for output in stacked[1]]


def _told(error):
    """Its class and the first line of what it says."""
    return "%s: %s" % (type(error).__name__, (str(error).splitlines() or [""])[0])
