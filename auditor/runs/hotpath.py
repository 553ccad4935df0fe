"""The probe's hot path in C: built at first use for the interpreter that the program runs in, where that can be done.

Without it the probe takes the one in Python, which writes the same trace.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from auditor.probe import config as probe_config
from auditor.runs.compiling import Library, ask, build, stem

SWITCH = "REPRO_AUDIT_COMPILED_PROBE"
"""Environment variable: 0 keeps to the hot path in Python."""

_FOLDER = Path(probe_config.__file__).resolve().parent / "native" / "handler"
_VERSIONS = range(10, 14)  # of Python 3: those that it was tried with
_FLAGS = ("-Wall", "-Werror=implicit-function-declaration")
_MACOS_FLAGS = ("-undefined", "dynamic_lookup")  # Python's own symbols are found when it is loaded
_TIMEOUT_S = 20
_DECIDE = (SWITCH, "HOME", "PATH", "XDG_CACHE_HOME")

_QUESTION = """
import importlib.machinery, json, sys, sysconfig
print(json.dumps([
    (importlib.machinery.EXTENSION_SUFFIXES or [""])[0],
    sysconfig.get_path("include"),
    sysconfig.get_path("platinclude"),
    sys.implementation.name,
    sys.version_info[0],
    sys.version_info[1],
    "t" in getattr(sys, "abiflags", ""),
]))
"""

_LOAD = """
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.ExtensionFileLoader("repro_audit_handler", sys.argv[1])
importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
"""


class Interpreter(NamedTuple):
    """What must be known of a Python to compile for it."""

    suffix: str
    """Of extension modules: its ABI and platform."""

    include: str
    platform_include: str
    implementation: str
    major: int
    minor: int
    free_threaded: bool


def path(python: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Return where the probe finds the hot path in C, without the suffix; "" where there is none for this Python."""
    return _path(python, tuple((name, environ.get(name, "")) for name in _DECIDE))


@functools.cache  # once a command, however many programs it launches
def _path(python: Path, variables: tuple[tuple[str, str], ...]) -> str:
    environ = dict(variables)
    built, _ = library(python, environ)
    found = interpreter(python)
    return "" if built is None or found is None else str(stem(_library(found), environ))


def library(python: Path, environ: Mapping[str, str] = os.environ) -> tuple[Path | None, str]:
    """Return the library for a Python and "", or None and why there is none, with what to do."""
    if environ.get(SWITCH) == "0":
        return None, f"{SWITCH}=0 says so"
    found = interpreter(python)
    if found is None:
        return None, f"{python} does not tell where its headers are"
    reason = _refusal(found)
    return (None, reason) if reason else build(_library(found), environ)


def loading_failure(python: Path, built: Path) -> str:
    """Return why a Python cannot load the library, as where nothing may be executed (`noexec`); "" if it can."""
    command = [str(python), "-I", "-S", "-c", _LOAD, str(built)]
    try:
        done = ask(command, _TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return f"{built} cannot be loaded: {last}" if done.returncode else ""


def _refusal(found: Interpreter) -> str:
    if found.implementation != "cpython" or found.free_threaded or not found.suffix:
        kind = "a free-threaded Python" if found.free_threaded else found.implementation
        return f"it is not for {kind}"
    if found.major != 3 or found.minor not in _VERSIONS:
        return f"it was not tried with Python {found.major}.{found.minor}"
    if not (Path(found.include) / "Python.h").is_file():
        return f"no Python.h in {found.include}; install the Python's development files (python3-dev, python3-devel)"
    return ""


def _library(found: Interpreter) -> Library:
    includes = [f"-I{folder}" for folder in dict.fromkeys((found.include, found.platform_include))]
    first = _FOLDER / "module.c"
    others = sorted(path for path in _FOLDER.iterdir() if path.suffix in (".c", ".h") and path != first)
    return Library(
        called="the probe's hot path",
        sources=(first, *others),
        name="handler",
        suffix=found.suffix,
        flags=(*_FLAGS, *(_MACOS_FLAGS if sys.platform == "darwin" else ()), *includes),
    )


@functools.cache
def interpreter(python: Path) -> Interpreter | None:
    """Ask a Python what must be known of it; None where it does not answer."""
    command = [str(python), "-I", "-S", "-c", _QUESTION]
    try:
        done = ask(command, _TIMEOUT_S)
        done.check_returncode()
        return Interpreter(*json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return None
