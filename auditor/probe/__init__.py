"""The probe: our part inside the audited program's process. Changes nothing there, and tells what it saw.

Loaded by path under a private name (see `bootstrap/sitecustomize.py`); imports the standard library, its own modules,
and torch and numpy once the program has imported them.
"""

VERSION = "0.1.0"  # of the program that this probe is part of


def start():
    """Install what the environment asks for. Raises nothing of its own: the caller is the program's start."""
    from . import config

    settings = config.from_environment()
    if settings is None:
        return
    if settings.mode == "none":
        from . import taped as session
    elif settings.mode == "noise":
        from .walking import process as session
    else:
        from . import session
    session.start(settings)
