"""One process of a program whose model is to be evaluated under noise: watches it train, serves when it has ended."""

import atexit
import os
import sys

from .. import place
from ..importhook import ImportHook


class NoisyProcess:
    """Started before the program; touches nothing until torch is imported."""

    def __init__(self, config):
        self._settings = config.noise
        self._pid = os.getpid()
        self._problems = []
        self._torch = None
        self._program = None  # the file that runs as the program
        self._recorder = None
        self._noise = None

    def install(self):
        """Hook into the process. Registered first, so that what the program itself does at its end comes before."""
        atexit.register(self.finish)
        ImportHook(self.guard).after("torch", self.torch_ready)

    def torch_ready(self, torch):
        from ..dynamo import skip_code
        from . import recorder
        from .clamp import Clamp
        from .training import TrainingNoise

        self._torch = torch
        # The interpreter takes `__file__` away from the program's module before the exit handlers run.
        self._program = getattr(sys.modules.get("__main__"), "__file__", None) or sys.argv[0]
        self._recorder = recorder.Recorder(torch, self._settings["limit_bytes"], self.guard)
        if self._settings["training"] is not None:
            self._noise = self._recorder.noise = TrainingNoise(torch, self._settings["training"], self._recorder)
        self._recorder.install()
        clamp = None if self._settings["clamp"] is None else Clamp(torch, self._settings["clamp"], self._recorder)
        is_compiling = torch.compiler.is_compiling

        def after(optimizer, args, kwargs):
            if not is_compiling():
                self.guard("optimizer", self._recorder.stepped, optimizer)
                if clamp is not None:
                    self.guard("clamp", clamp.stepped, optimizer)

        skip_code(torch, after)
        sys.modules["torch.optim.optimizer"].register_optimizer_step_post_hook(after)

    def guard(self, where, function, *arguments):
        """Call a function of ours; whatever goes wrong in it is told when the program has ended."""
        try:
            return function(*arguments)
        except Exception as error:
            text = "%s: %s: %s" % (where, type(error).__name__, error)
            if text not in self._problems and len(self._problems) < 20:
                self._problems.append(text)
            return None

    def finish(self):
        """The program has ended. A process that failed, a forked child, and all ranks but the first have no say."""
        if self._recorder is None or os.getpid() != self._pid or place.rank() not in (None, 0):
            return
        if getattr(sys, "last_type", None) is not None:
            return
        roots, notes = self.guard("models", self._recorder.models) or ([], [])
        if not roots and not self._problems:
            return
        if self._settings["result"]:
            from .answerfile import write_answers as answer
        else:
            from .server import serve as answer
        told = notes + self._problems
        answer(self._torch, self._settings, self._recorder, roots, told, self._program, self._noise)


def start(config):
    """Start in this process, unless it is a helper that runs none of the program's code."""
    if not place.Place().inert:
        NoisyProcess(config).install()
