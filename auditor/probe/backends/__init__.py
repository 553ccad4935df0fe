"""How ops are seen: one module a backend, named in the probe's configuration."""

import importlib


def load(name):
    """Return the class of a backend (its module's `BACKEND`)."""
    return importlib.import_module("." + name, __name__).BACKEND
