"""Ends the program cleanly, after the step that the auditor named: in the configuration, or later in `<run>/stop`."""

import os
import threading


class Stopping:
    """Called after every optimizer step."""

    def __init__(self, session):
        self._session = session
        self._path = os.path.join(session.config.run_dir, "stop")
        self._limit = session.config.stop_after_steps
        self._reason = "stop_after_steps"

    def on_step(self, step):
        """Raise SystemExit(0) once `step` steps are enough; does nothing outside the main thread."""
        if self._limit is None or step < self._limit:
            if not os.access(self._path, os.F_OK):
                return
            self._read()
        if self._limit is None or step < self._limit:
            return
        session = self._session
        if threading.current_thread() is not threading.main_thread():
            session.problem("stop", "optimizer steps run outside the main thread; the program cannot be stopped at one")
            return
        session.writer.record("stop", step=step, reason=self._reason)
        raise SystemExit(0)

    def _read(self):
        try:
            with open(self._path) as file:
                limit = int(file.read())
        except (OSError, ValueError):
            return  # not whole yet: the next step looks again
        if self._limit is None or limit < self._limit:
            self._limit = limit
            self._reason = "stop file"
