"""One process's tape: what the system's entropy, clocks and folders answer is recorded, or given back, or made up.

This file is what the parts share: who asks is found out, the answer comes from the recorder, the player or the
synthesizer, and whatever fails in here leaves the program with what the system itself answers.
"""

import os
import sys

from . import place
from .taping import late, libraries, moved, native, sources, states, tasks
from .taping.derived import shown_seed
from .taping.streams import Asker, Diverged, Streams
from .taping.volatile import Volatile

DIVERGED = 97
"""Exit status of a process that strict replay ends."""

_urandom = os.urandom


class Tape:
    """`settings`: "mode" (record, replay or seed), "folder", "report", "strict", "same_command", "seed", "volatile",
    "vary" (see `taping.variation`)."""

    def __init__(self, settings, where, project, guard):
        import threading

        self.settings = settings
        self.mode = settings["mode"]
        self.volatile = Volatile(self, frozenset(settings.get("volatile", ())))
        self.guard = guard
        self._place = where
        self.streams = Streams(project)
        self._new_lock = threading.RLock
        self._lock = threading.RLock()
        self._answers = None
        self._states = states.States(
            self._state_written if self.mode == "record" else None,
            self._state_asked if self.mode == "replay" else None,
            lambda: self.streams.current()[0],
        )
        self._moved = moved.Moved()
        self._turns = None
        self.loops = None  # of asyncio, from the moment that the program imports it
        self._failed = False
        self.splitter = None  # streams of numbers for each source, where generators are split
        self.off = False  # the process is about to become another program, or has said goodbye
        self.real = _urandom

    def install(self, hook):
        """Stand in for whatever asks the system, before any of the program's code runs."""
        self.guard("tape", sources.install, self, hook)
        self.guard("tape", libraries.install, self, hook)
        self.guard("tape", tasks.install, self, hook)
        self.guard("tape", late.install, self, hook)
        self.guard("tape", self._states.install, hook)  # after what starts the generators of libraries
        if self.mode == "record":
            self.guard("tape", self._moved.install, hook)
        self.guard("tape", self.volatile.install, hook)
        if os.environ.get("REPRO_AUDIT_NATIVE"):
            hook.after("ctypes", native.lead_ctypes)
        if self._place.is_known:
            self.tell_native()
        else:
            hook.after("multiprocessing.spawn", self._follow_spawn)

    def _follow_spawn(self, spawn):
        """A spawned child knows its number as soon as it has been prepared."""
        original = spawn.prepare

        def prepare(data):
            if "name" in data:
                sys.modules["multiprocessing.process"].current_process().name = data["name"]
            if self._place.is_known:
                self.tell_native()
            return original(data)

        spawn.prepare = prepare

    # requests

    def entropy(self, call, size, real=None):
        """Return `size` bytes for the calling thread's next request."""
        if real is not None and os.environ.get("REPRO_AUDIT_NATIVE"):
            real = native.unheard(real)
        answer = self._ask("entropy", call, None, real or self.real, size)
        if self.splitter is not None and real is None and len(answer) == size and not self.off:
            return self.splitter.entropy(call, answer, sys._getframe(1), self.streams)
        return answer

    def initial(self, call, size):
        """Return `size` bytes for a generator to start from: of the `n`-th start of this generator in this process."""
        asker = Asker("initial", False, True, None)
        return self._ask("initial", call, asker, self.real, size)

    def _ask(self, method, call, asker, real, size):
        if self.off or self._failed or size <= 0 or not self._place.is_known:
            return real(size)
        drawn = []

        def once(count):
            drawn.append(real(count))
            return drawn[-1]

        try:
            with self._lock:
                if asker is None:
                    asker = self.streams.asker(sys._getframe(2))
                return getattr(self._opened(), method)(call, asker, size, once)
        except Diverged as error:
            self._end(error)
        except Exception as error:
            self._broke(error)
        return drawn[-1] if drawn else real(size)

    def keyed(self, method, call, frame, *arguments):
        """Ask for what is told apart by call and line; the last argument is what holds without a tape."""
        if self.off or self._failed or not self._place.is_known:
            return arguments[-1]
        try:
            with self._lock:
                asker = self.streams.asker(frame)
                return getattr(self._opened(), method)(call, asker, *arguments)
        except Diverged as error:
            self._end(error)
        except Exception as error:
            self._broke(error)
        return arguments[-1]

    def _opened(self):
        """Open the tape at the first request: processes that ask for nothing leave nothing."""
        if self._answers is None:
            name = "%d-%s" % (place.rank() or 0, self._place.text)
            if self.mode == "record":
                from .taping.recorder import Recorder

                self._answers = Recorder(self.settings["folder"], name, self._header(), self._moved.names)
            elif self.mode == "replay":
                from .taping.player import Player

                self._answers = Player(
                    self.settings["folder"], self.settings["report"], name, self._header(), self.settings
                )
            else:
                from .taping.synthetic import Synthetic

                self._answers = Synthetic(self.settings["seed"], name)
        return self._answers

    def _header(self):
        return {
            "argv": place.command_line(),
            "place": self._place.text,
            "pid": os.getpid(),
            "python": sys.version.split()[0],
            "rank": place.rank(),
        }

    def seeded(self, call, seed, private=False):
        """The program seeds a generator; return the seed to use, which is the program's own.

        A synthetic tape makes up the seed where the program took it from a clock or a process id; one that varies seeds
        replaces all of them, those of `private` generators only on request.
        """
        if self.off or self._failed or seed is None:
            return seed
        frame = sys._getframe(2)
        if self.splitter is not None:  # other seeds than on the tape are no divergence then
            return self.splitter.seeded(call, seed, frame) if private else seed
        from_clock = False
        try:
            shown, number = shown_seed(seed)
            from_clock = self.volatile.seeded(number, self.streams.site(self.streams.caller(frame)))
        except Exception as error:
            self._broke(error)
            return seed
        if self.mode != "seed":
            self.keyed("seed", call, frame, shown)
            if self.settings.get("vary"):
                from .taping.variation import varied

                return varied(seed, self.settings["vary"], private)
        elif from_clock:
            return int.from_bytes(self.entropy("seed " + call, 4), "little")
        return seed

    def found_source(self, call, stream, site, number, value):
        """A clock or the like that was read before has become a seed: tape that read."""
        with self._lock:
            self._opened().value(call, Asker(stream, False, True, site), number, value)

    def task_begins(self, stream):
        """A task begins in a process of a pool: the global generators are part of it."""
        self._with_states("begin", stream)

    def task_ends(self, stream):
        self._with_states("end", stream)

    def _with_states(self, method, stream):
        if self.off or self._failed or self.splitter is not None or not self._place.is_known or self.mode == "seed":
            return
        try:
            with self._lock:
                getattr(self._states, method)(stream)
        except Exception as error:
            self._broke(error)

    def _state_written(self, library, stream, payload):
        self._opened().state(library, Asker(stream, True, True, None), payload)

    def _state_asked(self, library, stream):
        return self._opened().state(library, stream)

    def task_done(self, stream, cut_off=False):
        """A task came to its end: that it asked for no more is known then, even where its process is killed later.

        `cut_off`: it was stopped instead, at a moment that is left to chance.
        """
        if stream is None or self.off or self._failed or self.mode == "seed" or not self._place.is_known:
            return
        try:
            with self._lock:
                if self._answers is not None or cut_off:
                    self._opened().done(stream, cut_off)
                if self._turns is not None:
                    self._turns.done(stream)
        except Diverged as error:
            self._end(error)
        except Exception as error:
            self._broke(error)

    # whose turn it is to draw from the global generators

    def use_loops(self, loops):
        """The program has imported asyncio."""
        self.loops = loops
        self._turns = self._new_turns()

    def _new_turns(self):
        from .taping.turns import RecordedTurns, ReplayedTurns

        if self.mode == "record":
            return RecordedTurns(lambda *what: self._opened().turn(what[0], Asker(what[1], True, True, None), what[2]))
        if self.mode == "replay":
            return ReplayedTurns(lambda library, stream: self._opened().turns(library, stream), self._turn_differs)
        return None

    def _turn_differs(self, library, stream, text, sure):
        self._opened().turn(library, Asker(stream, False, not sure, None), text)

    def turn(self, method, stream=None, *library):
        """A loop of asyncio takes a step of the task `stream`; without one, it is entered or left."""
        if self._turns is None or self.off or self._failed or self.splitter is not None or not self._place.is_known:
            return
        try:
            with self._lock:
                getattr(self._turns, method)(*library, stream or self.streams.current()[0])
        except Diverged as error:
            self._end(error)
        except Exception as error:
            self._broke(error)

    # failures and ends

    def _broke(self, error):
        """The tape cannot go on: say so once, and leave the program to the system."""
        self._failed = True
        text = "the tape of this process ends here: %s: %s" % (type(error).__name__, error)
        try:
            if self._answers is not None:
                self._answers.problem(text)
        except Exception:
            pass
        try:
            sys.stderr.write("repro-audit: %s\n" % text)
        except Exception:
            pass

    def _end(self, error):
        """Strict replay ends the process at once: an exception could be caught by the program."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os._exit(DIVERGED)

    def problem(self, text):
        """Something could not be taped; told on the tape, or in the report of the replay."""
        try:
            with self._lock:
                self._opened().problem(text)
        except Exception:
            pass

    def tell_native(self):
        """Tell the interposer, where there is one, which place this process has and that we are at work in it."""
        if os.environ.get("REPRO_AUDIT_NATIVE"):
            self.guard("tape", native.tell, self._place.text)

    def before_fork(self):
        self._lock.acquire()

    def after_fork_in_parent(self):
        self._lock.release()

    def after_fork_in_child(self):
        """The child has a tape of its own; its place in the tree is known by now."""
        self._lock = self._new_lock()
        answers, self._answers = self._answers, None
        self._moved.after_fork_in_child()
        self.streams.after_fork()
        if self.loops is not None:
            self._turns = self._new_turns()
            self.loops.after_fork()
        if answers is not None:
            answers.after_fork_in_child()
        self.tell_native()

    def finish(self):
        """The process ends, or becomes another one."""
        if self.off:
            return
        for stream in self.loops.unfinished() if self.loops is not None else ():
            self.task_done(stream, True)
        self.off = True
        if self._answers is not None and not self._failed:
            try:
                with self._lock:
                    self._answers.close()
            except Exception:
                pass
