"""What an interpreter and this machine offer a program, asked without running the program."""

from __future__ import annotations

import contextlib
import json
import platform
import subprocess
import sys
from pathlib import Path

from auditor.model.evidence import Surroundings

_ASK = """
import importlib.metadata, json, platform, re
found = {}
for each in importlib.metadata.distributions():
    name = each.metadata["Name"]
    if name:
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), each.version)
print(json.dumps({"python": platform.python_version(), "packages": dict(sorted(found.items()))}))
"""
_DRIVER = Path("/proc/driver/nvidia/version")
_GPUS = Path("/proc/driver/nvidia/gpus")
_WAIT_S = 60


def ask_surroundings(interpreter: str = "") -> Surroundings | None:
    """Return versions of the interpreter and of all that is installed there; None where it does not answer."""
    try:
        done = subprocess.run(
            [interpreter or sys.executable, "-c", _ASK],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_WAIT_S,
            check=False,
        )
        told = json.loads(done.stdout)
        return Surroundings(python=told["python"], packages=dict(told["packages"]), machine=machine())
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        return None


def machine() -> dict[str, str]:
    """Return the processor, the system, and the NVIDIA driver and GPUs where there are any."""
    system = platform.uname()
    found = {"cpu": _cpu() or system.machine, "platform": f"{system.system} {system.machine}"}
    with contextlib.suppress(OSError, IndexError):
        found["driver"] = _DRIVER.read_text(encoding="ascii", errors="replace").splitlines()[0].strip()
    if models := [model for path in sorted(_GPUS.glob("*/information")) if (model := _model(path))]:
        found["gpus"] = ", ".join(models)
    return found


def _model(path: Path) -> str:
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return ""


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.lower().startswith(("model name", "cpu model", "hardware")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""
