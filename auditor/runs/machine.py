"""What this machine has: processors, memory and GPUs that we may use, and what kind they are."""

from __future__ import annotations

import functools
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
_DRIVER = Path("/proc/driver/nvidia/gpus")
_CPUS = Path("/proc/cpuinfo")
_MEMORY = Path("/proc/meminfo")
_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60


def cores(group: Path = _GROUPS) -> int:
    """Return how many processors we may use at a time: our affinity, and the quota of our container."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _first_line(group / "cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit() and int(period):
        count = min(count, max(1, int(quota) // int(period)))
    return count


def available_bytes(meminfo: Path = _MEMORY, group: Path = _GROUPS) -> int | None:
    """Return how much memory programs can still take, also within our container's limit; None where nobody says."""
    found = []
    try:
        match = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    except (OSError, ValueError):
        match = None
    if match is not None:
        found.append(int(match.group(1)) << 10)
    for limit, used, statistics in (
        ("memory.max", "memory.current", "memory.stat"),  # version 2
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        most, now = _first_line(group / limit), _first_line(group / used)
        if most.isdigit() and now.isdigit() and int(most) < _UNLIMITED:
            found.append(max(0, int(most) - int(now) + _given_back(group / statistics)))
    return min(found, default=None)


def gpus(environ: Mapping[str, str] = os.environ, driver: Path = _DRIVER) -> tuple[str, ...]:
    """Return the GPUs that we may use, as `CUDA_VISIBLE_DEVICES` names them."""
    if VISIBLE in environ:
        return tuple(name.strip() for name in environ[VISIBLE].split(",") if name.strip() not in ("", "-1"))
    return tuple(str(index) for index in range(len(_cards(driver))))


@functools.cache
def kind() -> str:
    """Return what programs run on here, without names of machines: `AMD EPYC 7763, 2 x NVIDIA A100`."""
    names = [_value(card / "information", "Model") or "GPU" for card in _cards(_DRIVER)]
    counted = [f"{names.count(name)} x {name}" for name in dict.fromkeys(names)]
    return ", ".join([_value(_CPUS, "model name") or platform.processor() or platform.machine(), *counted])


def _cards(driver: Path) -> list[Path]:
    try:
        return sorted(driver.iterdir())
    except OSError:
        return []


def _value(path: Path, key: str) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(rf"^{key}\s*:\s*(.*)$", text, re.MULTILINE)
    return " ".join(match.group(1).split()) if match else ""


def _given_back(statistics: Path) -> int:
    """File cache that the kernel drops when memory is asked for."""
    try:
        match = re.search(r"^(?:total_)?inactive_file (\d+)$", statistics.read_text(encoding="ascii"), re.MULTILINE)
    except (OSError, ValueError):
        return 0
    return int(match.group(1)) if match else 0


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").split("\n", 1)[0].strip()
    except (OSError, ValueError):
        return ""
