"""Local processes run what they are given, as many at a time as allowed, and stop when asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.run import Ending
from auditor.runs.executors.local import LocalProcesses
from auditor.runs.plan import LaunchPlan


def plan(folder: Path, name: str, *command: str) -> LaunchPlan:
    place = folder / name
    place.mkdir()
    return LaunchPlan(
        argv=command,
        cwd=folder,
        project=folder,
        run_dir=place,
        run_id=name,
        probe=None,
        quiet=True,
        watch_files=False,
    )


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_plan_ends_once(tmp_path: Path, jobs: int) -> None:
    plans = [plan(tmp_path, f"r{number}", "sh", "-c", f"exit {number}") for number in range(4)]
    ended = {one.run_id: record.status.code for one, record in LocalProcesses(jobs).run(plans, lambda: False)}
    assert ended == {"r0": 0, "r1": 1, "r2": 2, "r3": 3}


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_plan_may_depend_on_what_an_earlier_one_came_to(tmp_path: Path, jobs: int) -> None:
    ended: list[str] = []

    def plans() -> Iterator[LaunchPlan | None]:
        yield plan(tmp_path, "first", "sh", "-c", "sleep 0.3")
        while not ended:
            yield None
        yield plan(tmp_path, f"after-{ended[0]}", "sh", "-c", "exit 0")

    for one, _ in LocalProcesses(jobs).run(plans(), lambda: False):
        ended.append(one.run_id)
    assert ended == ["first", "after-first"]


def test_programs_run_at_the_same_time(tmp_path: Path) -> None:
    wait = "touch {own}; for i in $(seq 1200); do [ -e {other} ] && exit 0; sleep 0.1; done; exit 1"
    plans = [
        plan(tmp_path, "a", "sh", "-c", wait.format(own="x", other="y")),
        plan(tmp_path, "b", "sh", "-c", wait.format(own="y", other="x")),
    ]
    assert [record.status.code for _, record in LocalProcesses(2).run(plans, lambda: False)] == [0, 0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_cancelled_program_is_interrupted_and_none_is_started(tmp_path: Path, jobs: int) -> None:
    started: list[str] = []

    def plans() -> Iterator[LaunchPlan]:
        for number in range(4):
            started.append(f"r{number}")
            yield plan(tmp_path, f"r{number}", "sh", "-c", "exec sleep 600")

    ended = list(LocalProcesses(jobs).run(plans(), lambda: len(started) >= jobs))
    assert len(started) <= jobs
    assert all(record.status.ending is Ending.INTERRUPTED for _, record in ended)


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_cannot_be_started_is_an_error(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(UsageError, match="cannot be started"):
        list(LocalProcesses(jobs).run([plan(tmp_path, "a", "./nothing"), plan(tmp_path, "b", "true")], lambda: False))
