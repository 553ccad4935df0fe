"""How long an op takes: by the clock on the CPU, by events in the stream on CUDA."""

import threading
from time import perf_counter_ns

PENDING_LIMIT = 2048  # pairs of events that wait for the device; then the oldest are waited for


class DeviceClock:
    """Times ops on CUDA devices by a pair of events around each, in the stream that is current.

    Nothing waits for the device but `settle`, and whoever comes upon a full list. While a graph is being captured
    nothing is recorded, because events would become part of it.
    """

    def __init__(self, torch):
        self._torch = torch
        self._pending = []
        self._spare = []
        self._lock = threading.Lock()

    def start(self, device):
        """Return what `stop` wants; None where this cannot be timed."""
        cuda = self._torch.cuda
        if not cuda.is_initialized() or cuda.is_current_stream_capturing():
            return None
        stream = cuda.current_stream(device)
        began, ended = self._events()
        began.record(stream)
        return began, ended, stream

    def stop(self, started, uses):
        """Mark the end; the time is added to `uses.device_ns` when the device has got that far."""
        began, ended, stream = started
        ended.record(stream)
        self._pending.append((began, ended, uses))
        if len(self._pending) > PENDING_LIMIT:
            self.settle(len(self._pending) // 2)

    def settle(self, count=None):
        """Wait for the oldest `count` of those that were begun, or for all."""
        with self._lock:
            taken = self._pending[:count]
            del self._pending[: len(taken)]
            for began, ended, uses in taken:
                ended.synchronize()
                uses.device_ns += int(began.elapsed_time(ended) * 1e6)
                self._spare.append((began, ended))

    def _events(self):
        try:
            return self._spare.pop()
        except IndexError:
            event = self._torch.cuda.Event
            return event(enable_timing=True), event(enable_timing=True)


def now():
    return perf_counter_ns()
