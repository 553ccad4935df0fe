"""One process of a program that is not traced, on a tape or as a replica: places, forks and ends, and nothing else.

The lighter sibling of `session.py`: what a trace needs is not even imported.
"""

import atexit
import os
import sys

from . import audit, place
from .importhook import ImportHook
from .tape import Tape


class TapedProcess:
    """What `audit.program_handlers` and the tape need to know of the process."""

    def __init__(self, config, where):
        self.config = config
        self.place = where
        self.tape = None
        self.collector = None
        self.splitter = None
        self.forked = False
        self._early = []

    def install(self):
        """Hook into the process. Called once, before any of the program's code runs."""
        hook = ImportHook(self.guard)
        if self.config.tape:
            self.guard("tape", self._start_tape, hook)
        if self.config.split and self.tape is not None:
            self.guard("split", self._start_splitting, hook)
        audit.install(audit.program_handlers(self), self.problem)
        os.register_at_fork(
            before=self.before_fork, after_in_parent=self.after_fork_in_parent, after_in_child=self.after_fork_in_child
        )
        atexit.register(self.finish)
        hook.after("multiprocessing.util", self.follow_multiprocessing)
        if self.config.collect:
            self.guard("collect", self._start_collecting, hook)
        if self.config.switches:
            hook.after("torch", self.torch_ready)

    def _start_tape(self, hook):
        tape = Tape(self.config.tape, self.place, self.config.project, self.guard)
        self.tape = tape  # before the rest: what fails in it is told on the tape
        tape.install(hook)

    def _start_collecting(self, hook):
        from .replica import Collector

        self.collector = Collector(self.config.collect, self._name)
        self.collector.install(hook)

    def _start_splitting(self, hook):
        from .splitting import Splitter

        streams = self.tape.streams
        self.splitter = Splitter(self.config.split, self._name, streams.nearest_site)
        self.splitter.install(hook)
        self.tape.splitter = self.splitter

    def _name(self):
        return "%d-%s" % (place.rank() or 0, self.place.text)

    def torch_ready(self, torch):
        from . import switches

        for where, what in switches.apply(torch, self.config.switches):
            sys.stderr.write("repro-audit: %s: %s\n" % (where, what))

    def is_open(self):
        """True: what goes wrong with children is told on the tape."""
        return self.tape is not None

    def guard(self, where, function, *arguments):
        """Call a function of ours; whatever goes wrong in it is told on the tape."""
        try:
            return function(*arguments)
        except Exception as error:
            self.problem(where, "%s: %s" % (type(error).__name__, error))
            return None

    def problem(self, where, what):
        if self.tape is not None:
            self.tape.problem("%s: %s" % (where, what))

    def before_fork(self):
        self.place.before_fork()
        if self.splitter is not None:
            self.splitter.before_fork()
        if self.tape is not None:
            self.tape.before_fork()

    def after_fork_in_parent(self):
        if self.splitter is not None:
            self.splitter.after_fork_in_parent()
        if self.tape is not None:
            self.tape.after_fork_in_parent()

    def after_fork_in_child(self):
        self.guard("fork", self._become_child)

    def _become_child(self):
        self.forked = True
        audit.after_fork()
        self.place.after_fork_in_child()
        if self.collector is not None:
            self.collector.forget()
        if self.splitter is not None:
            self.splitter.after_fork_in_child()
        if self.tape is not None:
            self.tape.after_fork_in_child()
            self.tape.off = place.is_before_exec(sys._getframe(1))

    def follow_multiprocessing(self, util):
        """Children of multiprocessing leave without the interpreter's exit handlers: use multiprocessing's own."""
        util.register_after_fork(self, TapedProcess._in_multiprocessing_child)

    def _in_multiprocessing_child(self):
        if self.forked:
            sys.modules["multiprocessing.util"].Finalize(None, self.finish, exitpriority=-1000)

    def finish(self):
        if self.tape is not None:
            self.tape.finish()
        if self.splitter is not None:
            self.guard("split", self.splitter.finish)
        if self.collector is not None:
            self.guard("collect", self.collector.finish)


def start(config):
    """Start in this process, unless it is a helper that runs none of the program's code."""
    where = place.Place()
    if not where.inert:
        TapedProcess(config, where).install()
