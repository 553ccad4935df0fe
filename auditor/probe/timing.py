"""Mode "timing": when each optimizer step ended, and nothing else. No op, file or generator is watched.

A STEP event's `state` is `time.perf_counter_ns()` at the end of the step. On CUDA the device is waited for before the
first time and before the last one where the number of steps is known beforehand (`stop_after_steps`): in between, a
synchronisation per step would change what is measured; the times are the pace at which steps are handed to the device.
"""

import sys
import time
import weakref

from . import wire


def install(session, torch, stopping):
    """Count and time optimizer steps through torch's own global hook."""
    last = session.config.stop_after_steps
    counts = {}  # id -> [weak reference, steps]
    writer, context = session.writer, session.context

    def after(optimizer, args, kwargs):
        known = counts.get(id(optimizer))
        if known is None or known[0]() is not optimizer:
            known = counts[id(optimizer)] = [weakref.ref(optimizer), 0]
        known[1] += 1
        step = known[1]
        if step <= context.step:
            return
        if step == 1 or step == last:
            session.guard("timing", _wait, torch)
        writer.event(wire.STEP, wire.OPTIMIZER, 0, step - 1, 0, 0, 0, 0, state=time.perf_counter_ns())
        context.step = step
        stopping.on_step(step)

    sys.modules["torch.optim.optimizer"].register_optimizer_step_post_hook(after)


def _wait(torch):
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
