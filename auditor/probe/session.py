"""One process's probe: opens its trace when there is something to write, follows forks, ends the trace at exit."""

import atexit
import os
import sys
import threading
import time

from . import VERSION, audit, environment, fingerprint, place, sources, switches, timing
from .callsite import CallSites
from .context import Context
from .files import Files
from .importhook import ImportHook
from .kept import Kept
from .losses import Losses
from .rng import Watchers
from .stopping import Stopping
from .writer import Writer


class Session:
    """What the parts of the probe share in one process. `writer`, `sites`, `context` are None until the trace is open.

    The trace is opened by the first thing worth writing (torch was imported, a generator was seeded, a file of the
    program was opened), so that helper processes of Python itself leave none.
    """

    def __init__(self, config, where):
        self.config = config
        self.place = where
        self.started_at = now()
        self.algorithm, self.hash = fingerprint.load_hash(config.xxhash_path)
        self.writer = None
        self.sites = None
        self.prints = None
        self.context = None
        self.backend = None
        self.losses = None
        self._program = None  # the file that runs as the program
        self.muted = (
            False  # nothing is written any more: the trace has ended, or this process is about to become another
        )
        self.forked = False
        self._steps_before = 0  # that the parent took before it forked this process
        self.rng = Watchers(self)
        self.tape = None
        self.kept = Kept(self)
        self._lock = threading.RLock()
        self._early_problems = []

    # the trace

    def is_open(self):
        """Open the trace if need be; False where nothing can be written."""
        if self.muted:
            return False
        if self.writer is None:
            with self._lock:
                if self.writer is None:
                    self._open()
        return True

    def _open(self):
        writer = Writer(self.config.run_dir, self._free_name(), self._header())
        self.prints = fingerprint.Fingerprints(writer, self.config.xxhash_path)
        self.sites = CallSites(writer, self.config.project)
        self.context = Context(writer, self.sites)
        self.writer = writer
        for problem in self._early_problems:
            writer.problem(*problem)

    def name(self):
        """Return the name of this process's trace, unless the same program was started again."""
        return "%d-%s" % (place.rank() or 0, self.place.text)

    def _free_name(self):
        """A name taken by a process that has ended means the same program started again, by a shell script say."""
        name = attempt = self.name()
        number = 1
        while True:
            path = os.path.join(self.config.run_dir, "trace", attempt + ".names.jsonl")
            if not has_ended(path):
                return attempt
            number += 1
            attempt = "%s~%d" % (name, number)

    def _header(self):
        return {
            "argv": place.command_line(),
            "cwd": self.relative(os.getcwd()),
            "digest": self.algorithm,
            "executable": sys.executable,
            "hash_seed": os.environ.get("PYTHONHASHSEED"),
            "mode": self.config.mode,
            "parent_pid": os.getppid(),
            "pid": os.getpid(),
            "place": self.place.text,
            "probe": VERSION,
            "python": sys.version.split()[0],
            "rank": place.rank(),
            "started_at": self.started_at,
        }

    def relative(self, path):
        """Return a path relative to the project where it is inside, with `/`; else as it is."""
        project = self.config.project
        if project and (path == project or path.startswith(os.path.join(project, ""))):
            return os.path.relpath(path, project).replace(os.sep, "/")
        return path

    def site(self, depth=1):
        """Return the id of the user's line that led to the caller's caller (or further out); 0 for none."""
        return self.sites.user_site(depth + 1)

    # failures of ours

    def guard(self, where, function, *arguments):
        """Call a function of ours; whatever goes wrong in it becomes a problem record."""
        try:
            return function(*arguments)
        except Exception as error:
            self.problem(where, "%s: %s" % (type(error).__name__, error))
            return None

    def problem(self, where, what):
        if self.writer is not None:
            self.writer.problem(where, what)
        elif len(self._early_problems) < 100:
            self._early_problems.append((where, what))

    # the process's life

    def before_fork(self):
        self._lock.acquire()
        if self.tape is not None:
            self.tape.before_fork()
        self.place.before_fork()

    def after_fork_in_parent(self):
        if self.tape is not None:
            self.tape.after_fork_in_parent()
        self._lock.release()

    def after_fork_in_child(self):
        self._lock = threading.RLock()
        self.guard("fork", self._become_child)

    def _become_child(self):
        self.forked = True
        self.started_at = now()
        audit.after_fork()
        self.place.after_fork_in_child()
        if self.tape is not None:
            self.tape.after_fork_in_child()
        if place.is_before_exec(sys._getframe(1)):
            if self.tape is not None:
                self.tape.off = True
            self.muted = True  # a few lines of the program's between fork and exec; no process of its own
            if self.writer is not None:
                self.writer.closed = True
            return
        if self.writer is not None:
            self.writer.reopen(self._free_name(), self._header())
            self.context.after_fork()
            self._steps_before = self.context.step
            self.rng.after_fork()
            if self.losses is not None:
                self.losses.after_fork()
            if self.backend is not None:
                self.backend.after_fork()
            self.kept.after_fork()

    def follow_multiprocessing(self, util):
        """Children of multiprocessing leave without the interpreter's exit handlers: use multiprocessing's own."""
        util.register_after_fork(self, Session._in_multiprocessing_child)

    def _in_multiprocessing_child(self):
        if self.forked:
            sys.modules["multiprocessing.util"].Finalize(None, self.finish, exitpriority=-1000)

    def torch_ready(self, torch):
        """The program has imported torch."""
        for where, what in switches.apply(torch, self.config.switches):
            self.problem(where, what)
        if not self.is_open():
            return
        self._program = self.guard("sources", sources.program)
        self.writer.record("environment", moment="start", **environment.collect(final=False))
        stopping = Stopping(self)
        if self.config.losses:
            self.guard("losses", self._watch_losses, torch)
        if self.config.mode == "timing":
            timing.install(self, torch, stopping)
            return
        self.sites.install(torch)
        self.context.install(torch)
        self.context.on_step.append(lambda step: self.rng.sample())
        self.guard("rng", self.rng.torch_ready, torch)
        self.rng.sample()
        self.guard("torch.save", self.files.follow_torch, torch)
        self.guard("backend", self._start_backend, torch)
        self.guard("activations", self.kept.torch_ready, torch)
        self.context.on_step.append(stopping.on_step)  # last: it may end the program

    def _watch_losses(self, torch):
        losses = Losses(self, torch)
        losses.install()
        self.losses = losses

    def _start_backend(self, torch):
        from . import backends

        backend = backends.load(self.config.backend)(self.config, self.writer, self.context, self.sites, self.prints)
        backend.install(torch)
        self.backend = backend

    def install(self):
        """Hook into the process. Called once, before any of the program's code runs."""
        hook = ImportHook(self.guard)
        if self.config.tape:
            self.guard("tape", self._start_tape, hook)  # first: what watches the generators watches the taped ones
        self.files = Files(self)
        handlers = dict(self.files.handlers()) if self.config.mode == "trace" else {}
        handlers.update(audit.program_handlers(self))
        audit.install(handlers, self.problem)
        os.register_at_fork(
            before=self.before_fork, after_in_parent=self.after_fork_in_parent, after_in_child=self.after_fork_in_child
        )
        atexit.register(self.finish)
        self.kept.install(hook)
        hook.after("torch", self.torch_ready)
        hook.after("multiprocessing.util", self.follow_multiprocessing)
        if self.config.mode == "trace":
            hook.after("random", self.rng.random_ready)
            hook.after("numpy.random", self.rng.numpy_ready)

    def _start_tape(self, hook):
        from .tape import Tape

        run_dir = self.config.run_dir
        settings = {"folder": os.path.join(run_dir, "tape"), "report": os.path.join(run_dir, "replay")}
        settings.update(self.config.tape)
        for name in ("folder", "report"):
            os.makedirs(settings[name], exist_ok=True)
        tape = Tape(settings, self.place, self.config.project, self.guard)
        tape.install(hook)
        self.tape = tape

    def finish(self):
        """Write what can only be known at the end, and the end record. Later calls do nothing."""
        if self.tape is not None:
            self.tape.finish()
        if self.muted:
            return
        if self.writer is not None:
            self.guard("exit", self._finish_trace)
            self.writer.close(self.context.step - self._steps_before)
        self.muted = True

    def _finish_trace(self):
        if self.losses is not None:
            self.guard("losses", self.losses.finish)
        if self.config.mode == "trace":
            self.guard("rng", self.rng.sample)
            if self.backend is not None:
                self.guard("backend", self.backend.finish)
            self.kept.finish()
        self.writer.record(
            "sources", paths=[self.relative(path) for path in sources.loaded(self.config.project, self._program)]
        )
        self.writer.record("environment", moment="end", **environment.collect(final=True))


def start(config):
    """Start the probe in this process, unless it is a helper that runs none of the program's code."""
    where = place.Place()
    if not where.inert:
        Session(config, where).install()


def now():
    """Return the time as ISO 8601 with its UTC offset."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def has_ended(names_path):
    """True if a trace of this name exists and its process is gone."""
    try:
        with open(names_path, "rb") as file:
            head = file.readline()
    except OSError:
        return False
    try:
        import json

        os.kill(int(json.loads(head.decode())["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError):
        return False
    return False
