"""Compiles the probe's C sources once, with the system's compiler, into the user's cache folder."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.model.digest import sha256
from auditor.model.home import base_folder
from auditor.model.lean import dataclass

_COMPILERS = ("cc", "gcc", "clang")
_TIMEOUT_S = 60
_RETRY_S = 24 * 3600.0
"""What a compiler could not build is not tried again for so long, with that compiler."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """A shared library to build."""

    called: str
    """In messages."""

    sources: Sequence[Path]
    """The first is compiled, the others are what it includes."""

    name: str
    suffix: str = ".so"
    flags: Sequence[str] = ()
    libraries: Sequence[str] = ()


class _NoHomeError(Exception):
    """There is no folder to build in."""


def stem(library: Library, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the library lies, without its suffix: its sources and the kind of machine are part of the name."""
    key = sha256(b"".join(path.read_bytes() for path in library.sources) + _machine().encode())
    return _cache(environ) / "repro-audit" / "native" / f"{library.name}-{key.hexdigest()[:16]}"


def _machine() -> str:
    """`x86_64`."""
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


def build(library: Library, environ: Mapping[str, str] = os.environ) -> tuple[Path | None, str]:
    """Return the built library and "", or None and why there is none. Several processes may build it at once."""
    try:
        name = stem(library, environ)
    except _NoHomeError:
        return None, f"no home folder to build {library.called} in; set HOME or XDG_CACHE_HOME"
    built = name.with_name(name.name + library.suffix)
    folder = built.parent
    try:
        if folder.is_dir() and not _is_ours(folder, stat.S_IWOTH):
            return None, f"{folder} belongs to another user or everybody can write there: nothing is loaded from it"
        if built.is_file() and _is_ours(built, stat.S_IWGRP | stat.S_IWOTH):
            return built, ""
    except OSError as error:
        return None, f"{folder} cannot be read: {error}"
    import shutil  # what a library that is there does without

    compiler = next((path for name in _COMPILERS if (path := shutil.which(name, path=environ.get("PATH")))), None)
    if compiler is None:
        return None, f"no C compiler (cc, gcc or clang) to build {library.called} with"
    failure = built.with_name(built.name + ".failed")
    if reason := _failed_before(failure, compiler):
        return None, reason
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _compile_into(library, compiler, built)
        if reason:
            failure.write_text(f"{compiler}\n{reason}", encoding="utf-8", errors="replace")
            return None, reason
    except OSError as error:
        return None, f"{library.called} cannot be built in {folder}: {error}"
    return built, ""


def _is_ours(path: Path, writable: int) -> bool:
    """Only we (or root) can have written it: whatever lies there runs inside the program."""
    found = path.stat()
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & writable


def _compile_into(library: Library, compiler: str, built: Path) -> str:
    """Build it aside and move it into place when it is whole.

    Containers that share a home have the same process numbers, so those are no names of their own.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix=".", dir=built.parent) as aside:
        target = Path(aside) / built.name
        if reason := _compile(library, compiler, target):
            return reason
        target.chmod(0o755)
        os.replace(target, built)
    return ""


def _compile(library: Library, compiler: str, target: Path) -> str:
    """Return why the compiler could not; "" where it did."""
    flags = ("-O2", "-shared", "-fPIC", *library.flags)
    command = [compiler, *flags, "-o", str(target), str(library.sources[0]), *library.libraries]
    try:
        done = ask(command, _TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        return f"{compiler} cannot build {library.called}: {error}"
    if not done.returncode:
        return ""
    first = (done.stderr.strip().splitlines() or ["no message"])[0]
    return f"{compiler} cannot build {library.called}: {first}"


def ask(command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a command without input and return what it said, in whatever encoding; raises as `subprocess.run` does."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout_s,
        check=False,
    )


def _failed_before(failure: Path, compiler: str) -> str:
    try:
        recent = time.time() - failure.stat().st_mtime < _RETRY_S
        which, _, reason = failure.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return ""
    return reason if recent and which == compiler else ""


def _cache(environ: Mapping[str, str]) -> Path:
    found = base_folder("XDG_CACHE_HOME", ".cache", environ)
    if found is None:
        raise _NoHomeError
    return Path(found)
