"""Put other bytes into a file in one step: whoever reads it sees all of the old or all of the new."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from pathlib import Path

from auditor.errors import ProjectError


def digest(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def real_file(path: Path, shown: str) -> Path:
    """The file behind symbolic links. Raises `ProjectError` where there is none, or it must not be written."""
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProjectError(f"{shown}: cannot be found any more: {reason}; nothing was changed") from None
    if not stat.S_ISREG(mode):
        raise ProjectError(f"{shown}: is no regular file any more; nothing was changed")
    if not mode & 0o222:
        raise ProjectError(f"{shown}: is read-only; `chmod u+w {shown}` first. Nothing was changed")
    return real


class Replacement:
    """New bytes for one file, waiting beside it until `commit`."""

    def __init__(self, real: Path, shown: str, label: str, content: bytes) -> None:
        """`label` makes the name of the waiting file, which `leftover` gives to those who clean up after a crash."""
        self.real = real
        self.shown = shown
        self.waiting = leftover(real, label)
        self._content = content

    def stage(self) -> None:
        """Write the bytes beside the file, with its mode, owner and attributes. Raises `ProjectError`."""
        try:
            descriptor = os.open(self.waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(self._content)
                stream.flush()
                os.fsync(stream.fileno())
            _copy_attributes(self.real, self.waiting)
        except OSError as error:
            self.drop()
            reason = error.strerror or error
            raise ProjectError(
                f"{self.shown}: cannot be written: {reason}; see whether you may write to its folder. "
                "Nothing was changed"
            ) from None

    def commit(self) -> None:
        """Put the new bytes in place. Raises `OSError`."""
        os.replace(self.waiting, self.real)
        sync_folder(self.real.parent)

    def drop(self) -> None:
        """Remove what waits."""
        with contextlib.suppress(OSError):
            self.waiting.unlink()


def leftover(real: Path, label: str) -> Path:
    """Where the bytes wait."""
    return real.with_name(f".{real.name[:200]}.{label}.repro-audit")


def _copy_attributes(source: Path, target: Path) -> None:
    """Mode, owner and extended attributes; the time of modification is now, so that caches of bytecode notice."""
    status = source.stat()
    with contextlib.suppress(OSError, AttributeError):  # only root may give files away
        os.chown(target, status.st_uid, status.st_gid)
    with contextlib.suppress(OSError):  # some file systems know no such attributes
        shutil.copystat(source, target)
    os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file of our own in one step. Raises `OSError`."""
    waiting = path.with_name(f"{path.name}.tmp")
    with open(waiting, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(waiting, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder survive a crash of the machine, where the system has a way to."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
