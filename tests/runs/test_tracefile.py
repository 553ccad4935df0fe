"""Traces as they are found: whole, growing, torn, damaged, of another version."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import TraceFormatError
from auditor.model.trace import EventKind, Phase, Role
from auditor.probe import wire
from auditor.probe.writer import Writer
from auditor.runs.tracefile import EVENT_DTYPE, TENSOR_DTYPE, ProcessTrace, open_run

HEADER = {"digest": wire.XXH3_64, "pid": 1, "parent_pid": 0, "place": "0", "rank": None, "argv": [], "probe": "9.9"}


def writer(run: Path, name: str = "0-0", **header: Any) -> Writer:
    return Writer(str(run), name, {**HEADER, **header})


def write_events(out: Writer, count: int, start: int = 0) -> None:
    op, spec = out.name("aten::add"), out.spec("torch.float32", (2, 3), "cpu")
    site = out.site("train.py", 7, "main")
    module = out.name("Net.head")
    for index in range(start, start + count):
        row = (1000 + index, spec, wire.OUTPUT, 0, 0, 0, 0)
        out.event(wire.OP, wire.FORWARD, 0, index // 10, op, module, site, 0, 2, 11, 12, 1000 + index, 0, (row,))


def only(run: Path) -> ProcessTrace:
    return open_run(run).processes["0-0"]


def test_the_layout_is_that_of_the_wire_format() -> None:
    assert EVENT_DTYPE.itemsize == wire.EVENT_SIZE
    assert TENSOR_DTYPE.itemsize == wire.TENSOR_SIZE
    assert EVENT_DTYPE.names == tuple(name for name, _ in wire.EVENT)


def test_an_event_is_read_as_it_was_written(tmp_path: Path) -> None:
    out = writer(tmp_path)
    write_events(out, 25)
    out.record("seed", library="torch", call="torch.manual_seed", value="3", site=out.site("train.py", 2, "main"))
    out.record("file", path="a.txt", mode="r", site=0)
    out.record("listing", path="data", count=4, site=0)
    out.record("environment", moment="end", python="3.11", threads=2)
    out.record("stop", step=2, reason="asked")
    out.problem("op", "something")
    out.problem("op", "something")
    out.close(steps=2)
    trace = only(tmp_path)
    event = trace.event(13)
    assert (event.kind, event.identity.phase, event.identity.module, event.identity.op) == (
        *(EventKind.OP, Phase.FORWARD),
        *("Net.head", "aten::add"),
    )
    assert (event.identity.step, event.identity.occurrence) == (1, 3)
    assert event.site is not None
    assert (event.site.path, event.site.line, event.site.function) == ("train.py", 7, "main")
    (tensor,) = event.tensors
    assert (tensor.digest, tensor.dtype, tensor.shape, tensor.role) == (1013, "torch.float32", (2, 3), Role.OUTPUT)
    assert (event.input_count, event.inputs, event.arguments, event.outputs) == (2, 11, 12, 1013)
    assert trace.complete
    assert (len(trace.events), len(trace.tensors), trace.steps) == (25, 25, 2)
    assert [(seed.value, seed.site.line if seed.site else 0, seed.event) for seed in trace.seeds] == [("3", 2, 25)]
    assert [(access.path, access.mode) for access in trace.files] == [("a.txt", "r")]
    assert [(listing.path, listing.count) for listing in trace.listings] == [("data", 4)]
    assert trace.environment["threads"] == 2
    assert trace.stop is not None
    assert trace.stop.step == 2
    assert [(problem.where, problem.count) for problem in trace.problems] == [("op", 2)]


@pytest.mark.parametrize(
    ("flags", "note"),
    [
        (wire.UNINITIALISED, "uninitialised"),
        (wire.NOT_COVERED, "not covered"),
        (wire.SCRATCH, "working memory"),
        (wire.DIGEST_LATE, "never arrived"),
    ],
)
def test_a_tensor_without_a_digest_says_why(tmp_path: Path, flags: int, note: str) -> None:
    out = writer(tmp_path)
    row = (5, out.spec("torch.float32", (), "cpu"), wire.MUTATED, flags, 0, 0, 0)
    out.event(wire.OP, 0, wire.UNCAPTURED, 0, 0, 0, 0, 0, tensors=(row,))
    event = only(tmp_path).event(0)
    assert event.tensors[0].digest is None
    assert note in event.tensors[0].note
    assert not event.captured


def test_a_growing_trace_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    out = writer(tmp_path)
    trace = only(tmp_path)
    assert (len(trace.events), trace.complete) == (0, False)
    total = 0
    per_chunk = wire.CHUNK_BYTES // wire.EVENT_SIZE
    for count in (1, 30, per_chunk, 2 * per_chunk - 31, 5):
        write_events(out, count, total)
        total += count
        assert trace.refresh()
        assert not trace.refresh()
        assert len(trace.events) == len(trace.tensors) == total
        assert trace.event(total - 1).outputs == 1000 + total - 1
    out.close(steps=3)
    assert trace.refresh()
    assert trace.complete
    assert (len(trace.events), trace.steps) == (total, 3)


def test_a_new_process_is_found_by_refresh(tmp_path: Path) -> None:
    writer(tmp_path)
    run = open_run(tmp_path)
    for name in ("0-0.10", "0-0.2", "1-0.x1", "0-0.s1"):
        writer(tmp_path, name)
    assert run.refresh()
    assert list(run.processes) == ["0-0", "0-0.2", "0-0.10", "0-0.s1", "1-0.x1"]


def test_a_run_without_traces_has_no_processes(tmp_path: Path) -> None:
    assert not open_run(tmp_path).processes


def test_a_trace_without_a_header_yet_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "trace").mkdir()
    (tmp_path / "trace" / "0-0.names.jsonl").write_text('{"record":"hea')
    run = open_run(tmp_path)
    assert not run.processes
    assert list(run.unreadable) == ["0-0"]


def test_a_torn_last_line_is_left_for_later(tmp_path: Path) -> None:
    out = writer(tmp_path)
    write_events(out, 3)
    path = tmp_path / "trace" / "0-0.names.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"record":"name","id":99,"te')
    trace = only(tmp_path)
    assert 99 not in trace.names
    path.write_bytes(whole + b'{"record":"name","id":99,"text":"late"}\n')
    assert trace.refresh()
    assert trace.names[99] == "late"


def test_a_damaged_line_elsewhere_is_an_error_with_its_place(tmp_path: Path) -> None:
    out = writer(tmp_path)
    write_events(out, 3)
    out.close()
    path = tmp_path / "trace" / "0-0.names.jsonl"
    lines = path.read_bytes().split(b"\n")
    offset = len(lines[0]) + 1
    lines[1] = b'{"record": oops'
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(TraceFormatError, match=rf"0-0\.names\.jsonl: damaged at byte {offset} \(line 2\)"):
        open_run(tmp_path)


@pytest.mark.parametrize("complete", [True, False])
def test_a_gap_between_events_is_an_error_with_its_place(tmp_path: Path, complete: bool) -> None:
    out = writer(tmp_path)
    write_events(out, 20)
    if complete:
        out.close()
    with (tmp_path / "trace" / "0-0.events").open("r+b") as file:
        file.seek(8 * wire.EVENT_SIZE)
        file.write(bytes(3 * wire.EVENT_SIZE))
    with pytest.raises(TraceFormatError, match=rf"0-0\.events: damaged at byte {8 * wire.EVENT_SIZE}"):
        open_run(tmp_path)


def test_an_unknown_kind_of_event_is_an_error_with_its_place(tmp_path: Path) -> None:
    out = writer(tmp_path)
    write_events(out, 20)
    with (tmp_path / "trace" / "0-0.events").open("r+b") as file:
        file.seek(5 * wire.EVENT_SIZE)
        file.write(b"\xee")
    with pytest.raises(TraceFormatError, match=rf"damaged at byte {5 * wire.EVENT_SIZE}: 238 is no kind of event"):
        open_run(tmp_path)


@pytest.mark.parametrize("suffix", ["events", "tensors"])
def test_a_file_shorter_than_its_end_record_says_is_an_error(tmp_path: Path, suffix: str) -> None:
    out = writer(tmp_path)
    write_events(out, 20)
    out.close()
    path = tmp_path / "trace" / f"0-0.{suffix}"
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(TraceFormatError, match=r"the file ends after 10 of 20 rows"):
        open_run(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "not a trace"),
        ({"version": wire.VERSION + 1}, r"trace format version 2, written by repro-audit 9\.9; this program reads"),
        ({"digest": "md5"}, "unknown digest algorithm 'md5'"),
    ],
)
def test_format_version_and_digest_are_checked_before_anything_else(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    writer(tmp_path)
    path = tmp_path / "trace" / "0-0.names.jsonl"
    header = json.loads(path.read_text().splitlines()[0])
    path.write_text(json.dumps({**header, **change}) + "\nnot even a line\n")
    with pytest.raises(TraceFormatError, match=message):
        open_run(tmp_path)


def test_records_of_kinds_that_came_later_are_passed_over(tmp_path: Path) -> None:
    out = writer(tmp_path)
    out.record("weather", sky="blue")
    out.close()
    assert only(tmp_path).complete


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 40 * wire.EVENT_SIZE), names_cut=st.integers(0, 2000))
def test_a_trace_cut_anywhere_is_read_or_refused_but_never_invents_events(
    tmp_path_factory: pytest.TempPathFactory, cut: int, names_cut: int
) -> None:
    run = tmp_path_factory.mktemp("cut")
    out = writer(run)
    write_events(out, 40)
    events, names = run / "trace" / "0-0.events", run / "trace" / "0-0.names.jsonl"
    os.truncate(events, cut)
    whole = names.read_bytes()
    os.truncate(names, max(0, len(whole) - names_cut))
    try:
        processes = open_run(run).processes
    except TraceFormatError:
        return
    for trace in processes.values():
        assert len(trace.events) == cut // wire.EVENT_SIZE
        assert not trace.complete
        assert [int(value) for value in trace.events["outputs"]] == list(range(1000, 1000 + len(trace.events)))


def test_rows_are_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    out = writer(tmp_path)
    write_events(out, 2)
    out.close()
    trace = only(tmp_path)
    assert not trace.events.flags.owndata
    assert not trace.events.flags.writeable
