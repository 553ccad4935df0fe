"""Bytes of the files that say how a project is built and installed, read without waiting for a pipe of that name."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_plain(path: Path | str) -> bytes:
    """The bytes of a file; raises `OSError` where there is none, or something else, such as a pipe."""
    # O_NONBLOCK: opening a pipe that nobody writes to must not hang.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return stream.read()
