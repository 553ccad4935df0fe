"""Device memory that a process tree holds, asked of NVML (package nvidia-ml-py, module pynvml)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


class DeviceMemory:
    """Ask again and again; `peak_bytes` remembers the most.

    Where NVML is missing `available` is False, `reason` says why, and nothing is measured.
    """

    def __init__(self, nvml: Any = None) -> None:
        """`nvml` stands in for the module `pynvml` in tests."""
        self.reason = ""
        self.peak_bytes: int | None = None
        self._nvml = nvml
        self._handles: list[Any] = []
        try:
            if self._nvml is None:
                import pynvml

                self._nvml = pynvml
            self._nvml.nvmlInit()
            count = self._nvml.nvmlDeviceGetCount()
            self._handles = [self._nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
        except ImportError:
            self.reason = "device memory not measured: install repro-audit[profile] for NVML"
        except self._error() as error:
            self.reason = f"device memory not measured: {error}"
        if not self._handles and not self.reason:
            self.reason = "device memory not measured: NVML sees no GPU"

    @property
    def available(self) -> bool:
        return bool(self._handles)

    def sample(self, pids: Collection[int]) -> int | None:
        """Bytes that the processes hold on all GPUs together; None where it cannot be told."""
        if not self.available:
            return None
        total, seen = 0, False
        for handle in self._handles:
            try:
                processes = self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)
            except self._error() as error:
                self.reason = f"device memory not measured: {error}"
                continue
            for process in processes:
                if process.pid in pids and process.usedGpuMemory is not None:
                    total, seen = total + int(process.usedGpuMemory), True
        if not seen:
            return None
        self.peak_bytes = max(self.peak_bytes or 0, total)
        return total

    def close(self) -> None:
        if self.available:
            self._handles = []
            self._nvml.nvmlShutdown()

    def _error(self) -> type[Exception]:
        """NVML's exception; nothing can raise it where the module is missing."""
        error = getattr(self._nvml, "NVMLError", None)
        return error if isinstance(error, type) else RuntimeError
