"""Which kernels an event's op launched: torch's profiler (CUPTI) over a window of a few events.

Each event in the window runs inside an annotation that carries its number; the profile, written as a Chrome trace, then
ties kernel → launch (by correlation id) → annotation (by time, on the launching thread). `auditor.runs.profile` reads
it. Used only in close-up runs on a CUDA device: the profiler is far too dear for a whole training.
"""

import contextlib

# Annotation of event 1204: "repro-audit event 1204"; read back by auditor/runs/profile.py.
ANNOTATION = "repro-audit event "


def unsupported(torch):
    """Why no kernel can be named here, as a sentence for people; "" where they can be."""
    if not torch.cuda.is_available():
        return "no CUDA device in this process"
    try:
        from torch.profiler import ProfilerActivity, supported_activities

        if ProfilerActivity.CUDA in supported_activities():
            return ""
    except ImportError:
        pass
    return "torch's profiler offers no CUDA activity here (CUPTI is missing or not permitted)"


class KernelWindow:
    """A stretch of the program under torch's profiler.

    Every method returns normally whatever happens; `problem` says what went wrong. The program may use the profiler
    itself: only one can run, so ours then stays off.
    """

    def __init__(self, torch, path):
        self._torch = torch
        self._path = path
        self._profile = None
        self.problem = unsupported(torch)

    @property
    def running(self):
        return self._profile is not None

    def start(self):
        if self.problem or self.running:
            return
        try:
            from torch.profiler import ProfilerActivity, profile

            window = profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
            window.__enter__()
            self._profile = window
        except Exception as error:
            self.problem = "torch's profiler did not start: {}: {}".format(type(error).__name__, error)

    def annotate(self, event):
        """Context manager around the op of event number `event`."""
        if not self.running:
            return contextlib.nullcontext()
        return self._torch.autograd.profiler.record_function(ANNOTATION + str(event))

    def stop(self):
        """End the window and write the profile."""
        window, self._profile = self._profile, None
        if window is None:
            return
        try:
            self._torch.cuda.synchronize()
            window.__exit__(None, None, None)
            window.export_chrome_trace(self._path)
        except Exception as error:
            self.problem = "torch's profiler failed: {}: {}".format(type(error).__name__, error)
