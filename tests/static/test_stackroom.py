"""Calls inside the room that a scan takes for its frames take no memory from the system each time."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from auditor.static.scanning.stackroom import with_room

DEEPEST = 150
CALLS = 100


def below(depth: int, work: Callable[[], None]) -> None:
    if depth:
        below(depth - 1, work)
    else:
        for _ in range(CALLS):
            work()


def descend() -> None:
    """A few calls inside each other, so that some of them end a piece of the stack at one of the depths."""
    below(3, int)


def faults_at_all_depths() -> int:
    resource = pytest.importorskip("resource")
    for depth in range(DEEPEST):  # what is used for the first time counts here
        below(depth, descend)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for depth in range(DEEPEST):
        below(depth, descend)
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)


@pytest.mark.skipif(sys.platform != "linux", reason="how much the system counts is its own")
def test_calls_at_the_end_of_a_piece_of_the_stack_cost_no_more_than_others() -> None:
    assert with_room(faults_at_all_depths) < CALLS


def test_what_the_work_gives_or_raises_comes_out() -> None:
    assert with_room(lambda: 3) == 3
    with pytest.raises(KeyError):
        with_room(lambda: {}["missing"])


def test_calls_inside_too_many_others_still_end() -> None:
    def forever() -> int:
        return forever() + 1

    with pytest.raises(RecursionError):
        with_room(forever)
