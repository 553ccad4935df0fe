"""How many programs run side by side follows from what there is and what the first one took."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model.run import Ending, ExitStatus, RunRecord
from auditor.runs import machine
from auditor.runs.executor import Needs, parse_needs
from auditor.runs.executors.room import Room

GIB = 1 << 30
WELL = RunRecord(
    id="a",
    argv=("x",),
    cwd="",
    project="",
    changes={},
    started_at="",
    duration_s=10.0,
    status=ExitStatus(ending=Ending.FINISHED, code=0),
    processes=(),
    files_written=(),
    peak_memory_bytes=1 * GIB,
    cpu_s=19.0,
)


def room(
    jobs: int | None = None,
    needs: Needs = Needs(),  # noqa: B008, frozen
    cores: int = 16,
    gpus: tuple[str, ...] = (),
    free: int | None = 100 * GIB,
) -> Room:
    return Room(jobs, needs, cores=cores, gpus=gpus, available=lambda: free)


def limit_after(first: RunRecord, of: Room) -> int:
    assert of.may_start()
    of.enter("first")
    of.leave("first", first)
    return of.limit()


def test_the_first_program_runs_alone_where_nothing_is_known() -> None:
    found = room()
    found.enter("first")
    assert not found.may_start()


@pytest.mark.parametrize(
    ("first", "of", "limit"),
    [
        (WELL, room(), 8),  # 1.9 cores each
        (replace(WELL, cpu_s=0.5), room(), 16),
        (WELL, room(free=5 * GIB), 4),  # a tenth is left
        (WELL, room(free=GIB // 2), 1),
        (WELL, room(free=None), 8),
        (WELL, room(gpus=("0", "1", "2")), 3),
        (WELL, room(needs=Needs(gpus=2), gpus=("0", "1", "2", "3")), 2),
        (WELL, room(needs=Needs(gpus=0), gpus=("0", "1")), 8),
        (WELL, room(needs=Needs(cpus=4, memory_bytes=50 * GIB)), 1),
        (WELL, room(jobs=5, cores=1, gpus=("0",), free=5 * GIB), 5),  # a number that was named is kept
        (WELL, room(jobs=5, needs=Needs(memory_bytes=2 * GIB), free=5 * GIB), 2),
        (replace(WELL, status=ExitStatus(ending=Ending.FAILED, code=1)), room(), 1),
        (replace(WELL, cpu_s=None), room(), 1),
    ],
)
def test_as_many_as_cores_memory_and_gpus_allow(first: RunRecord, of: Room, limit: int) -> None:
    assert limit_after(first, of) == limit


def test_children_count_in_what_the_first_one_took() -> None:
    free = [100 * GIB]
    found = Room(None, Needs(), cores=64, gpus=(), available=lambda: free[0])
    assert found.may_start()
    found.enter("first")
    free[0] = 60 * GIB
    found.watch()
    free[0] = 100 * GIB
    found.leave("first", WELL)
    assert found.may_start()
    assert found.limit() == 2


def test_nothing_starts_while_memory_is_short() -> None:
    free = [10 * GIB]
    found = Room(4, Needs(), cores=4, gpus=(), available=lambda: free[0])
    assert limit_after(WELL, found) == 4
    found.enter("a")
    assert found.may_start()
    free[0] = GIB // 2
    assert not found.may_start()


def test_each_program_gets_the_gpus_that_fewest_hold() -> None:
    found = room(jobs=3, gpus=("4", "6"))
    given = [found.enter(name)[machine.VISIBLE] for name in "abc"]
    assert given == ["4", "6", "4"]
    found.leave("b", WELL)
    assert found.enter("d") == {machine.VISIBLE: "6"}


def test_one_program_at_a_time_sees_all_gpus() -> None:
    assert room(jobs=1, gpus=("0", "1")).enter("a") == {}


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("", Needs()),
        ("cpus=4, gpus=1,memory=8G", Needs(cpus=4, gpus=1, memory_bytes=8 * GIB)),
        ("memory=1.5GiB,gpus=0", Needs(gpus=0, memory_bytes=3 * GIB // 2)),
    ],
)
def test_needs_are_read(text: str, needs: Needs) -> None:
    assert parse_needs(text) == needs


@pytest.mark.parametrize("text", ["cpus=0", "cpus", "memory=much", "memory=0G", "tpus=1", "gpus=-1"])
def test_other_needs_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--needs: expected"):
        parse_needs(text)


def test_a_container_limits_cores_and_memory(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   2097152 kB\n")
    assert machine.available_bytes(tmp_path / "meminfo", tmp_path) == 2 * GIB
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB // 2}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {GIB // 4}\n")
    assert machine.available_bytes(tmp_path / "meminfo", tmp_path) == 3 * GIB // 4
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.available_bytes(tmp_path / "meminfo", tmp_path) == 2 * GIB
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert machine.cores(tmp_path) == 1


@pytest.mark.parametrize(
    ("visible", "found"), [("0,2", ("0", "2")), ("", ()), ("-1", ()), ("GPU-8f, MIG-1", ("GPU-8f", "MIG-1"))]
)
def test_gpus_are_those_that_we_may_see(tmp_path: Path, visible: str, found: tuple[str, ...]) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    assert machine.gpus({}, tmp_path) == ("0", "1")
    assert machine.gpus({machine.VISIBLE: visible}, tmp_path) == found
