"""Replicas come in turns, those that need the tape wait for it, and failing ones are not run for ever."""

from __future__ import annotations

from collections.abc import Callable

from auditor.experiments.schedule import LOST_AGAIN, Came, Schedule, Task
from auditor.experiments.variants import ALGORITHMIC, BOTH, CONTROL, IMPLEMENTATION, ONE_ULP, Variant


def schedule(*variants: Variant, runs: int = 2, retries: int = 1) -> Schedule:
    return Schedule(variants, runs, retries, {variant: set() for variant in variants})


def play(of: Schedule, come: Callable[[Task, int], Came], has_tape: bool = False) -> list[str]:
    """Run one after the other; `come` is given the task and how often it was begun before."""
    begun: list[str] = []
    while (task := of.next(has_tape)) is not None:
        name = f"{task.variant.name} {task.number}"
        came = come(task, begun.count(name))
        has_tape |= task.record and came is Came.WHOLE
        begun.append(name)
        of.ended(task, came)
    return begun


def test_the_quietest_variant_makes_the_tape_first() -> None:
    of = schedule(BOTH, IMPLEMENTATION, CONTROL, ONE_ULP)
    assert play(of, lambda task, before: Came.WHOLE) == [
        "control 1", "algo+impl 1", "impl 1", "one-ulp 1", "algo+impl 2", "impl 2", "control 2", "one-ulp 2",
    ]  # fmt: skip


def test_replicas_with_their_own_entropy_do_not_wait_for_the_tape() -> None:
    of = schedule(ALGORITHMIC, IMPLEMENTATION)
    started = [of.next(False) for _ in range(4)]
    assert [task and (task.variant.name, task.record) for task in started] == [
        ("impl", True), ("algo", False), ("algo", False), None,
    ]  # fmt: skip
    assert started[0] is not None
    of.ended(started[0], Came.WHOLE)
    assert (waited := of.next(True)) is not None
    assert (waited.variant, waited.number) == (IMPLEMENTATION, 2)


def test_what_always_fails_is_run_again_once_and_given_up() -> None:
    of = schedule(ALGORITHMIC, CONTROL, runs=3)
    assert play(of, lambda task, _: Came.FAILED if task.variant is CONTROL else Came.WHOLE) == [
        "control 1", "control 1", "algo 1", "algo 2", "algo 3",
    ]  # fmt: skip


def test_another_variant_makes_the_tape_where_the_first_cannot() -> None:
    of = schedule(IMPLEMENTATION, CONTROL, retries=0)
    assert play(of, lambda task, _: Came.FAILED if task.variant is CONTROL else Came.WHOLE) == [
        "control 1", "impl 1", "impl 2",
    ]  # fmt: skip


def test_a_failure_by_chance_costs_one_more_run() -> None:
    of = schedule(ALGORITHMIC, runs=3)
    assert play(of, lambda task, before: Came.FAILED if task.number == 2 and not before else Came.WHOLE) == [
        "algo 1", "algo 2", "algo 2", "algo 3",
    ]  # fmt: skip


def test_of_failures_side_by_side_each_is_run_again_at_most_once() -> None:
    of = schedule(ALGORITHMIC, runs=4)
    first = [of.next(False) for _ in range(2)]
    for task in first:
        assert task is not None
        of.ended(task, Came.FAILED)
    assert play(of, lambda task, _: Came.FAILED) == ["algo 1"]


def test_lost_replicas_are_no_failure_of_the_program() -> None:
    of = schedule(ALGORITHMIC, runs=2, retries=0)
    assert play(of, lambda task, before: Came.LOST if task.number == 1 and before < LOST_AGAIN else Came.WHOLE) == [
        *["algo 1"] * (LOST_AGAIN + 1), "algo 2",
    ]  # fmt: skip
    assert play(schedule(ALGORITHMIC), lambda task, _: Came.LOST) == ["algo 1"] * (LOST_AGAIN + 1)


def test_a_lost_tape_is_made_again() -> None:
    of = schedule(CONTROL, retries=0)
    assert play(of, lambda task, before: Came.WHOLE if before else Came.LOST)[:3] == [
        "control 1", "control 1", "control 2",
    ]  # fmt: skip


def test_what_is_there_is_not_run() -> None:
    of = Schedule((ALGORITHMIC,), 3, 1, {ALGORITHMIC: {1, 3, 7}})
    assert of.missing() == 1
    assert play(of, lambda task, _: Came.WHOLE) == ["algo 2"]
