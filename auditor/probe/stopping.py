"""Ends the program cleanly, after the step that the auditor named: in the configuration, or later in `<run>/stop`."""

import _thread
import atexit
import os
import sys
import threading
import time

GRACE_S = 5.0  # for threads of the program to end by themselves, once its main thread has
IDLE_S = 0.5  # threads that compute less in that time wait for something; others have ROUNDS times as long
ROUNDS = 12


class Stopping:
    """Called after every optimizer step."""

    def __init__(self, session):
        self._session = session
        self._path = os.path.join(session.config.run_dir, "stop")
        self._agreed = self._path + ".agreed"
        self._limit = session.config.stop_after_steps
        self._reason = "stop_after_steps"
        self._watched = 0  # process in which a thread sees to the end
        self._exiting = threading.Event()  # the interpreter waits for no thread any more

    def on_step(self, step):
        """Raise SystemExit(0) once `step` steps are enough; does nothing outside the main thread."""
        if self._limit is None or step < self._limit:
            if not os.access(self._path, os.F_OK):
                return
            self._read(step)
        if self._limit is None or step < self._limit:
            return
        session = self._session
        if threading.current_thread() is not threading.main_thread():
            session.problem("stop", "optimizer steps run outside the main thread; the program cannot be stopped at one")
            return
        session.writer.record("stop", step=step, reason=self._reason)
        if self._watched != os.getpid():  # once: the program may catch what is raised, and take further steps
            self._watched = os.getpid()
            session.guard("stop", self._tell)
            atexit.register(self._exiting.set)  # called before the program's own, and after threads were waited for
            _thread.start_new_thread(self._see_to_the_end, ())
        raise SystemExit(0)

    def _tell(self):
        """The launcher looks after those that this process leaves behind (`auditor/runs/leftover.py`)."""
        os.close(os.open(self._path + ".reached", os.O_CREAT | os.O_WRONLY, 0o644))

    def _see_to_the_end(self):
        """End the process if threads of the program keep it from ending: producers whose queue nobody reads now.

        What the program does at its exit takes as long as it takes.
        """
        main = threading.main_thread()
        # Threads of executors are waited for while the main thread still counts as alive.
        while main.is_alive() and not getattr(threading, "_SHUTTING_DOWN", False):
            time.sleep(0.1)
        for _ in range(ROUNDS):
            used = time.process_time()
            if self._exiting.wait(GRACE_S):
                return
            if time.process_time() - used < IDLE_S:
                break
        self._session.finish()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass
        os._exit(0)

    def _read(self, step):
        try:
            with open(self._path) as file:
                limit = self._agree(max(int(file.read()), step + 1))
        except (OSError, ValueError):
            return  # not whole yet: the next step looks again
        if self._limit is None or limit < self._limit:
            self._limit = limit
            self._reason = "stop file"

    def _agree(self, limit):
        """Return the step that the first process to see the file named for all: never one that it has behind it.

        Ranks that wait for each other in every step are at most one step apart. Were each to stop at its next step, one
        that looked just before the file appeared would go on, and fail when its peers are gone.
        """
        try:
            descriptor = os.open(self._agreed, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            with open(self._agreed) as file:
                return int(file.read())
        with open(descriptor, "w") as file:
            file.write(str(limit))
        return limit
