"""Digests that arrive after their event was written: from a device, or from a collective."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from auditor.dynamic.extent import settled_rows
from auditor.probe import wire
from auditor.probe.backends.event import Event, Place
from auditor.probe.backends.late import LateDigests
from auditor.probe.fingerprint import Fingerprints
from auditor.probe.storage import Pending, StorageMap
from auditor.probe.writer import Writer
from auditor.runs.tracefile import open_run


class Bench:
    """The tracer's parts that late digests need; the CPU plays the device."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer = Writer(str(folder), "0-0", {"digest": wire.XXH3_64})
        self.prints = Fingerprints(self.writer)
        self.prints.install(torch)
        self.storages = StorageMap(torch, self.prints)
        self.late = LateDigests(torch, self.prints, self.writer, self.storages)

    def event(self) -> Event:
        return Event(Place(wire.FORWARD, 0, 0, 0), 0, 1, 2, 0)

    def start(self, tensor: torch.Tensor, event: Event) -> None:
        slot = self.late.start(tensor, event)
        assert slot is not None
        event.late.append((len(event.rows), slot))
        event.rows.append((0, self.prints.spec(tensor), wire.OUTPUT, wire.DIGEST_LATE, len(event.rows), 0, 0))

    def write(self, event: Event) -> int:
        place = (wire.FORWARD, 0, 0, 1, 0, 0, 0, 0)
        index = self.writer.event(wire.OP, *place, 1, 2, 0, 0, event.rows)
        self.late.written(index, event)
        return index

    def read(self) -> Any:
        self.writer.close()
        return open_run(self.folder).processes["0-0"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for key in list(made.storages.entries):
        torch.UntypedStorage._free_weak_ref(key)


def test_rows_and_outputs_are_filled_in_when_drained(bench: Bench) -> None:
    one, other = torch.randn(3), torch.randn(3)
    for tensor in (one, other, one):
        event = bench.event()
        bench.start(tensor, event)
        bench.write(event)
    both = bench.event()
    bench.start(one, both)
    bench.start(other, both)
    bench.write(both)
    bench.late.drain()
    trace = bench.read()
    assert not trace.tensors["flags"].any()
    first, second, third, pair = trace.events["outputs"].tolist()
    assert first == third != second
    assert pair not in (0, first, second)
    assert trace.tensors["digest"].tolist() == [first, second, first, first, second]


def test_an_event_is_whole_before_its_last_row_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who follows the trace looks at any moment: at flagged rows for what is settled, then at the event."""
    event = bench.event()
    for value in (1.0, 2.0):
        bench.start(torch.full((2,), value), event)
    bench.write(event)
    seen = []
    for name in ("patch_tensor", "patch_outputs"):
        real = getattr(bench.writer, name)

        def then_look(*arguments: Any, real: Any = real) -> None:
            real(*arguments)
            trace = open_run(bench.folder).processes["0-0"]
            seen.append((settled_rows(trace), int(trace.events["outputs"][0])))

        monkeypatch.setattr(bench.writer, name, then_look)
    bench.late.drain()
    outputs = int(bench.read().events["outputs"][0])
    assert outputs != 0
    assert seen == [(0, 0), (0, outputs), (1, outputs)]


def test_what_never_arrives_stays_told(bench: Bench) -> None:
    event = bench.event()
    bench.start(torch.ones(2), event)
    bench.write(event)
    assert bench.read().event(0).tensors[0].note == "its digest never arrived from the device"


def test_shape_and_dtype_count_on_a_device_too(bench: Bench) -> None:
    zeros = torch.zeros(4)
    for tensor in (zeros, zeros.view(2, 2), zeros.view(torch.int32)):
        event = bench.event()
        bench.start(tensor, event)
        bench.write(event)
    bench.late.drain()
    assert len(set(bench.read().events["outputs"].tolist())) == 3


def test_a_full_buffer_is_drained_in_the_middle_of_an_event(bench: Bench) -> None:
    tensor = torch.ones(1)
    event = bench.event()
    for _ in range(4100):
        bench.start(tensor, event)
    bench.write(event)
    bench.late.drain()
    trace = bench.read()
    assert len(set(trace.tensors["digest"].tolist())) == 1
    assert trace.events["outputs"][0] != 0


def test_an_entry_becomes_the_digest_unless_it_was_overwritten(bench: Bench) -> None:
    kept, overwritten = torch.ones(2), torch.ones(2)
    for tensor in (kept, overwritten):
        event = bench.event()
        bench.start(tensor, event)
        slot = event.late[0][1]
        slot.key, slot.entry = bench.storages.key(tensor), 77
        bench.storages.put(tensor, slot.key, 77)
        bench.write(event)
    bench.storages.put(overwritten, bench.storages.key(overwritten), 78)
    bench.late.drain()
    outputs = bench.read().events["outputs"].tolist()
    assert bench.storages.entries[bench.storages.key(kept)] == outputs[0]
    assert bench.storages.entries[bench.storages.key(overwritten)] == 78


def test_a_collective_is_digested_when_its_result_is_read(bench: Bench) -> None:
    tensor = torch.zeros(3)
    event = bench.event()
    bench.late.collective([tensor], 5, event)
    bench.write(event)
    tensor.fill_(7)  # what the background thread does
    entry = bench.storages.entries[bench.storages.key(tensor)]
    assert isinstance(entry, Pending)
    entry.settle()
    assert isinstance(bench.storages.entries[bench.storages.key(tensor)], int)
    assert bench.read().events["outputs"].tolist() == [bench.prints.digest(torch.full((3,), 7.0))]


def test_a_collective_that_nobody_reads_is_let_go(bench: Bench) -> None:
    tensor = torch.zeros(3)
    event = bench.event()
    bench.late.collective([tensor], 5, event)
    bench.write(event)
    bench.late.drop_pending()
    assert isinstance(bench.storages.entries[bench.storages.key(tensor)], int)
    assert bench.read().event(0).tensors[0].digest is None
