"""Traces survive a kill, a full disk and a fork, and never harm the program."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.probe import wire
from auditor.probe.writer import Writer
from auditor.runs.tracefile import ProcessTrace, open_run


def trace(folder: Path, name: str = "0-0") -> ProcessTrace:
    return open_run(folder).processes[name]


def fill(writer: Writer, count: int) -> None:
    op = writer.name("aten::add")
    spec = writer.spec("torch.float32", (2, 3), "cpu")
    for index in range(count):
        row = (index, spec, wire.OUTPUT, 0, 0, 0, 0)
        writer.event(wire.OP, wire.FORWARD, 0, index // 10, op, 0, 0, 0, 1, 5, 6, index, 0, (row, row))


def names(folder: Path, name: str = "0-0") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "trace" / f"{name}.names.jsonl").read_text().splitlines()]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    count = 3 * wire.CHUNK_BYTES // wire.EVENT_SIZE // 2  # over a chunk's end
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    fill(writer, count)
    writer.close(steps=7)
    found = trace(tmp_path)
    assert found.complete
    assert found.steps == 7
    assert len(found.events) == count
    assert found.events["outputs"].tolist() == list(range(count))
    assert found.tensors["digest"].tolist() == [index for index in range(count) for _ in range(2)]
    assert (tmp_path / "trace" / "0-0.events").stat().st_size == count * wire.EVENT_SIZE


def test_the_hot_path_writes_what_event_writes(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    count = wire.CHUNK_BYTES // wire.EVENT_SIZE + 3
    op = writer.make_op()
    for index in range(count):
        row = (index, 4, wire.MUTATED, 0, 0, 0, 0)
        writer.event(wire.OP, wire.BACKWARD, 8, 1, 2, 3, 4, 5, 6, 7, 8, index, 0, (row,))
        op(wire.BACKWARD, 8, 1, 2, 3, 4, 5, 6, 7, 8, index, 4, wire.MUTATED)
    writer.close()
    found = trace(tmp_path)
    for even, odd in ((found.events[::2], found.events[1::2]), (found.tensors[::2], found.tensors[1::2])):
        for field in even.dtype.names:
            if field != "first_tensor":
                assert even[field].tolist() == odd[field].tolist()


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from auditor.probe.writer import Writer
sys.path.insert(0, sys.argv[2])
from test_writer import fill
writer = Writer(sys.argv[1], "0-0", {"digest": "xxh3_64"})
fill(writer, 1000)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)], check=False)
    assert done.returncode == -signal.SIGKILL
    found = trace(tmp_path)
    assert not found.complete
    assert found.events["outputs"].tolist() == list(range(1000))


def test_a_full_disk_ends_the_trace_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    fill(writer, 10)
    pwrite = os.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        if offset >= wire.CHUNK_BYTES:
            raise OSError(28, "No space left on device")
        return pwrite(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    fill(writer, 2 * wire.CHUNK_BYTES // wire.EVENT_SIZE)
    writer.make_op()(wire.FORWARD, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    assert writer.stopped is not None
    writer.close()
    found = trace(tmp_path)
    assert 10 <= len(found.events) <= wire.CHUNK_BYTES // wire.EVENT_SIZE
    assert not found.complete
    assert any("No space left" in problem.what for problem in found.problems)


def test_a_folder_that_cannot_be_written_is_survived(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("a file where the folder should be")
    writer = Writer(str(tmp_path), "0-0", {})
    fill(writer, 3)
    writer.record("seed", value="1")
    writer.rows([1, 2])
    writer.close()
    assert writer.stopped is not None


def test_a_taken_name_gives_the_next_one_and_is_no_problem(tmp_path: Path) -> None:
    first, second = (Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64}) for _ in range(2))
    assert (first.trace_name, second.trace_name) == ("0-0", "0-0~2")
    first.close()
    second.close()
    assert trace(tmp_path, "0-0~2").problems == ()


def test_ids_from_before_a_fork_are_valid_in_the_child(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    op, site = writer.name("aten::mul"), writer.site("train.py", 3, "main")
    write_op = writer.make_op()
    fill(writer, 5)
    child = os.fork()
    if child == 0:
        writer.reopen("0-0.1", {"digest": wire.XXH3_64})
        write_op(wire.DATA, 0, 0, op, 0, site, 0, 0, 0, 0, 1, writer.spec("torch.int64", (1,), "cpu"), 0)
        writer.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    fill(writer, 5)
    writer.close()
    assert len(trace(tmp_path).events) == 10
    found = trace(tmp_path, "0-0.1")
    assert len(found.events) == 1
    event = found.event(0)
    assert event.identity.op == "aten::mul"
    assert event.site is not None
    assert event.site.line == 3


def test_problems_are_written_once_and_counted(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    for _ in range(5):
        writer.problem("digest", "no bits")
    assert sum(record["record"] == "problem" for record in names(tmp_path)) == 1
    writer.close()
    assert [record["count"] for record in names(tmp_path) if record["record"] == "problem"] == [1, 5]
    (problem,) = trace(tmp_path).problems
    assert problem.count == 5


def test_after_the_end_nothing_is_written(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    fill(writer, 2)
    writer.close()
    writer.close()
    writer.make_op()(wire.FORWARD, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    fill(writer, 2)
    assert writer.stopped is None
    assert len(trace(tmp_path).events) == 2


def test_late_digests_are_filled_in(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    row = (0, 1, wire.OUTPUT, wire.DIGEST_LATE, 0, 0, 0)
    events = wire.CHUNK_BYTES // wire.TENSOR_SIZE
    for _ in range(events):
        writer.event(wire.OP, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, (row, row))
    first = writer.first_tensor(2)
    assert first == 4
    writer.patch_tensor(first + 1, 77, 0)
    writer.patch_outputs(2, 99)
    writer.close()
    found = trace(tmp_path)
    assert found.tensors[5]["digest"] == 77
    assert found.tensors[5]["flags"] == 0
    assert found.tensors[4]["flags"] == wire.DIGEST_LATE
    assert found.events[2]["outputs"] == 99


def test_row_digests_go_over_a_chunks_end(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path), "0-0", {"digest": wire.XXH3_64})
    many = list(range(wire.CHUNK_BYTES // 8 + 10))
    assert writer.rows([5]) == 0
    assert writer.rows(many) == 1
    assert writer.rows([6]) == len(many) + 1
    writer.close()
    assert trace(tmp_path).rows.tolist() == [5, *many, 6]


def test_event_layout_leaves_no_gap() -> None:
    assert struct.calcsize(wire.EVENT_STRUCT) == wire.EVENT_SIZE
    assert struct.calcsize(wire.TENSOR_STRUCT) == wire.TENSOR_SIZE
