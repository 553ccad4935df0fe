"""Ending a program at a step, and timing its steps."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from auditor.model.run import Ending
from auditor.probe import wire
from auditor.probe.stopping import Stopping
from auditor.runs.leftover import REACHED
from auditor.runs.tracefile import open_run

pytestmark = pytest.mark.usefixtures("light_imports")

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

SHORT_GRACE = "import sys\nsys.modules['_repro_audit_probe.stopping'].GRACE_S = 0.2\n"


class Rank:
    """A process that is asked after each step, without the process."""

    def __init__(self, run: Path) -> None:
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.config = SimpleNamespace(run_dir=str(run), stop_after_steps=None)
        self.writer = SimpleNamespace(record=lambda kind, **values: self.records.append((kind, values)))
        self.finish = lambda: None
        self.stopping = Stopping(self)
        self.stopping._watched = os.getpid()  # nothing is to end this process

    def stopped_after(self, step: int) -> bool:
        try:
            self.stopping.on_step(step)
        except SystemExit:
            return True
        return False


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
    assert (Path(run.folder) / REACHED).exists()  # the launcher looks after those that wait for it
    assert int((trace.events["kind"] == wire.WEIGHTS).sum()) == 2


@pytest.mark.parametrize(
    "waiting",
    [
        "import threading\nthreading.Thread(target=queue.Queue().get).start()\n",
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(queue.Queue().get)\n",
    ],
    ids=["thread", "executor"],
)
def test_threads_that_wait_for_ever_do_not_keep_a_stopped_program_alive(audited: Any, waiting: str) -> None:
    feeding = SHORT_GRACE + "import queue\n" + waiting
    run = audited.script(feeding + TRAIN.format(steps=50), probe={"stop_after_steps": 3}, timeout_s=240)
    assert run.status.ending is Ending.STOPPED
    assert audited.printed(run) == ["cleaned up", "left 3"]
    trace = audited.trace(run)
    assert trace.complete
    assert trace.steps == 3


def test_what_a_stopped_program_does_at_its_exit_is_done_once_and_to_its_end(audited: Any) -> None:
    slow = "import atexit, time\natexit.register(lambda: (print('leaves'), time.sleep(1.5), print('has left')))\n"
    run = audited.script(SHORT_GRACE.replace("0.2", "1") + slow + TRAIN.format(steps=50), probe={"stop_after_steps": 3})
    assert run.status.ending is Ending.STOPPED
    assert audited.printed(run) == ["cleaned up", "left 3", "leaves", "has left"]


def test_a_program_that_catches_its_end_is_watched_by_one_thread(audited: Any) -> None:
    catching = """
import threading, torch
weight = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for _ in range(20):
    try:
        weight.grad = torch.ones(1)
        optimizer.step()
    except SystemExit:
        pass
import os
print(len(os.listdir("/proc/self/task")) < 20)
"""
    run = audited.script(catching, probe={"stop_after_steps": 2}, environment={"OMP_NUM_THREADS": "1"})
    assert audited.printed(run) == ["True"]


def test_a_program_with_fewer_steps_ends_by_itself(audited: Any) -> None:
    run = audited.script(TRAIN.format(steps=3), probe={"stop_after_steps": 7})
    assert run.status.ending is Ending.FINISHED
    assert audited.printed(run) == ["done", "cleaned up", "left 3"]


def test_a_stop_file_ends_a_running_program(audited: Any) -> None:
    def on_poll(elapsed_s: float) -> None:
        trace = audited.store.path("r1") / "trace" / "0-0.events"
        if trace.exists() and trace.stat().st_size > 0:
            (audited.store.path("r1") / "stop").write_text("12")

    run = audited.script(TRAIN.format(steps=10**9), on_poll=on_poll, timeout_s=240)
    assert run.status.ending is Ending.STOPPED
    trace = audited.trace(run)
    assert trace.stop is not None
    assert trace.stop.step == trace.steps >= 12


def test_ranks_stop_at_the_same_step_though_one_had_looked_before_the_file_was_there(tmp_path: Path) -> None:
    """The other would wait in its next collective for a peer that is gone."""
    early, late = ranks = Rank(tmp_path), Rank(tmp_path)
    early.stopping.on_step(5)
    (tmp_path / "stop").write_text("3")
    late.stopping.on_step(5)
    assert [rank.stopped_after(6) for rank in ranks] == [True, True]
    assert [rank.records for rank in ranks] == [[("stop", {"step": 6, "reason": "stop file"})]] * 2


def test_a_rank_that_sees_the_stop_file_first_ends_with_its_peers(tmp_path: Path) -> None:
    ranks = Rank(tmp_path), Rank(tmp_path)
    (tmp_path / "stop").write_text("9")
    ended = [[rank.stopped_after(step) for rank in ranks] for step in range(7, 10)]
    assert ended == [[False, False], [False, False], [True, True]]


def test_a_program_that_fails_because_it_was_stopped_did_not_fail(audited: Any) -> None:
    text = TRAIN.format(steps=50).replace('print("cleaned up")', "print(results)")
    run = audited.script(text, probe={"stop_after_steps": 2})
    assert (run.status.ending, run.status.code) == (Ending.STOPPED, 1)
    assert run.notes == ("the program was stopped at a step, and failed with exit code 1 on its way out",)


def test_a_stop_file_that_is_half_written_is_read_again(audited: Any) -> None:
    folder = audited.store.root / "r1"

    def on_poll(elapsed_s: float) -> None:
        stop = folder / "stop"
        if not stop.exists():
            stop.write_text("")
        else:
            stop.write_text("3")

    run = audited.script(TRAIN.format(steps=10**9), on_poll=on_poll, timeout_s=240)
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


LBFGS = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)

def closure():
    optimizer.zero_grad()
    loss = model(torch.ones(2, 3)).pow(2).mean()
    loss.backward()
    return loss

for _ in range(2):
    optimizer.step(closure)
"""


def test_final_weights_are_told_where_the_first_forward_pass_is_in_the_first_step(audited: Any) -> None:
    trace = audited.trace(audited.script(LBFGS))
    assert int((trace.events["kind"] == wire.WEIGHTS).sum()) == 2
