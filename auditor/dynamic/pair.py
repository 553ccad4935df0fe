"""One process of two runs, compared as far as both traces go.

While the traces agree row by row, whole blocks are compared. From the first row that does not, events are aligned by
identity, thread by thread. Both ways count as they go, so memory does not grow with the traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.dynamic import prefix
from auditor.dynamic.align import Aligner, Segment, Side
from auditor.dynamic.column import allocations, differing, identities, is_compared, values
from auditor.dynamic.hit import Hit, Tail, extra_at, missing_at
from auditor.dynamic.lane import Lane, Lanes
from auditor.dynamic.tally import Tally
from auditor.dynamic.vocabulary import Vocabulary
from auditor.model.divergence import Difference
from auditor.probe import wire
from auditor.runs.rowfile import release

if TYPE_CHECKING:
    from auditor.runs.tracefile import ProcessTrace

Array = np.ndarray[Any, Any]

_KEPT = 8 * prefix.BLOCK  # rows behind the scan that aligners may still ask for


class PairComparison:
    """Call `advance` as often as the traces grow, the last time with `final`; then read the attributes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tallies: dict[int, Tally] = {0: Tally()}
        """Counts by thread; what was compared row by row counts as the main thread's."""

        self.firsts: dict[int, Hit] = {}
        """The first divergence of each thread."""

        self.tails: list[Tail] = []
        self.position = 0
        """Rows at the start of both traces that are proven to agree."""

        self._lanes: tuple[Lanes, Lanes] | None = None
        self._aligners: dict[int, Aligner] = {}
        self._behind = (_Behind(), _Behind())

    def advance(
        self,
        reference: ProcessTrace,
        candidate: ProcessTrace,
        vocabulary: Vocabulary,
        *,
        stops: tuple[int, int],
        final: bool,
    ) -> None:
        """Compare up to the rows `stops`; with `final`, nothing will be added to either trace."""
        self._reference, self._candidate, self._vocabulary = reference, candidate, vocabulary
        if self._lanes is None:
            self._follow_prefix(stops, final)
        if self._lanes is not None:
            self._follow_lanes(self._lanes, stops, final)

    @property
    def waiting(self) -> bool:
        """The traces part at a place that more events must explain: certain to differ, not yet known how."""
        return any(aligner.waiting for aligner in self._aligners.values())

    @property
    def first(self) -> Hit | None:
        """The first divergence of the process."""
        return min(self.firsts.values(), key=lambda hit: (hit.order, hit.thread), default=None)

    def tally(self) -> Tally:
        """Counts over all threads."""
        total = Tally()
        for _, tally in sorted(self.tallies.items()):
            total.merge(tally)
        return total

    def equal_before(self) -> int:
        """Compared events of the reference before the first divergence; all that were compared if there is none."""
        hit = self.first
        if hit is None:
            return sum(tally.events.compared for tally in self.tallies.values())
        events, count = self._reference.events, 0
        for start in range(0, hit.order, prefix.BLOCK):
            stop = min(start + prefix.BLOCK, hit.order)
            count += int(np.count_nonzero(is_compared(events[start:stop])))
            release(events, start, stop)
        return count

    def clear_thread(self, thread: int) -> None:
        """Take back what was said to differ in a thread."""
        self.firsts.pop(thread, None)
        self.tallies[thread].forgive()

    # rows that agree at equal positions

    def _follow_prefix(self, stops: tuple[int, int], final: bool) -> None:
        a, b = self._reference.events, self._candidate.events
        stop = min(stops)
        while self.position < stop:
            start, end = self.position, min(self.position + prefix.BLOCK, stop)
            tensors = self._reference.tensors, self._candidate.tensors
            equal = prefix.first_mismatch(a[start:end], b[start:end], self._vocabulary, *tensors)
            self._count(0, np.arange(start, start + equal), np.arange(start, start + equal), None)
            self.position = start + equal
            for trace, behind in zip((self._reference, self._candidate), self._behind, strict=True):
                behind.follow(trace, self.position)
            if self.position < end:
                break
        if self.position < stop or (final and stops[0] != stops[1]):
            self._lanes = (Lanes(self.position), Lanes(self.position))

    # events of equal identity, thread by thread

    def _follow_lanes(self, lanes: tuple[Lanes, Lanes], stops: tuple[int, int], final: bool) -> None:
        traces = self._reference, self._candidate
        left_out = [allocations(trace.names) for trace in traces]
        while lanes[0].scanned < stops[0] or lanes[1].scanned < stops[1]:
            for side, trace, ids, stop in zip(lanes, traces, left_out, stops, strict=True):
                end = min(side.scanned + 2 * prefix.BLOCK, stop)
                if end > side.scanned:
                    side.scan(trace.events, end, ids)
            self._align(lanes, final=False)
            self._behind[0].follow(self._reference, lanes[0].scanned - _KEPT)
            self._behind[1].follow(self._candidate, lanes[1].scanned - _KEPT)
        if final:
            self._align(lanes, final=True)

    def _align(self, lanes: tuple[Lanes, Lanes], *, final: bool) -> None:
        for thread in sorted(set(lanes[0].by_thread) | set(lanes[1].by_thread)):
            aligner = self._aligners.get(thread)
            if aligner is None:
                sides = self._side(lanes[0].lane(thread), None), self._side(lanes[1].lane(thread), True)
                aligner = self._aligners[thread] = Aligner(*sides)
            for segment in aligner.advance(final):
                self._take(thread, segment)

    def _side(self, lane: Lane, candidate: bool | None) -> Side:
        """A lane with its numbers; the traces are looked up at each call, since they are opened anew as they grow."""

        def rows(indices: Array) -> tuple[Array, Vocabulary | None]:
            trace = self._candidate if candidate else self._reference
            return rows_at(trace.events, indices), self._vocabulary if candidate else None

        def identity(indices: Array) -> Array:
            return identities(*rows(indices))

        def value(indices: Array) -> Array:
            events, vocabulary = rows(indices)
            return values(events, identities(events, vocabulary))

        return Side(lane, identity, value)

    def _take(self, thread: int, segment: Segment) -> None:
        if segment.tail:
            self._take_tail(thread, segment)
        elif segment.paired:
            self._take_pairs(thread, segment)
        else:
            self._take_unpaired(thread, segment)

    def _take_pairs(self, thread: int, segment: Segment) -> None:
        a, b = rows_at(self._reference.events, segment.reference), rows_at(self._candidate.events, segment.candidate)
        unequal = differing(a, b, self._reference.tensors, self._candidate.tensors)
        self._count(thread, segment.reference, segment.candidate, unequal)
        if unequal.any():
            at = int(unequal.argmax())
            row = int(segment.reference[at])
            other = int(segment.candidate[at])
            self._meet(Hit(difference=None, reference=row, candidate=other, order=row, thread=thread))
        elif segment.moved and segment.gap is not None and (a["tensors"] > 0).any():
            row = int(segment.reference[0])
            self._meet(
                Hit(
                    difference=Difference.MISSING,
                    reference=row,
                    candidate=None,
                    instead=segment.gap.candidate,
                    moved=True,
                    order=row,
                    thread=thread,
                )
            )

    def _take_unpaired(self, thread: int, segment: Segment) -> None:
        missing = self._significant(self._reference, segment.reference)
        extra = self._significant(self._candidate, segment.candidate)
        self._count_unpaired(self._tally(thread), missing, extra)
        heads = segment.gap
        at_reference = heads.reference if heads is not None else None
        at_candidate = heads.candidate if heads is not None else None
        order = at_reference if at_reference is not None else len(self._reference.events)
        if len(missing) and (missing[0] == at_reference or not len(extra)):
            self._meet(missing_at(int(missing[0]), thread, instead=at_candidate))
        elif len(extra):
            self._meet(extra_at(int(extra[0]), order, thread, instead=at_reference))

    def _take_tail(self, thread: int, segment: Segment) -> None:
        missing = len(segment.reference) > 0
        trace, rows = (self._reference, segment.reference) if missing else (self._candidate, segment.candidate)
        rows = self._significant(trace, rows)
        if not len(rows):
            return
        events = rows_at(trace.events, rows)
        data_only = bool((events["phase"] == wire.DATA).all())
        tail = next((tail for tail in self.tails if (tail.thread, tail.missing) == (thread, missing)), None)
        if tail is None:
            tail = Tail(thread, missing, int(rows[0]), 0, True, Tally())
            self.tails.append(tail)
        tail.events += len(rows)
        tail.data_only &= data_only
        self._count_unpaired(tail.tally, *((rows, rows[:0]) if missing else (rows[:0], rows)))

    # counting

    def accept_tail(self, tail: Tail) -> None:
        """Treat a tail as a difference of the two runs."""
        self._tally(tail.thread).merge(tail.tally)
        if tail.missing:
            self._meet(missing_at(tail.first, tail.thread))
        else:
            self._meet(extra_at(tail.first, len(self._reference.events), tail.thread))

    def _meet(self, hit: Hit) -> None:
        known = self.firsts.get(hit.thread)
        if known is None or hit.order < known.order:
            self.firsts[hit.thread] = hit

    def _tally(self, thread: int) -> Tally:
        return self.tallies.setdefault(thread, Tally())

    def _significant(self, trace: ProcessTrace, rows: Array) -> Array:
        """Rows whose presence in one run only matters: a look at a value (`item()`, for a log line) changes nothing."""
        events = rows_at(trace.events, rows)
        chosen: Array = rows[(events["tensors"] > 0) | (events["kind"] == wire.STEP)]
        return chosen

    def _count(self, thread: int, reference: Array, candidate: Array, unequal: Array | None) -> None:
        tally = self._tally(thread)
        a = rows_at(self._reference.events, reference)
        tally.add(a, a["module"], unequal)
        uncaptured = a["flags"] & wire.UNCAPTURED
        if uncaptured.any():
            tally.add_uncompared(a, a["op"], self._reference.tensors)
        b = rows_at(self._candidate.events, candidate)
        only = np.flatnonzero((b["flags"] & wire.UNCAPTURED) & ~uncaptured)
        if len(only):
            ops = self._vocabulary.translate(b["op"][only])
            tally.add_uncompared(b[only], ops, self._candidate.tensors)

    def _count_unpaired(self, tally: Tally, missing: Array, extra: Array) -> None:
        for trace, rows in ((self._reference, missing), (self._candidate, extra)):
            if len(rows):
                events = rows_at(trace.events, rows)
                modules = events["module"]
                if trace is self._candidate:
                    modules = self._vocabulary.translate(modules)
                tally.add(events, modules, np.ones(len(rows), np.bool_))


class _Behind:
    """Lets go of the rows of a trace that lie behind, so that memory stays bounded.

    Released rows must not be looked at again, even one: a file's pages come back two megabytes at a time.
    """

    def __init__(self) -> None:
        self.event = 0
        self.tensor = 0

    def follow(self, trace: ProcessTrace, event: int) -> None:
        if event - self.event < prefix.RELEASE_ROWS or event >= len(trace.events):
            return
        tensor = int(trace.events["first_tensor"][event])
        release(trace.events, self.event, event)
        release(trace.tensors, self.tensor, tensor)
        self.event, self.tensor = event, tensor


def rows_at(events: Array, rows: Array) -> Array:
    """The rows at these indices; a view where they stand side by side."""
    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(rows) and (np.diff(rows) == 1).all():
        neighbours: Array = events[int(rows[0]) : int(rows[-1]) + 1]
        return neighbours
    scattered: Array = events[rows]
    return scattered
