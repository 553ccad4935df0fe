"""What the probe notes of a call, and how it times work on a device."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.probe.profiling.clock import DeviceClock
from auditor.probe.profiling.facts import FactReader
from auditor.ruleset import load
from auditor.ruleset.circumstances import AMBIENT, facts_of

torch = pytest.importorskip("torch")
aten = torch.ops.aten


def index(*values: Any) -> Any:
    return torch.tensor(values)


GRID = torch.zeros(3, 4)
PLANES = torch.zeros(2, 1, 1, 2)
CALLS = [
    ("indices.repeated", aten.index_put_.default, (GRID, [index(0, 1), index(2, 2)], GRID[:2, 0]), False),
    ("indices.repeated", aten.index_put_.default, (GRID, [index(0, -3), index(2, 2)], GRID[:2, 0]), True),
    ("indices.repeated", aten.index_put_.default, (GRID, [None, index(1, 1)], GRID[:, :2]), True),
    ("indices.repeated", aten.index_put_.default, (GRID, [index([0], [1]), index([0, 1, 2])], GRID[:2, :3]), False),
    ("indices.repeated", aten.index_put_.default, (GRID, [GRID == 0], GRID[0, 0]), False),
    ("written", aten.index_put_.default, (GRID, [index(0, 1, 1)], GRID), 12),
    ("written", aten.index_put_.default, (GRID, [None, index(1, 1)], GRID[:, :2]), 6),
    ("written", aten.index_put_.default, (GRID, [GRID == 0], GRID[0, 0]), 12),
    ("accumulate", aten.index_put_.default, (GRID, [index(0)], GRID[0]), False),
    ("index.repeated", aten.put_.default, (GRID, index(0, -12), GRID[0, :2]), True),
    ("index.repeated", aten.scatter_.src, (GRID, 0, index([0, 0], [1, 1]), GRID), False),
    ("index.repeated", aten.scatter_.src, (GRID, 1, index([0, 0], [1, 2]), GRID), True),
    ("index.repeated", aten.index_add_.default, (GRID, 0, index(1, 1), GRID[:2]), True),
    ("src.given", aten.scatter_.src, (GRID, 0, index([0]), GRID), True),
    ("src.given", aten.scatter_.value, (GRID, 0, index([0]), 1.0), False),
    ("indices.repeated", aten.max_unpool2d.default, (PLANES, index([[[0, 1]]], [[[0, 1]]]), [2, 2]), False),
    ("indices.repeated", aten.max_unpool2d.default, (PLANES, index([[[0, 1]]], [[[3, 3]]]), [2, 2]), True),
    ("self.tied", aten.topk.default, (index(1.0, 1.0, 5.0, 4.0), 2), False),
    ("self.tied", aten.topk.default, (index(1.0, 4.0, 5.0, 4.0), 2), True),
    ("self.tied", aten.topk.default, (index(1.0, 1.0, 5.0, 4.0), 1, -1, False), True),
    ("self.tied", aten.topk.default, (index(math.nan, math.nan, 5.0, 4.0), 1), True),
    ("self.tied", aten.topk.default, (index(math.nan, 1.0, 5.0, 4.0), 1), False),
    ("self.tied", aten.median.dim, (index(math.nan, 1.0, 2.0, math.nan), 0), True),
    ("self.tied", aten.kthvalue.default, (index(1.0, 1.0, 5.0, 4.0), 3), False),
    ("self.tied", aten.median.dim, (index(1.0, 4.0, 4.0, 5.0, 9.0), 0), True),
    ("self.one_line", aten.cumsum.default, (torch.zeros(3, 1), 0), True),
    ("self.one_line", aten.cumsum.default, (GRID, 0), False),
    ("dim.given", aten.median.default, (GRID,), False),
    ("self.floating", aten.histc.default, (index(1, 2), 2), False),
    ("windows.overlap", aten.avg_pool3d_backward.default, (GRID, GRID, [2, 2, 2], [], [0], False, True, None), False),
    ("windows.overlap", aten.avg_pool3d_backward.default, (GRID, GRID, [3], [2], [0], False, True, None), True),
    ("deterministic", aten.cumsum.default, (GRID, 0), "off"),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "func", "arguments", "value"), CALLS)
def test_a_fact_is_what_the_call_does(fact: str, func: Any, arguments: tuple[Any, ...], value: object) -> None:
    assert FactReader(torch, func, [fact]).read(arguments, {}) == [(fact, value)]


class OnDevice:
    """Stands for a tensor on a GPU of which nothing may be asked now."""

    is_cuda = True

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was read while a graph is captured")


@pytest.mark.parametrize(
    ("fact", "func", "arguments"),
    [
        ("index.repeated", aten.index_add_.default, (GRID, 0, OnDevice(), GRID)),
        ("indices.repeated", aten.index_put_.default, (GRID, [None, OnDevice()], GRID)),
        ("written", aten.index_put_.default, (GRID, [OnDevice()], GRID)),
        ("self.tied", aten.topk.default, (OnDevice(), 2)),
    ],
)
def test_no_value_is_read_while_a_graph_is_captured(fact: str, func: Any, arguments: tuple[Any, ...]) -> None:
    capturing = SimpleNamespace(cuda=SimpleNamespace(is_current_stream_capturing=lambda: True))
    assert FactReader(capturing, func, [fact]).read(arguments, {}) == []


def test_what_cannot_be_seen_is_left_out() -> None:
    reader = FactReader(torch, aten.index_put_.default, ["no.such", "values.repeated", "unknown", "device", "threads"])
    assert reader.read((GRID, [index(0)]), {}) == []
    assert reader.asks_threads


def test_looking_changes_neither_arguments_nor_generators() -> None:
    before = torch.random.get_rng_state()
    where = index(3, 1, -1)
    FactReader(torch, aten.put_.default, ["index.repeated"]).read((GRID, where, GRID[0, :3]), {})
    assert where.tolist() == [3, 1, -1]
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_list_speaks_of_arguments_that_operators_have() -> None:
    wrong = []
    for entry in load().operators:
        asked = {fact.partition(".")[0] for fact in facts_of(entry.when) if fact not in AMBIENT}
        for name in entry.operators:
            packet = getattr(aten, name.removeprefix("aten::"), None)
            if not name.startswith("aten::") or packet is None:
                continue  # another package's, or of another version
            schemas = [getattr(packet, overload)._schema for overload in packet.overloads()]
            had = {argument.name for schema in schemas for argument in schema.arguments}
            wrong += [(name, each) for each in asked - had - {"written", "windows", "cudnn"}]
    assert wrong == []


class FakeCuda:
    """Events that know when they were recorded; the device runs one unit behind."""

    def __init__(self) -> None:
        self.time = 0
        self.capturing = False
        self.made = 0
        self.cuda = self

    def is_initialized(self) -> bool:
        return True

    def is_current_stream_capturing(self) -> bool:
        return self.capturing

    def current_stream(self, device: object) -> str:
        return f"stream of {device}"

    def Event(self, enable_timing: bool) -> FakeEvent:  # noqa: N802, as torch calls it
        assert enable_timing
        self.made += 1
        return FakeEvent(self)


class FakeEvent:
    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda = cuda
        self.at = 0
        self.waited = False

    def record(self, stream: str) -> None:
        assert stream == "stream of cuda:0"
        self.at = self.cuda.time
        self.waited = False

    def synchronize(self) -> None:
        self.waited = True

    def elapsed_time(self, other: FakeEvent) -> float:
        assert other.waited, "the device had not got that far"
        return float(other.at - self.at)


class Uses:
    device_ns = 0


def test_time_on_a_device_is_between_two_events_and_asked_for_at_the_end() -> None:
    cuda, uses = FakeCuda(), Uses()
    clock = DeviceClock(cuda)
    for milliseconds in (3, 4):
        started = clock.start("cuda:0")
        cuda.time += milliseconds
        clock.stop(started, uses)
    assert uses.device_ns == 0
    clock.settle()
    assert uses.device_ns == 7_000_000
    clock.stop(clock.start("cuda:0"), uses)
    assert cuda.made == 4, "events are used again"


def test_nothing_is_recorded_into_a_graph_that_is_being_captured() -> None:
    cuda = FakeCuda()
    cuda.capturing = True
    assert DeviceClock(cuda).start("cuda:0") is None
    assert cuda.made == 0
