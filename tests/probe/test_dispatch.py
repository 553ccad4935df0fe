"""What the tracer sees of a program, and that it tells the truth about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.model.run import RunRecord
from auditor.model.trace import EventKind, Phase, Role, TraceEvent
from auditor.probe import wire
from auditor.runs.launch import launch, log_tail
from auditor.runs.plan import LaunchPlan
from auditor.runs.store import Store
from auditor.runs.tracefile import ProcessTrace, open_run

PROGRAM = Path(__file__).parent / "dispatch_scenes.py"
LINES = PROGRAM.read_text().splitlines()


def line_of(text: str) -> int:
    (number,) = (number for number, line in enumerate(LINES, 1) if text in line)
    return number


class Scenes:
    """The events of the program, scene by scene."""

    def __init__(self, run: RunRecord, trace: ProcessTrace, printed: list[str]) -> None:
        self.run = run
        self.trace = trace
        self.printed = printed
        self.events = [trace.event(index) for index in range(len(trace.events))]

    def of(self, module: str, *kinds: EventKind) -> list[TraceEvent]:
        return [
            event for event in self.events if event.identity.module == module and (not kinds or event.kind in kinds)
        ]

    def ops(self, module: str) -> list[str]:
        return [event.identity.op for event in self.of(module, EventKind.OP)]

    def named(self, module: str, op: str) -> list[TraceEvent]:
        return [event for event in self.of(module, EventKind.OP) if event.identity.op == op]

    def flags(self, event: TraceEvent) -> int:
        return int(self.trace.events[event.index]["flags"])


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    folder = Store(tmp_path_factory.mktemp("runs")).new()
    run = launch(
        LaunchPlan(
            argv=("python", str(PROGRAM)),
            cwd=PROGRAM.parent,
            project=PROGRAM.parent,
            run_dir=folder.path,
            run_id=folder.id,
            probe={},
            environment={"PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
            quiet=True,
        )
    )
    (trace,) = open_run(folder.path).processes.values()
    return Scenes(run, trace, list(log_tail(run, 50)))


def test_the_program_and_the_trace_come_to_their_end(scenes: Scenes) -> None:
    assert scenes.run.status.code == 0, scenes.printed
    assert scenes.trace.complete


def test_views_are_no_events(scenes: Scenes) -> None:
    assert scenes.ops("views_are_left_out") == ["aten::ones", "aten::mul.Tensor"]


def test_every_way_to_write_is_seen(scenes: Scenes) -> None:
    found = {event.identity.op: [t.role for t in event.tensors] for event in scenes.of("every_way_to_write")}
    output, mutated = Role.OUTPUT, Role.MUTATED
    assert found["aten::add_.Tensor"] == [mutated]
    assert found["aten::mul.out"] == [mutated]
    assert found["aten::_foreach_add_.Scalar"] == [mutated, mutated]
    assert found["aten::_foreach_mul.Scalar"] == [output, output]
    assert found["aten::sort"] == [output, output]
    assert {"aten::copy_", "aten::fill_.Tensor"} & set(found)


def test_a_sparse_tensor_that_is_written_in_place_is_an_event_with_its_digest(scenes: Scenes) -> None:
    doubled, halved = (scenes.named("sparse_in_place", f"aten::{op}_.Tensor")[-1].tensors for op in ("mul", "div"))
    assert [(tensor.role, tensor.note) for tensor in (*doubled, *halved)] == [(Role.MUTATED, "")] * 2
    assert doubled[0].digest != halved[0].digest


def test_a_destination_is_no_input(scenes: Scenes) -> None:
    (event,) = scenes.named("every_way_to_write", "aten::mul.out")
    assert event.input_count == 2


def test_a_write_to_a_part_leaves_the_rest_as_it_was(scenes: Scenes) -> None:
    once, twice = scenes.named("filled_in_parts", "aten::neg")
    assert once.inputs != twice.inputs
    copied = [event.tensors[0] for event in scenes.named("filled_in_parts", "aten::copy_")]
    assert [tensor.shape for tensor in copied] == [(3,), (3,), (2, 2), (2, 2)]
    assert copied[0].digest == copied[1].digest
    assert copied[2].digest == copied[3].digest


def test_inputs_tell_which_part_of_a_storage_was_read(scenes: Scenes) -> None:
    first, second, again, column, row, later = (e.inputs for e in scenes.named("same_op_other_part", "aten::neg"))
    assert first == again
    assert len({first, second, column, row, later}) == 5


def test_arguments_tell_numbers_types_and_dtypes_apart(scenes: Scenes) -> None:
    added = [event.arguments for event in scenes.named("other_arguments", "aten::add.Tensor")]
    assert len(set(added)) == len(added)
    for op in ("aten::sum.dim_IntList", "aten::_to_copy"):
        one, other = scenes.named("other_arguments", op)
        assert one.arguments != other.arguments
        assert one.inputs == other.inputs


def test_a_tensor_from_outside_is_an_event_of_its_own(scenes: Scenes) -> None:
    events = scenes.of("enters_from_outside")
    assert [event.kind for event in events] == [EventKind.OUTSIDE, EventKind.OP] * 3
    rows = [scenes.trace.tensors[scenes.trace.events[event.index]["first_tensor"]] for event in events[:4:2]]
    assert rows[0]["digest"] != rows[1]["digest"]
    assert rows[0]["rows"] == rows[1]["rows"] != 0  # the same rows in another order
    start, other = (int(row["first_row"]) for row in rows)
    digests = scenes.trace.rows
    assert digests[start : start + 4].tolist() == digests[other : other + 4][::-1].tolist()


def test_a_tensor_in_memory_of_many_processes_says_so(scenes: Scenes) -> None:
    (own,) = scenes.of("enters_from_outside", EventKind.OUTSIDE)[:1]
    (shared,) = scenes.of("in_memory_of_many", EventKind.OUTSIDE)
    assert (own.shared, shared.shared) == (False, True)


def test_writes_behind_torchs_back_are_noticed(scenes: Scenes) -> None:
    kinds = [event.kind for event in scenes.of("changed_behind_the_back")]
    enters, op = EventKind.OUTSIDE, EventKind.OP
    assert kinds == [enters, op, op, enters, op, op, enters, op]
    first, second, third = scenes.named("changed_behind_the_back", "aten::neg")
    assert first.inputs == second.inputs != third.inputs


def test_reading_memory_that_nothing_was_written_to_names_the_line_that_made_it(scenes: Scenes) -> None:
    made, enters, read = scenes.of("never_written")
    assert not made.captured
    assert made.tensors[0].note == "uninitialised"
    assert read.reads_uninitialised
    assert enters.kind is EventKind.OUTSIDE
    assert enters.reads_uninitialised
    assert enters.site is not None
    assert enters.site.line == line_of("the line of the empty")


def test_memory_that_was_written_first_is_no_finding(scenes: Scenes) -> None:
    events = scenes.of("written_before_it_is_read")
    assert [event.identity.op for event in events if event.reads_uninitialised] == []
    # The copy of uninitialised memory is not compared either.
    (copy,) = scenes.named("written_before_it_is_read", "aten::clone")
    assert copy.tensors[0].note == "uninitialised"


def test_what_torch_fills_natively_came_from_outside_also_where_its_memory_held_that_before(scenes: Scenes) -> None:
    """As `DistributedDataParallel` does with the sizes of its buckets: chance must not decide what is seen."""
    events = scenes.of("filled_natively_with_what_was_there")
    assert [event.identity.op for event in events if event.reads_uninitialised] == []
    made, room, enters, copied = events
    assert (made.tensors[0].note, room.tensors[0].note) == ("uninitialised", "uninitialised")
    assert enters.kind is EventKind.OUTSIDE
    assert enters.outputs == copied.tensors[0].digest


def test_memory_that_was_written_in_part_is_a_finding(scenes: Scenes) -> None:
    (event,) = scenes.named("half_written", "aten::mul.Tensor")
    assert event.reads_uninitialised


def test_a_buffer_that_other_ranks_will_fill_is_neither_read_nor_compared(scenes: Scenes) -> None:
    (event,) = scenes.named("shards_are_gathered", "fsdp::all_gather_copy_in")
    assert not event.reads_uninitialised
    mine, buffer = event.tensors
    assert mine.digest is not None
    assert buffer.digest is None
    (after,) = scenes.named("shards_are_gathered", "aten::neg")
    assert not after.reads_uninitialised


def test_only_ops_that_drew_are_random(scenes: Scenes) -> None:
    events = scenes.of("who_draws", EventKind.OP)
    random = {event.identity.op for event in events if event.random}
    assert random == {"aten::rand", "aten::bernoulli_.float", "aten::native_dropout", "aten::uniform_"} & random
    assert {"aten::rand", "aten::bernoulli_.float", "aten::uniform_"} <= random
    assert all(bool(event.state) == event.random for event in events)
    assert not any("attention" in op for op in random)


def test_a_backward_op_has_the_line_of_its_forward_op(scenes: Scenes) -> None:
    (event,) = [e for e in scenes.of("backward_of_a_lookup") if "index_put" in e.identity.op]
    assert event.identity.phase is Phase.BACKWARD
    assert event.site is not None
    assert event.site.line == line_of("the lookup")
    assert scenes.flags(event) & wire.BACKWARD_SITE


def test_a_backward_written_in_python_has_its_own_line(scenes: Scenes) -> None:
    event = scenes.named("backward_of_ones_own", "aten::mul.Tensor")[-1]
    assert event.identity.phase is Phase.BACKWARD
    assert event.site is not None
    assert event.site.line == line_of("its own backward")
    assert not scenes.flags(event) & wire.BACKWARD_SITE


def test_what_a_backward_pass_records_has_its_lines_in_the_pass_below(scenes: Scenes) -> None:
    """Also in the engine's own threads."""
    found = [event for event in scenes.events if event.identity.op == "aten::cos"]
    assert len(found) == 62
    assert len({event.identity.thread for event in found}) == 2
    assert {event.identity.phase for event in found} == {Phase.BACKWARD}
    assert {event.site.line if event.site else None for event in found} == {line_of("made in a backward pass")}


def test_modules_have_paths_from_the_class_of_their_root(scenes: Scenes) -> None:
    found = {event.identity.module for event in scenes.events if event.identity.op == "aten::addmm"}
    expected = {"inner.layers.0", "inner.layers.1", "inner.Linear"}
    roots = ("Outer.", "Outer#2.")
    assert found == {root + path for root in roots for path in expected} | {"Sequential.0", "Linear"}
    assert {e.identity.module for e in scenes.events if e.identity.op == "aten::relu"} == {
        "Outer.inner.ReLU",
        "Outer#2.inner.ReLU",
    }


def test_phases_follow_the_training_loop(scenes: Scenes) -> None:
    phases = [
        (event.identity.step, event.identity.phase)
        for event in scenes.events
        if event.identity.op == "aten::mul.Tensor" and event.identity.module == "" and event.site is not None
    ]
    assert phases[:3] == [(0, Phase.FORWARD), (0, Phase.OTHER), (0, Phase.OTHER)]
    assert phases[3:6] == [(1, Phase.FORWARD), (1, Phase.OTHER), (1, Phase.OTHER)]
    assert {e.identity.phase for e in scenes.events if e.kind is EventKind.BATCH} == {Phase.DATA}
    assert {e.identity.phase for e in scenes.events if e.kind is EventKind.STEP} == {Phase.OPTIMIZER}


def test_a_failed_optimizer_step_ends_its_phase(scenes: Scenes) -> None:
    line = line_of("# after the failed step")
    found = [event.identity.phase for event in scenes.events if event.site is not None and event.site.line == line]
    assert Phase.BACKWARD in found
    assert Phase.FORWARD in found
    assert Phase.OPTIMIZER not in found


def test_gradients_that_accumulate_belong_to_their_module(scenes: Scenes) -> None:
    accumulated = [
        event.identity.module
        for event in scenes.events
        if event.identity.phase is Phase.BACKWARD and event.identity.op == "aten::add_.Tensor"
    ]
    assert "Outer.inner.layers.0" in accumulated


def test_batches_have_their_rows(scenes: Scenes) -> None:
    batches = [event for event in scenes.events if event.kind is EventKind.BATCH]
    assert [event.tensors[0].shape for event in batches[:2]] == [(2, 2), (2, 2)]
    row = scenes.trace.tensors[scenes.trace.events[batches[0].index]["first_tensor"]]
    assert row["rows"] != 0


def test_steps_are_counted(scenes: Scenes) -> None:
    steps = [event.identity.step for event in scenes.events if event.kind is EventKind.STEP]
    assert steps[:2] == [0, 1]
    assert scenes.trace.steps == 2


def test_threads_are_numbered_in_the_order_of_their_start(scenes: Scenes) -> None:
    threads = [
        (event.identity.thread, event.tensors[0].shape)
        for event in scenes.events
        if event.identity.thread and event.identity.op == "aten::full"
    ]
    (one, shape_one), (two, shape_two) = threads
    assert (shape_one, shape_two) == ((1,), (2,))
    assert two == one + 1


def test_a_failing_op_leaves_the_program_its_error(scenes: Scenes) -> None:
    assert scenes.ops("errors_are_the_programs")[-1] == "aten::neg"


def test_no_tensor_is_kept_alive(scenes: Scenes) -> None:
    assert "kept [False, False]" in scenes.printed


def test_a_bug_in_the_probe_is_a_problem_and_not_the_programs(scenes: Scenes) -> None:
    assert "result 4.0" in scenes.printed
    problems = [problem for problem in scenes.trace.problems if "a bug" in problem.what]
    assert problems
    others = [problem for problem in scenes.trace.problems if "a bug" not in problem.what]
    assert others == []


def test_weights_are_told_of_a_model_that_is_gone(scenes: Scenes) -> None:
    weights = {event.identity.module: event for event in scenes.events if event.kind is EventKind.WEIGHTS}
    assert {"Sequential.0.weight", "Sequential.1.running_mean", "Outer.inner.layers.1.bias"} <= set(weights)
    last_written = [
        event.tensors[0].digest
        for event in scenes.events
        if event.identity.phase is Phase.OPTIMIZER and event.tensors and event.tensors[0].shape == (2, 2)
    ][-1]
    assert weights["Sequential.0.weight"].tensors[0].digest == last_written


def test_weights_are_told_of_trained_modules_only(scenes: Scenes) -> None:
    told = {event.identity.module for event in scenes.events if event.kind is EventKind.WEIGHTS}
    assert [name for name in told if name.startswith("Bilinear")] == []


def test_every_event_has_the_digest_over_its_tensors(scenes: Scenes) -> None:
    events = scenes.trace.events
    single = events[(events["kind"] == wire.OP) & (events["tensors"] == 1) & (events["flags"] == 0)]
    assert np.array_equal(single["outputs"], scenes.trace.tensors["digest"][single["first_tensor"]])
    assert len(single) > 50
