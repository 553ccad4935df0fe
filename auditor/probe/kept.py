"""Numbers that a traced process keeps where the auditor asks for them: activations step by step, weights at the end."""

import contextlib


class Kept:
    """What the session asks of both; each is loaded only where it is asked for."""

    def __init__(self, session):
        self._session = session
        self._activations = None
        self._collector = None

    def install(self, hook):
        """Before torch is imported: follow the optimizers, to know whose weights are final."""
        session = self._session
        if session.config.collect and session.config.mode == "trace":
            from .replica import Collector

            self._collector = Collector(session.config.collect, session.name, self._unseen)
            self._collector.install(hook)

    def _unseen(self):
        context = self._session.context
        return context.unseen() if context is not None else contextlib.nullcontext()

    def torch_ready(self, torch):
        """The tracer is there: watch what layers put out."""
        if self._session.config.activations:
            from .activations import watching

            self._activations = watching.start(self._session, torch)

    def after_fork(self):
        """In a forked child."""
        if self._activations is not None:
            self._activations.after_fork()
        if self._collector is not None:
            self._collector.forget()

    def finish(self):
        """The process ends, and its ops pass unseen."""
        guard = self._session.guard
        if self._activations is not None:
            guard("activations", self._activations.finish)
        if self._collector is not None:
            guard("final weights", self._collector.finish)
