"""Imports by the name of the checkout: `from learning3d.models import PointNet` in a folder `learning3d` of its own.

Whoever works so has the folder above on `sys.path`, which a scan never sees.
"""

from __future__ import annotations

import os

_ARCHIVED = ("-main", "-master")
"""What an archive of a repository adds to its name."""


def below_checkout(root: str, dotted: str) -> str | None:
    """The part of a module's name below the project's own top: "" for that itself, None where it begins otherwise."""
    top, _, below = dotted.partition(".")
    return below if top == _name_of(root) else None


def _name_of(root: str) -> str:
    name = os.path.basename(root)
    return next((name.removesuffix(end) for end in _ARCHIVED if name.endswith(end)), name)
