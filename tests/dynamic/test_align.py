"""Alignment of two lanes, on plain numbers: an event is (identity, value)."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.dynamic import align
from auditor.dynamic.align import Aligner, Segment, Side, inserted, nearest_agreement, pair_by_identity
from auditor.dynamic.lane import Lane

Event = tuple[int, int]


def mixed(numbers: list[int]) -> np.ndarray:
    return (np.array(numbers, np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)


@dataclass
class Track:
    """One lane over literal events, handed over piece by piece."""

    events: list[Event]

    def __post_init__(self) -> None:
        self.lane = Lane()
        self.sent = 0
        identities, values = mixed([e[0] for e in self.events]), mixed([e[0] * 1000 + e[1] for e in self.events])
        self.side = Side(self.lane, lambda rows: identities[rows], lambda rows: values[rows])

    def send(self, count: int) -> None:
        stop = min(self.sent + count, len(self.events))
        self.lane.append(np.arange(self.sent, stop))
        self.sent = stop


def aligned(reference: list[Event], candidate: list[Event], piece: int | None = None) -> list[Segment]:
    a, b = Track(reference), Track(candidate)
    aligner = Aligner(a.side, b.side)
    segments = []
    piece = piece or max(len(reference), len(candidate), 1)
    while a.sent < len(reference) or b.sent < len(candidate):
        a.send(piece)
        b.send(piece)
        segments += list(aligner.advance(final=False))
    return segments + list(aligner.advance(final=True))


def script(reference: list[Event], candidate: list[Event], piece: int | None = None) -> list[str]:
    """What the alignment says, one word an event: `=3/4`, `-3` (missing), `+4` (extra), `~` before moved pairs."""
    words = []
    for segment in aligned(reference, candidate, piece):
        if segment.paired:
            mark = "~" if segment.moved else "="
            pairs = zip(segment.reference.tolist(), segment.candidate.tolist(), strict=True)
            words += [f"{mark}{i}/{j}" for i, j in pairs]
        else:
            words += [f"-{i}" for i in segment.reference.tolist()] + [f"+{j}" for j in segment.candidate.tolist()]
    return words


def plain(count: int, start: int = 0) -> list[Event]:
    return [(start + i, 7) for i in range(count)]


def test_equal_lanes_are_paired_one_by_one() -> None:
    assert script(plain(4), plain(4)) == ["=0/0", "=1/1", "=2/2", "=3/3"]


def test_two_empty_lanes_give_nothing() -> None:
    assert script([], []) == []


def test_an_empty_lane_makes_everything_of_the_other_a_tail() -> None:
    segments = aligned(plain(3), [])
    assert [(s.reference.tolist(), s.paired, s.tail) for s in segments] == [([0, 1, 2], False, True)]


def test_an_inserted_event_is_extra_and_the_rest_goes_on() -> None:
    reference = plain(20)
    candidate = [*reference[:5], (99, 1), *reference[5:]]
    assert script(reference, candidate) == [
        *(f"={i}/{i}" for i in range(5)),
        "+5",
        *(f"={i}/{i + 1}" for i in range(5, 20)),
    ]


def test_a_dropped_event_is_missing_and_says_what_the_other_run_did_instead() -> None:
    reference = plain(20)
    segments = aligned(reference, reference[:5] + reference[6:])
    gap = next(s for s in segments if not s.paired)
    assert gap.reference.tolist() == [5]
    assert gap.gap is not None
    assert (gap.gap.reference, gap.gap.candidate) == (5, 5)


def test_a_repeated_call_is_found_by_value_though_its_neighbours_have_the_same_name() -> None:
    reference = [(1, 0), *[(5, v) for v in range(10, 16)], (2, 0)]
    candidate = [(1, 0), (5, 99), *[(5, v) for v in range(10, 16)], (2, 0)]
    assert script(reference, candidate)[1] == "+1"
    assert script(candidate, reference)[1] == "-1"


def test_other_values_under_the_same_names_stay_paired() -> None:
    reference, candidate = [(i, 1) for i in range(200)], [(i, 2) for i in range(200)]
    assert script(reference, candidate) == [f"={i}/{i}" for i in range(200)]


def test_swapped_neighbours_are_paired_as_moved() -> None:
    reference = plain(20)
    candidate = [*reference[:5], reference[6], reference[5], *reference[7:]]
    assert [word for word in script(reference, candidate) if word[0] != "="] == ["~5/6", "~6/5"]


def test_replaced_events_are_missing_and_extra() -> None:
    reference = plain(20)
    candidate = [*reference[:8], (70, 0), (71, 0), *reference[9:]]
    assert [word for word in script(reference, candidate) if word[0] != "="] == ["-8", "+8", "+9"]


def test_a_difference_at_the_very_end_is_met_by_the_common_end() -> None:
    assert script(plain(9), [*plain(8), (50, 0)])[-2:] == ["-8", "+8"]
    assert script(plain(9), [*plain(9), (50, 0)])[-1] == "+9"


def test_nothing_in_common_ends_with_everything_unpaired() -> None:
    words = script(plain(300), plain(300, start=1000))
    assert sorted(word[0] for word in words) == ["+"] * 300 + ["-"] * 300


def test_an_aligner_waits_for_more_events_rather_than_guessing() -> None:
    a, b = Track(plain(400)), Track([*plain(100), (999, 0), *plain(300, start=100)])
    aligner = Aligner(a.side, b.side)
    a.send(110)
    b.send(110)
    first = list(aligner.advance(final=False))
    assert [len(s.reference) for s in first] == [100]
    assert aligner.waiting
    a.send(290)
    b.send(291)
    assert [s.candidate.tolist() for s in aligner.advance(final=False) if not s.paired] == [[100]]
    assert not aligner.waiting


@pytest.mark.parametrize("piece", [1, 3, 50, 1000])
def test_growing_traces_are_aligned_like_whole_ones(piece: int) -> None:
    rng = random.Random(piece)
    reference = [(rng.randrange(12), rng.randrange(3)) for _ in range(900)]
    candidate = list(reference)
    for _ in range(6):
        at = rng.randrange(len(candidate))
        candidate[at : at + 1] = [(77, 0)] * rng.randrange(3)
    assert script(reference, candidate, piece) == script(reference, candidate)


events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=60)


@settings(deadline=None)
@given(events, events)
def test_every_event_is_in_exactly_one_segment(reference: list[Event], candidate: list[Event]) -> None:
    segments = aligned(reference, candidate)
    assert sorted(i for s in segments for i in s.reference.tolist()) == list(range(len(reference)))
    assert sorted(j for s in segments for j in s.candidate.tolist()) == list(range(len(candidate)))


@settings(deadline=None)
@given(events, events)
def test_paired_events_have_the_same_identity(reference: list[Event], candidate: list[Event]) -> None:
    for segment in aligned(reference, candidate):
        if segment.paired:
            pairs = zip(segment.reference.tolist(), segment.candidate.tolist(), strict=True)
            assert all(reference[i][0] == candidate[j][0] for i, j in pairs)


@given(events)
def test_a_lane_aligned_with_itself_is_paired_in_place(lane: list[Event]) -> None:
    assert script(lane, lane) == [f"={i}/{i}" for i in range(len(lane))]


@settings(deadline=None)
@given(events, st.data())
def test_one_inserted_stranger_is_the_only_thing_unpaired(lane: list[Event], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lane)))
    words = script(lane, [*lane[:at], (50, 0), *lane[at:]])
    assert [word for word in words if word[0] != "="] == [f"+{at}"]


def test_nearest_agreement_takes_the_smallest_gap() -> None:
    a, b = mixed([1, 2, 3, 4, 5, 6]), mixed([9, 3, 4, 9, 9, 5, 6])
    assert nearest_agreement(a, b, 2) == (2, 1)
    assert nearest_agreement(a, b, 4) is None
    assert nearest_agreement(mixed([1]), mixed([2]), 6) is None


def test_lanes_that_end_meet_at_their_end() -> None:
    assert nearest_agreement(mixed([1]), mixed([2, 3]), 6, a_ends=True, b_ends=True) == (1, 2)


def test_inserted_counts_the_events_that_one_side_has_more() -> None:
    common = [4, 5, 6, 7]
    assert inserted(mixed(common), mixed([1, 2, *common])) == 2
    assert inserted(mixed([1, *common]), mixed(common)) == -1
    assert inserted(mixed([1, *common]), mixed([2, *common])) == 0


def test_the_nth_of_a_name_is_paired_with_the_nth() -> None:
    first, second = pair_by_identity(mixed([1, 1, 2]), mixed([2, 1, 1, 1]))
    assert (first.tolist(), second.tolist()) == ([0, 1, 2], [1, 2, 0])


def test_a_wide_gap_is_bridged_in_a_wider_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(align, "WINDOWS", ((8, 3), (64, 3)))
    reference = plain(200)
    candidate = [*reference[:50], *plain(30, start=5000), *reference[50:]]
    words = [word for word in script(reference, candidate) if word[0] != "="]
    assert words == [f"+{i}" for i in range(50, 80)]
