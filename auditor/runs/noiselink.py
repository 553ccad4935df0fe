"""Talks to a program that has trained a model and waits to be asked how that does under noise; see `probe/walking`."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from auditor.errors import ProgramError

MAX_ADDRESS = 100
"""Bytes that the address of a local socket may have on every system."""


class NoiseLink:
    """Where we listen, and the process that came first. A context; `close` ends a waiting `accept` too."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="repro-audit-"))
        if len(str(self._folder)) > MAX_ADDRESS - 8:
            shutil.rmtree(self._folder)
            self._folder = Path(tempfile.mkdtemp(prefix="repro-audit-", dir="/tmp"))
        self.address = str(self._folder / "noise")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.address)
        self._listener.listen(1)
        self._stream: TextIO | None = None
        self._connection: socket.socket | None = None

    def __enter__(self) -> NoiseLink:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """A process has come: its program has ended, and it waits for us."""
        return self._connection is not None

    def accept(self) -> Mapping[str, Any] | None:
        """Wait for a process; return what it tells of itself, None once we are closed."""
        try:
            self._connection, _ = self._listener.accept()
        except OSError:
            return None
        self._stream = self._connection.makefile("rw", encoding="utf-8", newline="\n")
        return self._read()

    def ask(self, request: Mapping[str, object]) -> Mapping[str, Any]:
        """Return the answer to a request; `ProgramError` where the process is gone or cannot do it."""
        assert self._stream is not None, "nobody has come yet"
        try:
            self._stream.write(json.dumps(request) + "\n")
            self._stream.flush()
        except (OSError, ValueError) as error:  # a ValueError once we have closed
            reason = getattr(error, "strerror", None) or error
            raise ProgramError(f"the program is gone while its model was evaluated: {reason}") from error
        return self._read()

    def _read(self) -> Mapping[str, Any]:
        assert self._stream is not None
        try:
            line = self._stream.readline()
        except (OSError, ValueError):
            line = ""
        if not line:
            raise ProgramError("the program was ended while its model was evaluated")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ProgramError(f"the model cannot be evaluated: {answer['error']}")
        return answer

    def close(self) -> None:
        """Let the process end, and listen no more."""
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.write('{"end": true}\n')
                self._stream.flush()
            with contextlib.suppress(OSError, ValueError):
                self._stream.close()
        if self._connection is not None:
            self._connection.close()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
