"""Parts of the tape that few programs need: loaded when the program has imported what they are about."""

import functools


def install(tape, hook):
    hook.after("joblib.parallel", functools.partial(_parallel_ready, tape))
    for name in ("joblib.externals.loky.process_executor", "loky.process_executor"):
        hook.after(name, functools.partial(_loky_ready, tape))
    hook.after("asyncio.events", functools.partial(_events_ready, tape, hook))
    hook.after("asyncio.base_events", functools.partial(_base_events_ready, tape, hook))


def _parallel_ready(tape, module):
    from .joblib import parallel_ready

    parallel_ready(tape, module)


def _loky_ready(tape, module):
    from .joblib import loky_ready

    loky_ready(tape, module)


def _events_ready(tape, hook, events):
    _loops(tape, hook).events_ready(events)


def _base_events_ready(tape, hook, base_events):
    _loops(tape, hook).base_events_ready(base_events)


def _loops(tape, hook):
    """Those of this process, made before anything can run in one."""
    if tape.loops is None:
        from .asyncio import Loops

        tape.use_loops(Loops(tape, hook))
    return tape.loops
