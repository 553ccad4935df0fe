"""The order of first divergences over processes, on literals."""

from __future__ import annotations

import pytest

from auditor.dynamic.order import begins_here, in_causal_order, trainer_of
from auditor.model.divergence import Difference, Divergence
from auditor.model.trace import EventKind, Identity, Phase, TraceEvent


def divergence(
    process: str,
    step: int = 0,
    index: int = 10,
    *,
    difference: Difference = Difference.VALUE,
    inputs_agree: bool | None = True,
    kind: EventKind = EventKind.OP,
    op: str = "aten::mm",
) -> Divergence:
    event = TraceEvent(
        index=index,
        process=process,
        kind=kind,
        identity=Identity(thread=0, step=step, phase=Phase.FORWARD, module="", op=op, occurrence=0),
        site=None,
        tensors=(),
        input_count=0,
        inputs=0,
        arguments=0,
        outputs=0,
        state=0,
        random=False,
        reads_uninitialised=False,
    )
    return Divergence(
        difference=difference, process=process, reference=event, candidate=event, tensor="", inputs_agree=inputs_agree
    )


def order(*divergences: Divergence, trainers: tuple[str, ...] = ("0-0",)) -> list[str]:
    return [d.process for d in in_causal_order({d.process: d for d in divergences}, trainers)]


def test_a_batch_that_differs_comes_from_the_worker_that_differs() -> None:
    batch = divergence("0-0", kind=EventKind.BATCH, inputs_agree=None)
    assert order(batch, divergence("0-0.1")) == ["0-0.1", "0-0"]


def test_an_op_that_goes_wrong_by_itself_stands_before_workers_that_load_for_later() -> None:
    assert order(divergence("0-0"), divergence("0-0.1")) == ["0-0", "0-0.1"]


def test_the_first_worker_is_the_one_that_was_there_first() -> None:
    batch = divergence("0-0", kind=EventKind.BATCH, inputs_agree=None)
    assert order(batch, divergence("0-0.2", index=3), divergence("0-0.1", index=5)) == ["0-0.2", "0-0.1", "0-0"]


def test_a_worker_that_was_forked_after_the_trainer_had_diverged_comes_after_it() -> None:
    batch = divergence("0-0", kind=EventKind.BATCH, inputs_agree=None)
    assert order(batch, divergence("0-0.1", step=4)) == ["0-0", "0-0.1"]


def test_a_worker_may_differ_although_the_trainer_does_not() -> None:
    assert order(divergence("0-0.1")) == ["0-0.1"]


def test_ranks_are_ordered_by_step_then_by_where_it_begins() -> None:
    ranks = ("0-0.x1", "1-0.x2", "2-0.x3")
    arrived = divergence("0-0.x1", op="c10d::allreduce_")
    begun = divergence("2-0.x3", kind=EventKind.BATCH, inputs_agree=None)
    later = divergence("1-0.x2", step=1)
    assert order(arrived, later, begun, trainers=ranks) == ["2-0.x3", "0-0.x1", "1-0.x2"]


def test_other_tensors_stand_before_what_a_collective_brought() -> None:
    arrived = divergence("0-0.s1", op="c10d::allreduce_", inputs_agree=None)
    chosen = divergence("0-0.s2", inputs_agree=False)
    assert order(arrived, chosen, trainers=("0-0.s1", "0-0.s2")) == ["0-0.s2", "0-0.s1"]


def test_what_a_launcher_gets_back_stands_behind_what_began_in_a_rank() -> None:
    returned = divergence("0-0", kind=EventKind.OUTSIDE, inputs_agree=None)
    begun = divergence("0-0.s2", step=2, difference=Difference.ARGUMENT)
    brought = divergence("0-0.s1", step=2, op="c10d::allreduce_")
    found = {each.process: each for each in (returned, begun, brought)}
    ordered = in_causal_order(found, tuple(found), idle=("0-0",))
    assert [each.process for each in ordered] == ["0-0.s2", "0-0.s1", "0-0"]
    assert in_causal_order(found, tuple(found))[0] is returned  # it trains itself, so its step counts
    sent = divergence("0-0.s2", kind=EventKind.OUTSIDE, inputs_agree=None)
    given = {"0-0": returned, "0-0.s2": sent}
    assert in_causal_order(given, tuple(given), idle=("0-0",))[0] is returned  # nothing began in the rank


def test_a_process_of_one_run_only_comes_last() -> None:
    alone = divergence("0-0.x1", difference=Difference.PROCESS, inputs_agree=None)
    assert order(alone, divergence("0-0", step=5), trainers=("0-0", "0-0.x1")) == ["0-0", "0-0.x1"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (divergence("0-0"), True),
        (divergence("0-0", inputs_agree=None), True),
        (divergence("0-0", inputs_agree=False), False),
        (divergence("0-0", inputs_agree=False, difference=Difference.STATE), True),
        (divergence("0-0", kind=EventKind.OUTSIDE, inputs_agree=None), False),
        (divergence("0-0", op="_c10d_functional::all_reduce"), False),
    ],
)
def test_where_a_divergence_begins(found: Divergence, expected: bool) -> None:
    assert begins_here(found) is expected


@pytest.mark.parametrize(
    ("name", "trainer"),
    [("0-0", "0-0"), ("0-0.3", "0-0"), ("1-0.x2.1", "1-0.x2"), ("0-0.1~2", "0-0"), ("0-9.1", "0-9.1")],
)
def test_a_helper_works_for_its_nearest_trainer(name: str, trainer: str) -> None:
    assert trainer_of(name, {"0-0", "1-0.x2"}) == trainer
