"""Whole comparisons on small traces that are written to disk as the probe would."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.dynamic.compare import RunComparison, compare
from auditor.model.divergence import Comparison, Difference
from auditor.model.run import Ending
from auditor.model.trace import Phase
from auditor.probe import wire


def training(runs: Any, steps: int = 3, *, seed: object = 0, name: str = "0-0", **more: Any) -> Any:
    """A small, clean training whose values depend on `seed` only."""
    trace = runs.trace(name, **more)
    trace.phase = wire.OTHER
    trace.event("aten::randn", ("w", seed), line=3)
    for step in range(steps):
        trace.batch(("batch", step, seed), line=5)
        trace.phase, trace.module = wire.FORWARD, "Net.fc"
        trace.event("aten::addmm", ("y", step, seed), inputs=("x", step, seed), line=7)
        trace.event("aten::relu", ("r", step, seed), inputs=("y", step, seed), line=7)
        trace.phase, trace.module = wire.BACKWARD, "Net.fc"
        trace.event("aten::mm", ("g", step, seed), inputs=("r", step, seed), line=7)
        trace.phase, trace.module = wire.OPTIMIZER, ""
        trace.event("aten::add_", ("w", step, seed), line=9)
        trace.end_step()
    trace.weights(**{"fc.weight": ("w", seed)})
    return trace


def compared(runs: Any, reference: Any, candidate: Any, *endings: Ending) -> Comparison:
    return compare(runs.open(reference), runs.open(candidate), (*endings, None, None)[:2]).comparison


def test_equal_runs_have_no_divergence_and_everything_is_counted(runs: Any) -> None:
    found = compared(runs, training(runs), training(runs))
    assert found.first is None
    assert (found.compared_events, found.differing_events, found.equal_before) == (1 + 3 * 6 + 1, 0, 20)
    assert found.steps == 3
    assert found.weights is not None
    assert (found.weights.compared, found.weights.differing) == (1, 0)
    assert [(s.label, s.compared) for s in found.by_phase] == [
        ("data", 3),
        ("forward", 6),
        ("backward", 3),
        ("optimizer", 6),
        ("other", 2),
    ]
    assert [(s.label, s.compared) for s in found.by_module] == [("", 10), ("Net.fc", 9)]
    assert [s.label for s in found.by_step] == ["0", "1", "2", "3"]


def test_the_first_differing_output_is_named_with_its_step_module_and_line(runs: Any) -> None:
    candidate = runs.trace()
    reference = runs.trace()
    for trace, last in ((reference, "a"), (candidate, "b")):
        trace.module = "Net.embed"
        trace.event("aten::embedding", 1, line=4).end_step()
        trace.event("aten::index_add_", runs.tensor(last, role=wire.MUTATED), inputs="same", line=8)
        trace.event("aten::sum", last, inputs=last, line=9)
    found = compared(runs, reference, candidate)
    first = found.first
    assert first is not None
    assert first.difference is Difference.VALUE
    assert first.reference is not None
    assert first.reference.identity.step == 1
    assert first.reference.identity.module == "Net.embed"
    assert first.reference.site is not None
    assert first.reference.site.line == 8
    assert first.tensor == "mutated[0]"
    assert first.inputs_agree is True
    assert [event.identity.op for event in first.before] == ["aten::embedding", ""]
    assert (found.equal_before, found.differing_events) == (2, 2)


def test_names_that_came_up_in_another_order_are_the_same_names(runs: Any) -> None:
    reference, candidate = training(runs), runs.trace()
    for text in ("zzz", "aten::relu", "Net.fc"):
        candidate.text(text)
    other = training(runs)
    other.ids, other.lines = {}, []
    shifted = runs.trace()
    for text in ("zzz", "aten::relu", "Net.fc", "aten::mm"):
        shifted.text(text)
    again = _replay_into(runs, shifted)
    assert compared(runs, reference, again).first is None


def _replay_into(runs: Any, trace: Any) -> Any:
    """`training` once more, into a trace whose ids are shifted already."""
    plain = runs.trace
    try:
        runs.trace = lambda name, **more: trace
        return training(runs)
    finally:
        runs.trace = plain


def test_an_unseeded_library_that_nothing_draws_from_is_no_divergence(runs: Any) -> None:
    traces = []
    for state in ("one", "two"):
        trace = runs.trace().state("random", state)
        trace.seed("numpy.random", "numpy.random.seed", state).listing(
            "data", ["a", "b"][:: 1 if state == "one" else -1]
        )
        traces.append(trace.event("aten::add", 1).state("random", state).event("aten::mul", 2))
    assert compared(runs, *traces).first is None


def test_an_extra_state_event_shifts_nothing(runs: Any) -> None:
    reference = runs.trace().event("aten::add", 1).event("aten::mul", 2).event("aten::sum", 3)
    candidate = runs.trace().event("aten::add", 1).state("random", 5).event("aten::mul", 2).event("aten::sum", 3)
    found = compared(runs, reference, candidate)
    assert found.first is None
    assert found.compared_events == 3


@pytest.mark.parametrize(
    ("values", "difference"), [(("a", "b"), Difference.STATE), (("a", "a"), None)], ids=["drawn", "dropout with p=0"]
)
def test_a_generator_state_counts_only_where_the_draw_differs(runs: Any, values: Any, difference: Any) -> None:
    traces = [runs.trace().draw("aten::bernoulli_", value, state) for value, state in zip(values, "xy", strict=True)]
    first = compared(runs, *traces).first
    assert (first.difference if first else None) is difference
    assert first is None or first.inputs_agree is False


def test_shape_dtype_and_argument_differences_are_told_apart(runs: Any) -> None:
    tensor = runs.tensor
    cases = {
        Difference.SHAPE: (tensor("a", (2, 2)), tensor("a", (4, 1))),
        Difference.DTYPE: (tensor("a"), tensor("a", dtype="torch.float64")),
    }
    for difference, pair in cases.items():
        first = compared(runs, *(runs.trace().event("aten::foo", value) for value in pair)).first
        assert first is not None
        assert first.difference is difference
    pair = [runs.trace().event("aten::full", value, arguments=value) for value in "ab"]
    first = compared(runs, *pair).first
    assert first is not None
    assert first.difference is Difference.ARGUMENT
    assert first.inputs_agree is False


def test_a_number_that_an_op_returns_is_compared_too(runs: Any) -> None:
    first = compared(runs, *(runs.trace().event("aten::_local_scalar_dense", outputs=n) for n in (1, 2))).first
    assert first is not None
    assert (first.difference, first.tensor) == (Difference.VALUE, "")


def test_another_number_of_outputs_is_a_difference_in_shape(runs: Any) -> None:
    first = compared(runs, runs.trace().event("aten::split", 1, 2), runs.trace().event("aten::split", 1, 2, 3)).first
    assert first is not None
    assert (first.difference, first.tensor) == (Difference.SHAPE, "")


@pytest.mark.parametrize("flags", [wire.READS_UNINITIALISED, wire.ARGUMENT_UNKNOWN, wire.RANDOM])
def test_agreeing_inputs_are_not_claimed_where_a_part_of_them_is_unknown(runs: Any, flags: int) -> None:
    first = compared(runs, *(runs.trace().event("aten::foo", value, flags=flags) for value in "ab")).first
    assert first is not None
    assert first.inputs_agree is None


def test_disagreeing_inputs_are_told(runs: Any) -> None:
    first = compared(runs, *(runs.trace().event("aten::foo", value, inputs=value) for value in "ab")).first
    assert first is not None
    assert first.inputs_agree is False


@pytest.mark.parametrize("flag", [wire.UNINITIALISED, wire.NOT_COVERED, wire.SCRATCH, wire.DIGEST_LATE])
def test_tensors_without_a_digest_are_not_compared_but_counted(runs: Any, flag: int) -> None:
    traces = [
        runs.trace().event("aten::empty", runs.tensor(value, flags=flag), outputs=number).event("aten::add", 1)
        for number, value in enumerate("ab")
    ]
    found = compared(runs, *traces)
    assert found.first is None
    assert found.compared_tensors == 1
    assert [entry.subject for entry in found.not_compared] == ["1 tensor"]
    assert "aten::empty" in found.not_compared[0].reason


def test_a_second_output_that_has_a_digest_is_compared_beside_one_that_has_none(runs: Any) -> None:
    traces = [
        runs.trace().event("aten::lu", runs.tensor(0, flags=wire.NOT_COVERED), value, outputs=i)
        for i, value in enumerate("ab")
    ]
    first = compared(runs, *traces).first
    assert first is not None
    assert first.tensor == "outputs[1]"


def test_a_missing_event_is_a_result_with_what_the_other_run_did_instead(runs: Any) -> None:
    reference, candidate = runs.trace(), runs.trace()
    for number in range(12):
        reference.event(f"aten::op{number}", number, line=number)
        if number != 5:
            candidate.event(f"aten::op{number}", number, line=number)
    found = compared(runs, reference, candidate)
    first = found.first
    assert first is not None
    assert first.difference is Difference.MISSING
    assert first.reference is not None
    assert first.candidate is None
    assert first.instead is not None
    assert (first.reference.identity.op, first.instead.identity.op) == ("aten::op5", "aten::op6")
    assert (found.differing_events, found.compared_events, found.equal_before) == (1, 12, 5)
    swapped = compared(runs, candidate, reference).first
    assert swapped is not None
    assert swapped.difference is Difference.EXTRA
    assert swapped.candidate is not None
    assert swapped.candidate.identity.op == "aten::op5"


def test_looking_at_a_value_in_one_run_only_is_no_divergence(runs: Any) -> None:
    reference, candidate = runs.trace(), runs.trace()
    for number in range(12):
        reference.event(f"aten::op{number}", number)
        candidate.event(f"aten::op{number}", number)
        if number == 5:
            candidate.event("aten::_local_scalar_dense")
    assert compared(runs, reference, candidate).first is None


def test_an_allocation_may_come_at_any_time(runs: Any) -> None:
    reference, candidate = runs.trace(), runs.trace()
    for number in range(12):
        reference.event(f"aten::op{number}", number)
        candidate.event(f"aten::op{number}", number)
        if number in (3, 8):
            (reference if number == 3 else candidate).event("aten::empty.memory_format", runs.tensor(0, shape=(0,)))
    candidate.event("aten::empty.memory_format", runs.tensor(0, shape=(0,)))
    found = compared(runs, reference, candidate)
    assert found.first is None
    assert found.compared_events == 12


def test_the_same_ops_in_another_order_are_a_divergence_even_with_equal_values(runs: Any) -> None:
    reference, candidate = runs.trace(), runs.trace()
    order = list(range(12))
    for number in order:
        reference.event(f"aten::op{number}", number)
    for number in [*order[:4], 5, 4, *order[6:]]:
        candidate.event(f"aten::op{number}", number)
    found = compared(runs, reference, candidate)
    assert found.first is not None
    assert found.first.moved
    assert found.differing_events == 0


def test_a_longer_program_is_a_divergence(runs: Any) -> None:
    found = compared(runs, training(runs, 3), training(runs, 4))
    assert found.first is not None
    assert found.first.difference in (Difference.EXTRA, Difference.MISSING)
    assert found.steps == 3


def test_threads_may_interleave_as_they_like(runs: Any) -> None:
    traces = []
    for order in ("aabb", "abab", "baba"):
        trace, number = runs.trace(), {"a": 0, "b": 0}
        for letter in order * 5:
            trace.thread = "ab".index(letter)
            trace.event(f"aten::op{number[letter]}", (letter, number[letter]))
            number[letter] += 1
        traces.append(trace)
    assert compared(runs, traces[0], traces[1]).first is None
    assert compared(runs, traces[1], traces[2]).first is None


def test_a_pool_of_threads_may_share_its_work_out_differently(runs: Any) -> None:
    traces = []
    for turns in ((1, 2, 1, 2), (2, 2, 2, 1)):
        trace = runs.trace().event("aten::first", 0)
        for task, thread in enumerate(turns):
            trace.thread = thread
            trace.event("aten::work", ("task", task))
        trace.thread = 0
        traces.append(trace.event("aten::last", 0))
    outcome = compare(runs.open(traces[0]), runs.open(traces[1]))
    assert outcome.comparison.first is None
    assert outcome.comparison.differing_events == 0
    assert "threads of process 0-0 shared" in outcome.shared_work[0]


def test_threads_that_race_are_a_divergence(runs: Any) -> None:
    traces = []
    for result in "ab":
        trace = runs.trace().event("aten::first", 0)
        trace.thread = 1
        traces.append(trace.event("aten::add_", result, inputs="same"))
    first = compared(runs, *traces).first
    assert first is not None
    assert first.reference is not None
    assert first.reference.identity.thread == 1


def test_traces_with_other_digests_are_not_compared(runs: Any) -> None:
    found = compared(runs, training(runs), training(runs, algorithm=wire.CRC32_ADLER32))
    assert found.first is None
    assert found.compared_events == 0
    assert "digests of different kinds" in found.not_compared[0].reason


def test_runs_without_events_compare_nothing(runs: Any) -> None:
    assert compared(runs, runs.trace(), runs.trace()).compared_events == 0
    assert compared(runs, [], []).compared_events == 0
    assert compared(runs, runs.trace(), training(runs)).first is not None


def test_a_process_of_one_run_only_is_a_divergence(runs: Any) -> None:
    child = runs.trace("0-0.x1").event("aten::add", 1)
    found = compared(runs, [training(runs), child], training(runs))
    assert found.first is not None
    assert (found.first.difference, found.first.process) == (Difference.PROCESS, "0-0.x1")


def test_a_process_that_did_nothing_may_be_missing(runs: Any) -> None:
    assert compared(runs, [training(runs), runs.trace("0-0.1")], training(runs)).first is None


def test_what_a_killed_process_did_not_come_to_is_not_compared_but_said(runs: Any) -> None:
    full = runs.trace().event("aten::a", 1).event("aten::b", 2).event("aten::c", 3)
    killed = runs.trace(complete=False).event("aten::a", 1)
    found = compared(runs, full, killed)
    assert found.first is None
    assert found.compared_events == 1
    assert "2 events" in found.not_compared[0].subject
    assert "killed" in found.not_compared[0].reason


def test_a_run_that_we_stopped_is_compared_as_far_as_it_went(runs: Any) -> None:
    stopped = training(runs, 2)
    weights = len(stopped.events) - 1
    stopped.stop(2)
    stopped.lines[-1]["event"] = weights
    found = compared(runs, training(runs, 6), stopped, Ending.FINISHED, Ending.STOPPED)
    assert found.first is None
    assert (found.steps, found.weights) == (2, None)


def test_runs_stopped_at_the_same_step_are_compared_to_their_ends(runs: Any) -> None:
    traces = []
    for _ in range(2):
        trace = training(runs, 2)
        trace.stop(2)
        trace.lines[-1]["event"] -= 1
        traces.append(trace)
    assert compared(runs, *traces, Ending.STOPPED, Ending.STOPPED).weights is not None


def test_an_interrupted_run_is_compared_over_its_whole_steps(runs: Any) -> None:
    interrupted = training(runs, 2)
    interrupted.events.pop()  # its weights: the interrupt came inside a step
    interrupted.event("aten::half", 1)
    interrupted.weights(**{"fc.weight": "half-trained"})
    found = compared(runs, training(runs, 5), interrupted, Ending.FINISHED, Ending.INTERRUPTED)
    assert found.first is None
    assert found.steps == 2


def worker(runs: Any, name: str, *values: object) -> Any:
    trace = runs.trace(name)
    trace.phase = wire.DATA
    for value in values:
        trace.event("aten::stack", value, inputs=value)
    return trace


def test_batches_loaded_ahead_by_a_stopped_worker_are_no_divergence(runs: Any) -> None:
    found = compared(
        runs, [training(runs), worker(runs, "0-0.1", 1, 2, 3)], [training(runs), worker(runs, "0-0.1", 1, 2)]
    )
    assert found.first is None
    assert "ahead of use" in found.not_compared[0].reason


def test_a_pool_of_processes_may_share_its_work_out_differently(runs: Any) -> None:
    one = [training(runs), worker(runs, "0-0.1", 1, 2, 3), worker(runs, "0-0.2", 4)]
    two = [training(runs), worker(runs, "0-0.1", 2, 4), worker(runs, "0-0.2", 1, 3)]
    outcome = compare(runs.open(one), runs.open(two))
    assert outcome.comparison.first is None
    assert "helper processes" in outcome.shared_work[0]


def test_a_worker_is_named_before_the_batch_that_it_made(runs: Any) -> None:
    runs_of_two = [
        [training(runs, seed=0) if side == 0 else with_other_batch(runs), worker(runs, "0-0.1", "same", ("x", side))]
        for side in range(2)
    ]
    found = compared(runs, *runs_of_two)
    assert found.first is not None
    assert found.first.process == "0-0.1"
    assert [other.process for other in found.others] == ["0-0"]


def with_other_batch(runs: Any) -> Any:
    trace = runs.trace()
    trace.phase = wire.OTHER
    trace.event("aten::randn", ("w", 0), line=3)
    trace.batch("another batch", line=5)
    trace.phase, trace.module = wire.FORWARD, "Net.fc"
    trace.event("aten::addmm", "other", inputs="other", line=7)
    return trace


def test_a_worker_that_loads_for_later_comes_after_an_op_that_went_wrong_before(runs: Any) -> None:
    sides = []
    for side in "ab":
        main = runs.trace().batch("same").event("aten::index_put_", side, inputs="same")
        sides.append([main, worker(runs, "0-0.1", "same", side)])
    found = compared(runs, *sides)
    assert found.first is not None
    assert found.first.process == "0-0"


def test_between_ranks_the_one_whose_data_differ_stands_before_the_one_that_was_sent_the_gradient(runs: Any) -> None:
    sides = []
    for side in "ab":
        zero = runs.trace("0-0.x1").batch("same").event("c10d::allreduce_", ("sum", side), inputs="same").end_step()
        one = runs.trace("1-0.x2").batch(side).event("c10d::allreduce_", ("sum", side), inputs=side).end_step()
        sides.append([zero, one])
    found = compared(runs, *sides)
    assert found.first is not None
    assert found.first.process == "1-0.x2"


def test_the_earlier_step_wins_between_ranks(runs: Any) -> None:
    sides = []
    for side in "ab":
        zero = runs.trace("0-0.x1").event("aten::a", 1).end_step().event("aten::mul", side).end_step()
        one = runs.trace("1-0.x2").event("aten::mul", side).end_step()
        sides.append([zero, one])
    found = compared(runs, *sides)
    assert found.first is not None
    assert found.first.process == "1-0.x2"


def test_a_growing_candidate_gives_the_same_result_as_a_finished_one(runs: Any) -> None:
    reference, whole = training(runs, 8, seed=1), training(runs, 8, seed=1)
    odd = runs.trace()
    odd.event("aten::odd", 1)
    whole.events[20] = odd.events[0][:4] + whole.events[20][4:32] + odd.events[0][32:]
    opened = runs.open(reference)
    expected = compare(opened, runs.open(whole)).comparison
    follower = RunComparison()
    events, seen = list(whole.events), []
    for count in range(0, len(events), 7):
        whole.events, whole.complete = events[:count], False
        follower.advance(opened, runs.open(whole), final=False)
        seen.append(follower.divergent_step())
    whole.events, whole.complete = events, True
    follower.advance(opened, runs.open(whole), final=True)
    assert follower.outcome().comparison == expected
    assert expected.first is not None
    assert seen[0] is None


def test_a_growing_candidate_tells_its_divergent_step_early(runs: Any) -> None:
    opened = runs.open(training(runs, 200))
    growing = training(runs, 100, seed=1, complete=False)
    follower = RunComparison()
    follower.advance(opened, runs.open(growing), final=False)
    assert follower.divergent_step() == 0


def test_the_grid_has_each_phase_of_each_step(runs: Any) -> None:
    reference, candidate = training(runs, 2), training(runs, 2)
    candidate.events[-4] = candidate.events[-4][:48] + b"\1" * 8 + candidate.events[-4][56:]
    grid = compared(runs, reference, candidate).grid
    differing = [(cell.step, cell.phase, cell.compared, cell.differing) for cell in grid if cell.differing]
    assert differing == [(1, Phase.BACKWARD, 1, 1)]
    assert (0, Phase.FORWARD) in [(cell.step, cell.phase) for cell in grid]


def test_weights_without_a_digest_are_not_said_to_be_equal(runs: Any) -> None:
    unknown = runs.tensor("w", flags=wire.NOT_COVERED)
    found = compared(runs, *(training(runs).weights(known=1, unknown=unknown) for _ in range(2)))
    assert found.weights is not None
    assert (found.weights.compared, found.weights.differing) == (2, 0)  # its own, and the known one
