"""Builds the interposer for native code once, with the system's compiler, into the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from auditor.probe import config as probe_config

SOURCE = Path(probe_config.__file__).resolve().parent / "native" / "interpose.c"
VARIABLE = "REPRO_AUDIT_NATIVE"
_FLAGS = ("-O2", "-shared", "-fPIC")
_LIBRARIES = ("-ldl", "-lpthread")
_COMPILERS = ("cc", "gcc", "clang")
_TIMEOUT_S = 60


def library(environ: Mapping[str, str] = os.environ) -> tuple[Path | None, str]:
    """Return the built interposer and "", or None and why there is none, with what to do."""
    if not sys.platform.startswith("linux"):
        return None, f"native code is not taped on {platform.system()}: the interposer is for Linux"
    source = SOURCE.read_bytes()
    key = hashlib.sha256(source + platform.machine().encode()).hexdigest()[:16]
    folder = _cache(environ) / "repro-audit" / "native"
    built = folder / f"interpose-{key}.so"
    if built.is_file():
        return built, ""
    compiler = next((path for name in _COMPILERS if (path := shutil.which(name, path=environ.get("PATH")))), None)
    if compiler is None:
        return None, "native code is not taped: no C compiler (cc, gcc or clang) to build the interposer with"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{built.name}.{os.getpid()}"
        command = [compiler, *_FLAGS, "-o", str(temporary), str(SOURCE), *_LIBRARIES]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[0]
            return None, f"native code is not taped: {compiler} cannot build the interposer: {last}"
        os.replace(temporary, built)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"native code is not taped: the interposer cannot be built in {folder}: {error}"
    return built, ""


def variables(
    built: Path, mode: str, tape: Path, report: Path, clocks: bool, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment that loads the interposer; `mode` is `record`, `replay` or `lenient`."""
    before = environ.get("LD_PRELOAD", "")
    found = {
        "LD_PRELOAD": f"{built}:{before}" if before else str(built),
        VARIABLE: mode,
        f"{VARIABLE}_TAPE": str(tape),
        f"{VARIABLE}_REPORT": str(report),
    }
    return {**found, f"{VARIABLE}_CLOCKS": "1"} if clocks else found


def _cache(environ: Mapping[str, str]) -> Path:
    found = environ.get("XDG_CACHE_HOME", "")
    return Path(found) if found else Path(environ.get("HOME") or Path.home()) / ".cache"
