"""Pair the events of two lanes by what they are, not by where they stand.

Equal identities in a row are paired as they come. Where the lanes part, the nearest place at which both go on alike
is looked for; what lies between is missing or extra, or merely moved. A missing or extra event is a result, never an
error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from auditor.dynamic.lane import Lane
from auditor.model.lean import dataclass, field

Array = np.ndarray[Any, Any]
Keys = Callable[[Array], Array]

BLOCK = 1 << 15
_FIRST_BLOCK = 1 << 9
# (events looked at on each side, events in a row that must agree): small windows first, because most gaps are small.
WINDOWS = ((256, 6), (4096, 6), (1 << 16, 6), (1 << 16, 2))
_NOTHING: Array = np.empty(0, np.intp)
_END = np.uint64(0xE4D)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of two lanes. Row indices; `reference` and `candidate` are as long as each other where `paired`."""

    reference: Array
    candidate: Array
    paired: bool = True
    moved: bool = False
    """Paired, but the two runs have these events in another order."""

    tail: bool = False
    """Unpaired because the other lane has ended."""

    gap: Gap | None = None
    """Set for what lies between two stretches that agree."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The rows at which two lanes part; None at a lane's end."""

    reference: int | None
    candidate: int | None


@dataclass
class Side:
    """One of two lanes, with the two numbers its rows are compared by."""

    lane: Lane
    identity: Keys
    value: Keys


@dataclass
class Aligner:
    """Aligns two lanes that may still grow; `advance` goes as far as what is there allows."""

    reference: Side
    candidate: Side
    diverged: bool = False
    """Set by the caller once values differ; until then, a difference may still turn out to be an inserted event."""

    waiting: bool = field(default=False, init=False)
    """The lanes part, and more events must come in before it can be said how."""

    _block: int = field(default=_FIRST_BLOCK, init=False)
    """Rows looked at in one go: few after a gap, since another one is often near."""

    def advance(self, final: bool) -> Iterator[Segment]:
        """Yield segments until a lane runs dry; with `final`, both lanes are complete and are used up."""
        while True:
            self.waiting = False
            a, b = self.reference.lane.peek(self._block), self.candidate.lane.peek(self._block)
            count = min(len(a), len(b))
            if not count:
                break
            equal = self._equal_run(a[:count], b[:count])
            if equal:
                self._drop(equal, equal)
                yield Segment(reference=a[:equal], candidate=b[:equal])
            self._block = min(self._block * 2, BLOCK)
            if equal < count:
                self._block = _FIRST_BLOCK
                yield from self._part(final)
                if self.waiting:
                    return
        if final:
            yield from self._tails()

    def _equal_run(self, a: Array, b: Array) -> int:
        """Length of the stretch from the start in which both lanes have the same events.

        Before the first divergence, a difference in value ends it too unless it is a plain one (see `_part`).
        """
        unequal = np.flatnonzero(self.reference.identity(a) != self.candidate.identity(b))
        count = int(unequal[0]) if len(unequal) else len(a)
        if not self.diverged and count:
            unequal = np.flatnonzero(self.reference.value(a[:count]) != self.candidate.value(b[:count]))
            if len(unequal):
                count = int(unequal[0])
        return count

    def _part(self, final: bool) -> Iterator[Segment]:
        """The lanes differ at their heads: find where they go on alike."""
        if not self.diverged and (segment := self._head_of_equal_identity(final)) is not None:
            yield segment
            return
        if self.waiting:
            return
        for window, run in WINDOWS:
            a, b = self.reference.lane.peek(window), self.candidate.lane.peek(window)
            if min(len(a), len(b)) < window and not final:
                self.waiting = True
                return
            found = nearest_agreement(
                self.reference.identity(a),
                self.candidate.identity(b),
                run,
                a_ends=final and len(a) == self.reference.lane.length,
                b_ends=final and len(b) == self.candidate.lane.length,
            )
            if found is not None:
                a, b = a[: found[0]], b[: found[1]]
                break
        yield from self._gap(a, b)

    def _head_of_equal_identity(self, final: bool) -> Segment | None:
        """A pair of the same identity with other values, unless a few inserted events explain it; then None.

        Without this, a call that happens once more in one run would be paired with its next neighbour of the same name.
        """
        a, b = self.reference.lane.peek(64), self.candidate.lane.peek(64)
        if self.reference.identity(a[:1])[0] != self.candidate.identity(b[:1])[0]:
            return None
        if (len(a) < 64 or len(b) < 64) and not final:
            self.waiting = True
            return None
        shift = inserted(self.reference.value(a), self.candidate.value(b))
        if shift == 0:
            self.diverged = True
            self._drop(1, 1)
            return Segment(reference=a[:1], candidate=b[:1])
        self._drop(max(-shift, 0), max(shift, 0))
        missing: Array = a[: max(-shift, 0)]
        extra: Array = b[: max(shift, 0)]
        return Segment(reference=missing, candidate=extra, paired=False, gap=_parting(a, b))

    def _gap(self, a: Array, b: Array) -> Iterator[Segment]:
        """Pair what is in both lanes inside a gap; the rest is missing or extra."""
        heads = _parting(self.reference.lane.peek(1), self.candidate.lane.peek(1))
        self._drop(len(a), len(b))
        first, second = pair_by_identity(self.reference.identity(a), self.candidate.identity(b))
        missing: Array = np.delete(a, first)
        extra: Array = np.delete(b, second)
        if len(missing) or len(extra):
            yield Segment(reference=missing, candidate=extra, paired=False, gap=heads)
        if len(first):
            moved = bool((np.diff(second) < 0).any())
            yield Segment(reference=a[first], candidate=b[second], moved=moved, gap=heads)

    def _tails(self) -> Iterator[Segment]:
        while len(rest := self.reference.lane.peek(BLOCK)):
            self._drop(len(rest), 0)
            yield Segment(reference=rest, candidate=_NOTHING, paired=False, tail=True)
        while len(rest := self.candidate.lane.peek(BLOCK)):
            self._drop(0, len(rest))
            yield Segment(reference=_NOTHING, candidate=rest, paired=False, tail=True)

    def _drop(self, reference: int, candidate: int) -> None:
        self.reference.lane.drop(reference)
        self.candidate.lane.drop(candidate)


def nearest_agreement(
    a: Array, b: Array, run: int, *, a_ends: bool = False, b_ends: bool = False
) -> tuple[int, int] | None:
    """Return (i, j) with the least i + j such that `run` numbers from a[i] and b[j] on are equal, or None.

    A lane that ends counts as if endless equal marks followed it, so that two lanes with the same end meet there.
    """
    a = np.concatenate([a, np.full(run, _END)]) if a_ends else a
    b = np.concatenate([b, np.full(run, _END)]) if b_ends else b
    if len(a) < run or len(b) < run:
        return None
    grams, first = np.unique(_grams(b, run), return_index=True)
    wanted = _grams(a, run)
    place = np.minimum(np.searchsorted(grams, wanted), len(grams) - 1)
    matches = np.flatnonzero(grams[place] == wanted)
    if not len(matches):
        return None
    partner = first[place[matches]]
    best = int(np.argmin(matches + partner))
    return int(matches[best]), int(partner[best])


def inserted(a: Array, b: Array, run: int = 4) -> int:
    """How many events stand at the head of `b` only (positive) or of `a` only (negative), judged by values; else 0."""
    if min(len(a), len(b)) < run:
        return 0
    for shift in range(1, max(len(a), len(b)) - run + 1):
        if np.array_equal(a[:run], b[shift : shift + run]):
            return shift
        if np.array_equal(b[:run], a[shift : shift + run]):
            return -shift
    return 0


def pair_by_identity(a: Array, b: Array) -> tuple[Array, Array]:
    """Positions in `a` and `b` of equal numbers, the n-th of each with the n-th; in the order of `a`."""
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    for position, number in enumerate(b.tolist()):
        waiting[number].append(position)
    taken: defaultdict[int, int] = defaultdict(int)
    first, second = [], []
    for position, number in enumerate(a.tolist()):
        if taken[number] < len(waiting.get(number, ())):
            first.append(position)
            second.append(waiting[number][taken[number]])
            taken[number] += 1
    return np.array(first, np.intp), np.array(second, np.intp)


def _grams(numbers: Array, run: int) -> Array:
    """One number for each `run` neighbours."""
    count = len(numbers) - run + 1
    total: Array = np.zeros(count, np.uint64)
    for offset in range(run):
        total = total * np.uint64(0x9E3779B97F4A7C15) + numbers[offset : offset + count]
    return total


def _parting(a: Array, b: Array) -> Gap:
    return Gap(reference=int(a[0]) if len(a) else None, candidate=int(b[0]) if len(b) else None)
