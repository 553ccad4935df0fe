"""Forked worker processes and the pipes to them.

Units are handed out one at a time, so that a long one does not keep the others waiting. Whatever a worker cannot do
(it was killed, its answer cannot be sent) is done again here, so that an error is raised where it can be seen.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import struct
from collections.abc import Callable, Iterator, Sequence

from auditor.model.annotations import Generic, TypeVar, cast

Unit = TypeVar("Unit")
Result = TypeVar("Result")

_NUMBER = struct.Struct("<I")
_HEAD = struct.Struct("<IQ")


class Pool(Generic[Unit, Result]):
    """The worker processes of one `spread`."""

    def __init__(self, work: Callable[[Unit], Result], units: Sequence[Unit]) -> None:
        self._work = work
        self._units = units
        self._next = 0
        self._busy: dict[int, int] = {}
        """Unit that a worker is at, by the descriptor that its answer comes from."""

        self._workers: dict[int, tuple[int, int]] = {}
        """By the descriptor that answers come from: process id, descriptor that takes numbers of units."""

        self._selector = selectors.DefaultSelector()

    def start(self, count: int) -> None:
        for _ in range(count):
            take, give = os.pipe()
            receive, send = os.pipe()
            try:
                process = os.fork()
            except OSError:
                for descriptor in (take, give, receive, send):
                    os.close(descriptor)
                return
            if process == 0:
                # Ends of other workers' pipes must not stay open here, or they never see theirs closed.
                for answers, (_, numbers) in self._workers.items():
                    os.close(answers)
                    os.close(numbers)
                os.close(give)
                os.close(receive)
                self._serve(take, send)
            os.close(take)
            os.close(send)
            self._workers[receive] = (process, give)
            self._selector.register(receive, selectors.EVENT_READ)
            self._hand_out(receive)

    def results(self) -> Iterator[tuple[int, Result]]:
        lost: list[int] = []
        while self._busy:
            for key, _ in self._selector.select():
                number = self._busy.pop(key.fd)
                answer = _answer(key.fd)
                if answer is None:
                    lost.append(number)
                    self._selector.unregister(key.fd)
                else:
                    self._hand_out(key.fd)
                    yield number, cast("Result", answer[0])
        for number in (*lost, *range(self._next, len(self._units))):
            yield number, self._work(self._units[number])

    def stop(self) -> None:
        """End the workers: those that are idle see the end of their pipe, the others are stopped."""
        self._selector.close()
        for receive, (process, give) in self._workers.items():
            os.close(give)
            os.close(receive)
            if receive in self._busy:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGTERM)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)

    def _hand_out(self, receive: int) -> None:
        if self._next >= len(self._units):
            return
        try:
            os.write(self._workers[receive][1], _NUMBER.pack(self._next))
        except OSError:
            return
        self._busy[receive] = self._next
        self._next += 1

    def _serve(self, take: int, send: int) -> None:
        """The life of a worker; never returns."""
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            while head := os.read(take, _NUMBER.size):
                (number,) = _NUMBER.unpack(head)
                body = pickle.dumps((self._work(self._units[number]),), pickle.HIGHEST_PROTOCOL)
                with os.fdopen(send, "wb", closefd=False) as stream:
                    stream.write(_HEAD.pack(number, len(body)))
                    stream.write(body)
        finally:
            # No handler, buffer or temporary folder of the parent is this process's to close.
            os._exit(0)


def _answer(receive: int) -> tuple[object] | None:
    """What a worker sent, in a tuple; None where it ended instead."""
    with os.fdopen(receive, "rb", closefd=False) as stream:
        head = stream.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        size = _HEAD.unpack(head)[1]
        body = stream.read(size)
    return pickle.loads(body) if len(body) == size else None  # our own child wrote it
