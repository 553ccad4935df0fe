"""What an interpreter and this machine offer a program, asked without running the program."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from auditor.model.evidence import Surroundings

_ASK = Path(__file__).with_name("installed.py")
"""Given as text: a file would put its own folder where the interpreter looks for packages."""

_DRIVER = Path("/proc/driver/nvidia/version")
_GPUS = Path("/proc/driver/nvidia/gpus")
_WAIT_S = 60


class Asking:
    """An interpreter that was asked for the versions of itself and of all that is installed there."""

    def __init__(self, interpreter: str = "") -> None:
        self._process: subprocess.Popen[str] | None = None
        self._answer: Surroundings | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [interpreter or sys.executable, "-c", _ASK.read_text(encoding="utf-8")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )

    def answer(self) -> Surroundings | None:
        """Wait for the answer; None where there is none."""
        process, self._process = self._process, None
        if process is not None:
            try:
                python, *packages = process.communicate(timeout=_WAIT_S)[0].split("\n")
                if process.returncode == 0 and python:
                    told = dict(line.split("\t", 1) for line in packages)
                    self._answer = Surroundings(python=python, packages=told, machine=machine())
            except (OSError, ValueError):
                pass
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        return self._answer


def ask_surroundings(interpreter: str = "") -> Surroundings | None:
    """Return versions of the interpreter and of all that is installed there; None where it does not answer."""
    return Asking(interpreter).answer()


def machine() -> dict[str, str]:
    """Return the processor, the system, and the NVIDIA driver and GPUs where there are any."""
    system, kind = _system()
    found = {"cpu": _cpu() or kind, "platform": f"{system} {kind}"}
    with contextlib.suppress(OSError, IndexError):
        found["driver"] = _DRIVER.read_text(encoding="ascii", errors="replace").splitlines()[0].strip()
    if models := [model for path in sorted(_GPUS.glob("*/information")) if (model := _model(path))]:
        found["gpus"] = ", ".join(models)
    return found


def _system() -> tuple[str, str]:
    """`Linux`, `x86_64`."""
    if hasattr(os, "uname"):
        return os.uname().sysname, os.uname().machine
    import platform

    return platform.system(), platform.machine()


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
