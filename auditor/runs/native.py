"""The interposer for native code: where it is, once it was built, and what loads it into a program."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from auditor.probe import config as probe_config
from auditor.runs.compiling import Library, build

SOURCE = Path(probe_config.__file__).resolve().parent / "native" / "interpose.c"
BASH_START = SOURCE.with_name("start.bash")
VARIABLE = "REPRO_AUDIT_NATIVE"
_BASH_ENV = "REPRO_AUDIT_BASH_ENV"
_INTERPOSER = Library(called="the interposer", sources=(SOURCE,), name="interpose", libraries=("-ldl", "-lpthread"))


def library(environ: Mapping[str, str] = os.environ) -> tuple[Path | None, str]:
    """Return the built interposer and "", or None and why there is none, with what to do."""
    if not sys.platform.startswith("linux"):
        import platform

        return None, f"native code is not taped on {platform.system()}: the interposer is for Linux"
    built, reason = build(_INTERPOSER, environ)
    return built, f"native code is not taped: {reason}" if reason else ""


def variables(
    built: Path, mode: str, tape: Path, report: Path, clocks: bool, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment that loads the interposer, and has bash ask it; `mode`: `record`, `replay`, `lenient`."""
    before = environ.get("LD_PRELOAD", "")
    found = {
        "LD_PRELOAD": f"{built}:{before}" if before else str(built),
        VARIABLE: mode,
        f"{VARIABLE}_TAPE": str(tape),
        f"{VARIABLE}_REPORT": str(report),
        "BASH_ENV": str(BASH_START),
        _BASH_ENV: environ.get("BASH_ENV", ""),
    }
    return {**found, f"{VARIABLE}_CLOCKS": "1"} if clocks else found
