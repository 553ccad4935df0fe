"""What a worker on another machine is told and what it answers, as JSON.

Orders are not kept: a worker whose code is not that of the machine that wrote the order refuses it.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model.lean import dataclass, replace
from auditor.model.run import Ending, RunRecord
from auditor.runs import record
from auditor.runs.executor import unfinished
from auditor.runs.plan import LaunchPlan
from auditor.runs.plan import command as launched

TOKEN = "order.token"
"""In a run's folder: what it says is in the order too."""

HOST = "host"
"""In a run's folder: the machine on which its program was started."""

RECORD, REFUSED = "record", "refused"
"""An answer is an object with one of these: what became of the program, or why it cannot run there."""

_PACKAGE = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from auditor.runs.executors.worker import main; main()"
_PATHS = ("cwd", "project", "run_dir")

OF_THE_MACHINE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "HOSTNAME", "NVIDIA_VISIBLE_DEVICES",
                  "ROCR_VISIBLE_DEVICES", "TMPDIR", "XDG_RUNTIME_DIR")  # fmt: skip
"""Variables that a program gets from the machine that it runs on; all others are those of the one that asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One launch on another machine."""

    plan: LaunchPlan
    token: str
    stamp: int
    """Of what launches programs and goes into them, as it was where the order was written."""

    environment: Mapping[str, str] | None
    """All variables of the machine that asked; None where the worker has them already, among others."""

    names: tuple[str, ...]
    """Names of these variables, where the scheduler carried them."""


def command() -> list[str]:
    """Return what starts a worker: our interpreter, which must be at the same place there."""
    return [sys.executable, "-c", _START, str(_PACKAGE.parent)]


def stamp() -> int:
    """Return a checksum of the code by which programs are launched and watched."""
    found = 0
    for folder in ("probe", "runs"):
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            found = zlib.crc32(path.read_bytes(), found)
    return found


def write_order(plan: LaunchPlan, environ: Mapping[str, str], carried: bool) -> str:
    """Mark the run's folder and return the order, with the interpreter filled in.

    `carried`: the scheduler takes the environment along, which then does not stand in the order.
    """
    token = secrets.token_hex(16)
    (plan.run_dir / TOKEN).write_text(token, encoding="ascii")
    values = asdict(replace(plan, argv=launched(plan), python=None))
    data = {
        "plan": {**values, **{name: str(values[name]) for name in _PATHS}},
        "token": token,
        "stamp": stamp(),
        "environment": None if carried else dict(environ),
        "names": sorted(environ) if carried else [],
    }
    return json.dumps(data)


def read_order(text: str) -> Order:
    """Read what `write_order` wrote."""
    data: dict[str, Any] = json.loads(text)
    values: dict[str, Any] = data["plan"]
    paths = {name: Path(values[name]) for name in _PATHS}
    return Order(
        plan=LaunchPlan(**{**values, **paths, "argv": tuple(values["argv"])}),
        token=data["token"],
        stamp=data["stamp"],
        environment=data["environment"],
        names=tuple(data["names"]),
    )


def read_answer(text: str, plan: LaunchPlan) -> RunRecord:
    """Return the record that a worker answered with, `LOST` where it is none; `UsageError` where it refused."""
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        return unfinished(plan, Ending.LOST, f"its worker ended without an answer: {text.strip()[-500:] or 'silent'}")
    if REFUSED in answer:
        raise UsageError(answer[REFUSED])
    return record.from_text(answer[RECORD], plan.run_dir)


def program_environment(order: Order, here: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a program: those of the machine that asked, and of this one which GPUs and folders."""
    theirs = order.environment
    if theirs is None:
        theirs = {name: here[name] for name in order.names if name in here}
    kept = {name: value for name, value in theirs.items() if name not in OF_THE_MACHINE}
    return {**kept, **{name: here[name] for name in OF_THE_MACHINE if name in here}}


def host_of(run_dir: Path) -> str:
    """Return where a run's program was started; empty where it was not yet."""
    try:
        return (run_dir / HOST).read_text(encoding="utf-8")
    except OSError:
        return ""


def own_environment() -> dict[str, str]:
    """Return our variables without those of a scheduler that we run under ourselves."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SUBMITIT_", "RAY_"))}
