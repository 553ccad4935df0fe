"""Device memory through NVML, with a stand-in for the module: no GPU is needed to test the sums."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from auditor.runs.gpu import DeviceMemory


class FakeNvml:
    class NVMLError(Exception):
        pass

    def __init__(self, usage: list[dict[int, int | None]], broken: bool = False) -> None:
        self.usage = usage
        self.broken = broken
        self.shut_down = False

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's own name
        if self.broken:
            raise self.NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.usage)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:  # noqa: N802
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in self.usage[handle].items()]

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.shut_down = True


def test_memory_of_our_processes_is_summed_over_devices_and_the_peak_kept() -> None:
    nvml = FakeNvml([{10: 100, 99: 7}, {10: 50, 11: 5}])
    memory = DeviceMemory(nvml)
    assert memory.sample({10, 11}) == 155
    nvml.usage = [{10: 20}, {}]
    assert memory.sample({10, 11}) == 20
    assert memory.peak_bytes == 155
    memory.close()
    assert nvml.shut_down


def test_usage_that_the_driver_hides_is_not_zero() -> None:
    memory = DeviceMemory(FakeNvml([{10: None}]))
    assert memory.sample({10}) is None
    assert memory.peak_bytes is None


def test_a_missing_driver_is_told() -> None:
    memory = DeviceMemory(FakeNvml([{}], broken=True))
    assert not memory.available
    assert memory.reason == "device memory not measured: Driver Not Loaded"
    assert memory.sample({1}) is None
