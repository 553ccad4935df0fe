"""Measurements are handed out as they are wanted, and enter the sweeps in their own order."""

from __future__ import annotations

from auditor.experiments.noise import Sweep
from auditor.services.noise_schedule import Schedule, Subject


def subject(name: str, *batches: tuple[int, ...]) -> Subject:
    sweep = Sweep((1.0, 2.0, 3.0))
    return Subject(name=name, index=0, layers=(0,), sweep=sweep, batches=iter(batches), expected=5)


def never() -> bool:
    return False


def test_results_of_a_batch_enter_in_order_whichever_comes_first() -> None:
    one = subject("a", (0, 1, 1), (2,))
    schedule = Schedule([one], lambda value: value)
    wanted = schedule.wanted(never)
    places = [next(wanted) for _ in range(3)]
    assert [(at, repeat) for _, at, repeat in places] == [(0, 0), (1, 0), (1, 1)]
    for _, at, repeat in reversed(places):
        assert not one.sweep.evaluations
        schedule.arrived(one, at, repeat, 0.1 * at + 0.01 * repeat)
    assert [level.values for level in one.sweep.levels()] == [(0.0,), (0.1, 0.11)]
    assert one.due == [(2, 0)]


def test_the_next_subject_is_begun_while_the_first_waits_for_results() -> None:
    first, second = subject("a", (0,), (1,)), subject("b", (0,))
    schedule = Schedule([first, second], lambda value: value)
    wanted = schedule.wanted(never)
    assert [next(wanted)[0].name for _ in range(2)] == ["a", "b"]
    schedule.arrived(first, 0, 0, 0.5)
    found, at, _ = next(wanted)
    assert (found.name, at) == ("a", 1)


def test_it_ends_when_all_sweeps_are_whole_and_counts_what_is_to_come() -> None:
    one = subject("a", (0,), (1, 2))
    schedule = Schedule([one], lambda value: value)
    assert schedule.total() == 5
    for each, at, repeat in schedule.wanted(never):
        schedule.arrived(each, at, repeat, 1.0)
    assert one.whole
    assert one.values == {0: [1.0], 1: [1.0], 2: [1.0]}
    assert schedule.total() == 3


def test_what_depends_on_a_result_is_not_waited_for() -> None:
    """Who brings results asks for work as well: to wait in the middle of that is to wait for ever."""
    one = subject("a", (0,), (1,))
    schedule = Schedule([one], lambda value: value)
    wanted = schedule.wanted(never)
    assert next(wanted) is not None
    assert [next(wanted), next(wanted)] == [None, None]
    schedule.arrived(one, 0, 0, 1.0)
    assert next(wanted) == (one, 1, 0)


def test_nothing_is_handed_out_once_somebody_stops_it() -> None:
    schedule = Schedule([subject("a", (0, 1))], lambda value: value)
    assert list(schedule.wanted(lambda: True)) == []
