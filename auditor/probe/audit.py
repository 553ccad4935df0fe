"""The process's audit hook: tells the parts of the probe about files, folders and programs as they are opened.

An audit hook cannot be taken out again and is called for every audited event of the interpreter, so it does nothing but
one look-up for all but the few events that somebody asked for.
"""

import os
import sys
from _thread import get_ident

from .place import is_for_compiler, why_not_followed

_busy = set()  # threads that are inside a handler: what a handler itself opens is not the program's


def install(handlers, problem):
    """Call `handlers[event](*args)` for each audited event that has one; `problem(where, what)` takes failures."""

    def hook(event, args, find=handlers.get):
        handler = find(event)
        if handler is None:
            return
        thread = get_ident()
        if thread in _busy:
            return
        _busy.add(thread)
        try:
            handler(*args)
        except Exception as error:
            try:
                problem("audit hook", "%s: %s: %s" % (event, type(error).__name__, error))
            except Exception:  # at the interpreter's end nothing may be left to call
                pass
        finally:
            _busy.discard(thread)

    sys.addaudithook(hook)


def after_fork():
    """In a forked child the other threads are gone."""
    _busy.intersection_update((get_ident(),))


def program_handlers(session):
    """Return the handlers that pass this process's place on to the programs it starts."""
    place = session.place
    bootstrap = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap")

    def starts(path, args, environ):
        place.starts_program(path, args, environ)
        reason = why_not_followed(path, args, os.environ if environ is None else environ, bootstrap)
        # Called by the hook, called by the handler of the event, called by the interpreter for who starts it.
        if reason and not is_for_compiler(sys._getframe(3)) and session.is_open():
            session.problem("children", "a Python program runs unseen: " + reason)

    def on_popen(executable, args, cwd, environ):
        starts(executable, args, environ)

    def on_posix_spawn(path, args, environ):
        starts(path, args, environ)

    def on_system(command):
        place.starts_program("sh", [command], None)

    def on_exec(path, args, environ):
        if os.path.isfile(path) and os.access(path, os.X_OK):  # `execvp` tries every folder of PATH
            starts(path, args, environ)
            session.finish()

    return {
        "subprocess.Popen": on_popen,
        "os.posix_spawn": on_posix_spawn,
        "os.system": on_system,
        "os.exec": on_exec,
    }
