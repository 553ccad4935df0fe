"""Ending a program at a step, and timing its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor.model.run import Ending
from auditor.probe import wire
from auditor.runs.tracefile import open_run

TRAIN = """
import atexit, random, sys
import torch
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
main = torch.optim.Adam(model.parameters(), lr=0.01)
side = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
atexit.register(lambda: print("left", total))
total = 0
try:
    for total in range(1, {steps} + 1):
        main.zero_grad()
        model(torch.ones(3, 4)).pow(2).sum().backward()
        main.step()
        if total % 2:
            side.step()
    print("done")
finally:
    print("cleaned up")
"""


def test_a_program_ends_after_the_step_that_was_asked_for(audited: Any) -> None:
    run = audited.script(TRAIN.format(steps=50), probe={"stop_after_steps": 7})
    assert run.status.ending is Ending.STOPPED
    assert run.status.code == 0
    assert audited.printed(run) == ["cleaned up", "left 7"]
    trace = audited.trace(run)
    assert trace.complete
    assert trace.steps == 7
    assert trace.stop is not None
    assert trace.stop.step == 7
    assert int((trace.events["kind"] == wire.WEIGHTS).sum()) == 2


def test_a_program_with_fewer_steps_ends_by_itself(audited: Any) -> None:
    run = audited.script(TRAIN.format(steps=3), probe={"stop_after_steps": 7})
    assert run.status.ending is Ending.FINISHED
    assert audited.printed(run) == ["done", "cleaned up", "left 3"]


def test_a_stop_file_ends_a_running_program(audited: Any) -> None:
    def on_poll(elapsed_s: float) -> None:
        trace = audited.store.path("r1") / "trace" / "0-0.events"
        if trace.exists() and trace.stat().st_size > 0:
            (audited.store.path("r1") / "stop").write_text("12")

    run = audited.script(TRAIN.format(steps=10**9), on_poll=on_poll, timeout_s=60)
    assert run.status.ending is Ending.STOPPED
    trace = audited.trace(run)
    assert trace.stop is not None
    assert trace.stop.step == trace.steps >= 12


def test_a_stop_file_that_is_half_written_is_read_again(audited: Any) -> None:
    folder = audited.store.root / "r1"

    def on_poll(elapsed_s: float) -> None:
        stop = folder / "stop"
        if not stop.exists():
            stop.write_text("")
        else:
            stop.write_text("3")

    run = audited.script(TRAIN.format(steps=10**9), on_poll=on_poll, timeout_s=60)
    assert run.status.ending is Ending.STOPPED


def test_steps_outside_the_main_thread_cannot_be_stopped_and_say_so(audited: Any) -> None:
    text = "def train():\n" + "".join(f"    {line}\n" for line in TRAIN.format(steps=5).splitlines())
    text = text.replace("total = 0", "global total; total = 0")
    run = audited.script(
        text + "\nimport threading\nthread = threading.Thread(target=train); thread.start(); thread.join()",
        probe={"stop_after_steps": 2},
    )
    assert run.status.ending is Ending.FINISHED
    assert audited.printed(run)[0] == "done"
    assert [(p.where, p.count) for p in audited.trace(run).problems] == [("stop", 4)]


def test_an_interrupted_program_leaves_a_trace_up_to_the_last_event(audited: Any) -> None:
    def on_poll(elapsed_s: float) -> bool:
        return any(trace.steps > 3 for trace in open_run(audited.store.path("r1")).processes.values())

    run = audited.script(TRAIN.format(steps=10**9), on_poll=on_poll)
    assert run.status.ending is Ending.INTERRUPTED
    assert audited.printed(run)[-1].startswith("KeyboardInterrupt") or "left" in audited.printed(run)[-1]
    trace = audited.trace(run)
    assert trace.complete  # the interpreter's exit handlers ran
    assert trace.steps > 3


def test_a_killed_program_leaves_its_events_and_no_end(audited: Any) -> None:
    text = TRAIN.format(steps=5).replace('    print("done")', "    import os; os.kill(os.getpid(), 9)")
    run = audited.script(text)
    assert (run.status.ending, run.status.code) == (Ending.FAILED, -9)
    trace = audited.trace(run)
    assert not trace.complete
    assert trace.steps == 5
    assert trace.event(len(trace.events) - 1).kind.value == "step"


def test_timing_writes_when_steps_ended_and_nothing_else(audited: Any) -> None:
    text = TRAIN.format(steps=9) + "import time\n"
    run = audited.script(text, probe={"mode": "timing"})
    bare = audited.script(text, bare=True)
    assert audited.printed(run) == audited.printed(bare)
    trace = audited.trace(run)
    assert trace.header["mode"] == "timing"
    assert trace.steps == 9
    assert set(trace.events["kind"].tolist()) == {wire.STEP}
    spans = np.diff(trace.events["state"].astype(np.int64))
    assert len(spans) == 8
    assert (spans > 0).all()


def test_switches_are_set_right_after_torch_was_imported_and_recorded(audited: Any) -> None:
    run = audited.script(
        "import torch; print(torch.are_deterministic_algorithms_enabled(), torch.get_num_threads())",
        probe={"switches": {"deterministic": True, "threads": 3}},
    )
    assert audited.printed(run) == ["True 3"]
    assert run.changes == {"switch deterministic": "True", "switch threads": "3"}
    (process,) = run.processes
    assert process.environment.threads == 3
    assert process.environment.flags["deterministic_algorithms"] == "True"
    assert process.environment.flags["cudnn.deterministic"] == "True"


def test_a_switch_that_does_not_exist_is_a_problem_and_not_an_error(audited: Any) -> None:
    run = audited.script("import torch; print('on')", probe={"switches": {"no-such": 1}})
    assert audited.printed(run) == ["on"]
    assert "switch: no-such was not set" in run.processes[0].problems[0]


def test_looking_at_the_environment_prints_no_warning(audited: Any) -> None:
    run = audited.script("import warnings; warnings.simplefilter('error'); import torch; torch.ones(1)")
    assert audited.printed(run) == []
    (process,) = run.processes
    assert process.problems == ()
    assert process.environment.torch
    assert process.environment.threads
    assert {"default_dtype", "matmul_precision", "cudnn.benchmark"} <= set(process.environment.flags)
