"""The user's home folder, where there is one: containers run as users without a HOME and an entry in passwd."""

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
