"""Pools whose workers train: which worker takes which task is chance, what the tasks give is not."""

from __future__ import annotations

from typing import Any

from auditor.dynamic.compare import RunComparison, compare
from auditor.model.divergence import Difference
from auditor.probe import wire


def worker(runs: Any, name: str, *tasks: tuple[int, object], complete: bool = True, collective: bool = False) -> Any:
    """A worker that is given numbers of tasks, and seeds, draws and trains in each."""
    trace = runs.trace(name, complete=complete, pid=hash_free(name))
    for ordinal, (task, noise) in enumerate(tasks, 1):
        trace.phase = wire.OTHER
        trace.seed("torch", "torch.manual_seed", str(task))
        trace.draw("aten::uniform_", ("weights", task), ("state", task), line=3)
        trace.outside(("noise", noise), line=5)
        trace.phase, trace.module = wire.FORWARD, "Linear" if ordinal == 1 else f"Linear#{ordinal}"
        trace.event("aten::addmm", ("out", task, noise), inputs=("in", task, noise), line=7)
        if collective:
            trace.event("c10d::allreduce_", ("sum", task, noise), line=8)
        trace.module = ""
        trace.end_step()
    return trace


def hash_free(name: str) -> int:
    return int(name.rpartition(".")[2]) + 100


def pool(runs: Any, *shares: tuple[tuple[int, object], ...], **more: Any) -> Any:
    return runs.open([runs.trace(), *(worker(runs, f"0-0.{n}", *share, **more) for n, share in enumerate(shares, 1))])


def tasks(*numbers: int, noise: object = 0) -> tuple[tuple[int, object], ...]:
    return tuple((number, noise) for number in numbers)


def test_tasks_that_other_workers_did_make_no_difference(runs: Any) -> None:
    outcome = compare(pool(runs, tasks(1, 2, 3), tasks(4)), pool(runs, tasks(2, 4), tasks(1, 3)))
    assert outcome.comparison.first is None
    assert outcome.comparison.differing_events == 0
    assert outcome.shared_work == ("2 processes shared the same work out differently.",)


def test_a_process_that_does_its_own_work_in_another_order_is_a_difference(runs: Any) -> None:
    one, two = pool(runs, tasks(1, 2), tasks(3, 4)), pool(runs, tasks(2, 1), tasks(3, 4))
    assert compare(one, two).comparison.first is not None


def test_a_worker_that_came_too_late_for_a_task_makes_no_difference(runs: Any) -> None:
    assert compare(pool(runs, tasks(1, 2), tasks(3)), pool(runs, tasks(1, 3, 2))).comparison.first is None
    assert compare(pool(runs, tasks(1, 2, 3)), pool(runs, tasks(1, 3), tasks(2))).comparison.first is None


def test_one_task_less_is_a_difference(runs: Any) -> None:
    outcome = compare(pool(runs, tasks(1, 2), tasks(3, 4)), pool(runs, tasks(2), tasks(1, 3)))
    assert outcome.comparison.first is not None


def test_the_first_difference_is_in_what_no_worker_of_the_other_run_did(runs: Any) -> None:
    one, two = pool(runs, tasks(1, 2, noise="a"), tasks(3, noise="a")), pool(runs, tasks(3), tasks(2, 1))
    first = compare(one, two).comparison.first
    assert first is not None
    assert first.reference is not None
    assert first.candidate is not None
    assert first.difference is Difference.VALUE
    assert {first.reference.kind.value, first.candidate.kind.value} == {"outside"}
    assert (first.reference.identity.step, first.reference.site.line) == (0, 5)  # type: ignore[union-attr]


def test_workers_that_talk_to_each_other_are_ranks(runs: Any) -> None:
    shares = (tasks(1), tasks(2)), (tasks(2), tasks(1))
    one, two = (pool(runs, *share, collective=True) for share in shares)
    assert compare(one, two).comparison.first is not None


def test_a_worker_that_was_killed_with_its_tasks_done_was_idle(runs: Any) -> None:
    one, two = (pool(runs, *share, complete=False) for share in ((tasks(1, 2), tasks(3)), (tasks(1), tasks(3, 2))))
    outcome = compare(one, two)
    assert outcome.comparison.first is None
    assert outcome.idle == {(0, 101), (0, 102), (1, 101), (1, 102)}


def test_a_worker_that_was_killed_with_tasks_to_do_was_not_idle(runs: Any) -> None:
    one, two = (pool(runs, *share, complete=False) for share in ((tasks(1, 2), tasks(3)), (tasks(1), tasks(3))))
    assert not compare(one, two).idle


def test_siblings_that_train_do_not_end_a_run_early(runs: Any) -> None:
    comparison = RunComparison()
    comparison.advance(pool(runs, tasks(1), tasks(2)), pool(runs, tasks(2), tasks(1)), final=False)
    assert comparison.divergent_step() is None
