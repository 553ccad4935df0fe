"""The user's folders, where there are any: containers run as users without a HOME and an entry in passwd."""

from __future__ import annotations

import os
from collections.abc import Mapping

NOWHERE = os.devnull
"""A folder in which nothing can be and nothing can be made: what is only kept for speed is not kept."""


def home_folder(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return HOME, else what the system knows of this user; None where neither tells."""
    if environ.get("HOME"):
        return environ["HOME"]
    try:
        found = os.path.expanduser("~")
    except RuntimeError:
        return None
    return None if found == "~" else found


def base_folder(variable: str, default: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the folder that a variable such as XDG_CACHE_HOME names, else `default` in the home folder.

    None where there is neither. The standard has relative ones ignored: they would lie in the project.
    """
    named = environ.get(variable, "")
    if os.path.isabs(named):
        return named
    home = home_folder(environ)
    return None if home is None else os.path.join(home, default)
