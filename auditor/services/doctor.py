"""What works on this machine, and what is missing for what."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

from auditor.errors import ReproAuditError, UsageError
from auditor.model.annotations import Any
from auditor.model.lean import dataclass
from auditor.ruleset import load
from auditor.runs import hotpath
from auditor.runs.gpu import DeviceMemory
from auditor.services.history import store_folder
from auditor.services.settings import Settings


class Health(Enum):
    WORKS = "works"
    MISSING = "missing"
    """Something optional is not there; the rest works."""

    BROKEN = "broken"
    """The main job cannot be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    health: Health
    detail: str
    """What was found; where something is missing, what that costs and what to do."""


def examine(cwd: Path, settings: Settings, python: Path | None = None) -> tuple[Check, ...]:
    """Look at our own interpreter, at the one that programs run in, and at the place for runs."""
    return (*_own(), *_programs(python), _gpu_memory(), _store(cwd, settings))


def _own() -> tuple[Check, ...]:
    try:
        rules = load().rules
        catalogue = Check(name="rules", health=Health.WORKS, detail=f"{len(rules)} rules")
    except ReproAuditError as error:
        catalogue = Check(name="rules", health=Health.BROKEN, detail=str(error))
    return (
        Check(name="repro-audit", health=Health.WORKS, detail=f"Python {platform.python_version()}, {sys.executable}"),
        catalogue,
    )


_QUESTIONS = """
import json, sys
from importlib import util
answer = {"python": sys.version.split()[0]}
answer.update({name: bool(util.find_spec(name)) for name in ("xxhash", "triton")})
try:
    import torch
    answer["torch"] = torch.__version__
    answer["threads"] = torch.get_num_threads()
    answer["cuda"] = torch.cuda.is_available()
    answer["devices"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    answer["cupti"] = torch.profiler.ProfilerActivity.CUDA in torch.profiler.supported_activities()
except Exception as error:
    answer["error"] = type(error).__name__ + ": " + str(error)
print(json.dumps(answer))
"""


def _programs(python: Path | None) -> tuple[Check, ...]:
    interpreter = str(python or sys.executable)
    try:
        result = subprocess.run(
            [interpreter, "-c", _QUESTIONS], capture_output=True, text=True, timeout=300, check=True
        )
        answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return (Check(name="program's Python", health=Health.BROKEN, detail=f"{interpreter} does not answer: {error}"),)
    found = Check(name="program's Python", health=Health.WORKS, detail=f"Python {answer['python']}, {interpreter}")
    if "torch" not in answer:
        reason = f"{answer.get('error', 'not there')}; `run` needs it there (or --python PATH), `scan` does not"
        return (found, Check(name="torch", health=Health.MISSING, detail=reason))
    torch = Check(name="torch", health=Health.WORKS, detail=f"{answer['torch']}, {answer['threads']} threads")
    return (found, torch, *_fast_digests(answer), _hot_path(Path(interpreter)), *_devices(answer))


def _fast_digests(answer: dict[str, Any]) -> tuple[Check, ...]:
    ours = find_spec("xxhash") is not None
    where = "in the program's Python" if answer["xxhash"] else "lent by ours where both are of one version"
    return (_optional("xxhash", answer["xxhash"] or ours, where, "digests are slower (zlib); pip install xxhash"),)


def _hot_path(python: Path) -> Check:
    built, reason = hotpath.library(python)
    if built is not None and (reason := hotpath.loading_failure(python, built)):
        built = None
    return _optional("compiled probe", built is not None, str(built), f"runs under the probe are slower; {reason}")


def _devices(answer: dict[str, Any]) -> tuple[Check, ...]:
    if not answer.get("cuda"):
        return (
            Check(name="CUDA", health=Health.MISSING, detail="no GPU that torch can use; CPU programs are audited"),
        )
    devices = ", ".join(answer["devices"])
    return (
        Check(name="CUDA", health=Health.WORKS, detail=devices),
        _optional("CUPTI", answer["cupti"], "kernels of divergent ops are named", "kernels are not named"),
        _optional("triton", answer["triton"], "digests in one kernel", "digests take several torch kernels"),
    )


def _gpu_memory() -> Check:
    device = DeviceMemory()
    reason = device.reason
    device.close()
    return _optional("NVML", not reason, "GPU memory is measured", reason)


def _store(cwd: Path, settings: Settings) -> Check:
    try:
        folder = store_folder(cwd, settings)
    except UsageError as error:
        return Check(name="runs", health=Health.BROKEN, detail=str(error))
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    probe = existing / ".repro-audit-write-test"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        advice = "choose another folder with --store"
        return Check(
            name="runs", health=Health.BROKEN, detail=f"{folder} cannot be written: {error.strerror}; {advice}"
        )
    return Check(name="runs", health=Health.WORKS, detail=f"{folder}, {free / 1e9:.1f} GB free")


def _optional(name: str, there: bool, detail: str, otherwise: str) -> Check:
    return Check(name=name, health=Health.WORKS if there else Health.MISSING, detail=detail if there else otherwise)
