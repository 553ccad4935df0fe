"""Programs on a cluster are followed, taken back when asked, and told lost when their worker is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.run import Ending, RunRecord
from auditor.runs.executor import unfinished
from auditor.runs.executors import order as orders
from auditor.runs.executors.remote import GRACE_S, Remote
from auditor.runs.executors.worker import run
from auditor.runs.plan import LaunchPlan


def plan(folder: Path, name: str, *command: str) -> LaunchPlan:
    place = folder / name
    place.mkdir()
    return LaunchPlan(
        argv=command or ("true",),
        cwd=folder,
        project=folder,
        run_dir=place,
        run_id=name,
        probe=None,
        quiet=True,
        watch_files=False,
    )


class Script:
    """A cluster on which each program ends as it is written, in the order in which it was handed over."""

    name = "script"

    def __init__(self, **endings: Ending) -> None:
        self.endings = endings
        self.given: list[LaunchPlan] = []
        self.most = 0
        self.avoided: list[tuple[str, Collection[str]]] = []
        self.cancelled = self.killed = False

    def open(self) -> None:
        pass

    def places(self) -> int:
        return 2

    def submit(self, plan: LaunchPlan, avoid: Collection[str]) -> None:
        self.given.append(plan)
        self.avoided.append((plan.run_id, avoid))
        self.most = max(self.most, len(self.given))

    def ended(self, timeout_s: float) -> dict[str, RunRecord]:
        if not self.given or self.given[0].run_id not in self.endings:
            return {}
        first = self.given.pop(0)
        (first.run_dir / orders.HOST).write_text("far")
        return {first.run_id: unfinished(first, self.endings[first.run_id], "as written")}

    def cancel(self) -> None:
        self.cancelled = True

    def kill(self) -> None:
        self.killed = True
        self.given.clear()

    def close(self) -> None:
        pass


def test_as_many_are_handed_over_as_the_cluster_takes(tmp_path: Path) -> None:
    cluster = Script(a=Ending.FINISHED, b=Ending.FAILED, c=Ending.FINISHED)
    ended = [one.run_id for one, _ in Remote(cluster).run([plan(tmp_path, name) for name in "abc"], lambda: False)]
    assert ended == ["a", "b", "c"]
    assert cluster.most == 2
    assert not cluster.killed


def test_a_plan_may_depend_on_what_an_earlier_one_came_to(tmp_path: Path) -> None:
    ended: list[str] = []

    def plans() -> Iterator[LaunchPlan | None]:
        yield plan(tmp_path, "a")
        while not ended:
            yield None
        yield plan(tmp_path, "b")

    for one, _ in Remote(Script(a=Ending.FINISHED, b=Ending.FINISHED)).run(plans(), lambda: False):
        ended.append(one.run_id)
    assert ended == ["a", "b"]


@pytest.mark.parametrize("ending", [Ending.LOST, Ending.FAILED, Ending.INTERRUPTED])
def test_a_program_that_broke_off_is_kept_away_from_where_it_did(tmp_path: Path, ending: Ending) -> None:
    cluster = Script(a=ending)
    executor = Remote(cluster)
    first = plan(tmp_path, "a")
    records = [record for _, record in executor.run([first], lambda: False)]
    expected = Ending.LOST if ending is Ending.INTERRUPTED else ending  # nobody had asked
    assert [record.status.ending for record in records] == [expected]
    list(executor.run([first], lambda: False))
    assert cluster.avoided == [("a", []), ("a", ["far"])]


def test_what_gives_no_answer_to_a_cancel_is_given_up(tmp_path: Path) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += GRACE_S / 3
        return now[0]

    cluster = Script()
    asked = [False]
    executor = Remote(cluster, jobs=2, clock=clock)
    ended = executor.run(
        [plan(tmp_path, name) for name in "abc"], lambda: asked[0], lambda _: asked.__setitem__(0, True)
    )
    assert [record.status.ending for _, record in ended] == [Ending.INTERRUPTED] * 2
    assert cluster.cancelled
    assert cluster.killed


def test_leaving_early_ends_what_runs(tmp_path: Path) -> None:
    cluster = Script(a=Ending.FINISHED)
    running = Remote(cluster, jobs=2).run([plan(tmp_path, name) for name in "ab"], lambda: False)
    next(running)
    running.close()  # type: ignore[attr-defined]  # a generator
    assert cluster.killed


def test_an_order_says_all_of_a_plan_and_no_value_of_a_carried_environment(tmp_path: Path) -> None:
    one = plan(tmp_path, "a", "python", "x.py")
    written = orders.write_order(one, {"SECRET": "s3cret"}, carried=True)
    assert "s3cret" not in written
    read = orders.read_order(written)
    assert read.plan == replace(one, argv=(sys.executable, "x.py"))
    here = {"SECRET": "s3cret", "SLURM_PROCID": "0", "CUDA_VISIBLE_DEVICES": "3"}
    assert orders.program_environment(read, here) == {"SECRET": "s3cret", "CUDA_VISIBLE_DEVICES": "3"}


def test_a_program_sees_the_variables_of_who_asked_and_the_gpus_of_its_machine(tmp_path: Path) -> None:
    theirs = {"A": "theirs", "TMPDIR": "/theirs", "CUDA_VISIBLE_DEVICES": "0,1"}
    read = orders.read_order(orders.write_order(plan(tmp_path, "a"), theirs, carried=False))
    here = {"A": "here", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "7"}
    assert orders.program_environment(read, here) == {"A": "theirs", "CUDA_VISIBLE_DEVICES": "7"}


def test_a_worker_that_sees_another_folder_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.runs.executors.worker.SHARING_S", 0.0)
    one = plan(tmp_path, "a")
    read = orders.read_order(orders.write_order(one, {}, carried=False))
    (one.run_dir / orders.TOKEN).write_text("of another machine")
    answer = json.dumps(run(read, lambda: False))
    with pytest.raises(UsageError, match=r"the store is not shared: .* is another folder on .*--store"):
        orders.read_answer(answer, one)
    one.run_dir.rename(tmp_path / "away")
    with pytest.raises(UsageError, match="is not there on"):
        orders.read_answer(json.dumps(run(read, lambda: False)), one)


def test_a_worker_with_other_code_refuses(tmp_path: Path) -> None:
    one = plan(tmp_path, "a")
    read = orders.read_order(orders.write_order(one, {}, carried=False))
    with pytest.raises(UsageError, match="has another repro-audit"):
        orders.read_answer(json.dumps(run(replace(read, stamp=read.stamp + 1), lambda: False)), one)


def test_a_worker_without_an_answer_is_lost(tmp_path: Path) -> None:
    record = orders.read_answer("exit code -9: ", plan(tmp_path, "a"))
    assert record.status.ending is Ending.LOST
    assert record.notes == ("its worker ended without an answer: exit code -9:",)


def worker(one: LaunchPlan) -> subprocess.Popen[str]:
    here = {name: value for name, value in os.environ.items() if name not in orders.OF_THE_MACHINE}
    started = subprocess.Popen(orders.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=here)
    assert started.stdin is not None
    started.stdin.write(orders.write_order(one, {"PATH": "/usr/bin:/bin"}, carried=False))
    started.stdin.close()
    started.stdin = None
    return started


def test_a_worker_answers_with_the_record(tmp_path: Path) -> None:
    one = plan(tmp_path, "a", "sh", "-c", "env | grep -v '^PWD\\|^_\\|^SHLVL'; exit 3")
    started = worker(one)
    record = orders.read_answer(started.communicate(timeout=600)[0], one)
    assert (record.status.ending, record.status.code, record.folder) == (Ending.FAILED, 3, str(one.run_dir))
    assert (one.run_dir / "program.log").read_text() == "PATH=/usr/bin:/bin\n"


def wait_for(path: Path) -> None:
    until = time.monotonic() + 600
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not come"
        time.sleep(0.02)


def test_a_worker_that_is_interrupted_interrupts_the_program(tmp_path: Path) -> None:
    one = plan(tmp_path, "a", "sh", "-c", "touch up; exec sleep 600")
    started = worker(one)
    wait_for(tmp_path / "up")
    started.send_signal(signal.SIGINT)
    record = orders.read_answer(started.communicate(timeout=600)[0], one)
    assert record.status.ending is Ending.INTERRUPTED


@pytest.mark.parametrize("killed", ["whoever started it", "the worker that they see"])
def test_the_program_ends_with(killed: str, tmp_path: Path) -> None:
    code = "trap 'touch gone; exit' INT; touch up; for i in $(seq 6000); do sleep 0.1; done"
    one = plan(tmp_path, "a", "sh", "-c", code)
    (tmp_path / "order").write_text(orders.write_order(one, {"PATH": "/usr/bin:/bin"}, carried=False))
    between = "import subprocess, sys; subprocess.run(sys.argv[2:], stdin=open(sys.argv[1]))"
    argv = [sys.executable, "-c", between, str(tmp_path / "order"), *orders.command()]
    with (tmp_path / "order").open() as file:
        started = argv if killed == "whoever started it" else orders.command()
        parent = subprocess.Popen(started, stdin=file, stdout=subprocess.DEVNULL)
    wait_for(tmp_path / "up")
    parent.kill()
    parent.wait()
    wait_for(tmp_path / "gone")
