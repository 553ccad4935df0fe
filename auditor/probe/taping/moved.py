"""Which global generators of a recorded process are elsewhere at its end than where they started: something drew."""

import functools
import sys

from .states import KINDS

LIBRARIES = ("random", "numpy.random")
"""Draws of torch's generators are events of the trace."""


class Moved:
    """Of this process alone: a forked one starts from generators that its parent may have moved."""

    def __init__(self):
        self._started = {}

    def install(self, hook):
        """Look at each as it was when its library had been imported, and what starts it had run."""
        for name in LIBRARIES:
            hook.after(name, functools.partial(self._imported, name))

    def after_fork_in_child(self):
        self._started.clear()

    def names(self):
        return [name for name, state in self._started.items() if KINDS[name].get(sys.modules[name]) != state]

    def _imported(self, name, module):
        state = KINDS[name].get(module)
        if state is not None:
            self._started[name] = state
