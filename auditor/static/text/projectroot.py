"""Where a project begins, and what folders and links are, told by names alone: what even the shortest scan asks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from auditor.errors import UsageError

ROOT_MARKERS = ("pyproject.toml", "repro-audit.toml", "setup.py", "setup.cfg", ".git", ".hg")
ENVIRONMENT_MARKERS = frozenset({"pyvenv.cfg", "conda-meta"})


def root_of(paths: Sequence[str]) -> str:
    """The project that `paths` belong to: the nearest folder above all of them that looks like the top of a project.

    Without any such folder: the folder that holds them, above the packages that they are in.
    """
    asked = [os.path.abspath(path) for path in paths or [os.curdir]]
    try:
        common = os.path.commonpath([path if os.path.isdir(path) else os.path.dirname(path) for path in asked])
    except ValueError:
        raise UsageError("the paths are on different drives; scan them one by one") from None
    for folder in upwards(common):
        if any(os.path.exists(os.path.join(folder, marker)) for marker in ROOT_MARKERS):
            return folder
    while is_importable(common) and os.path.exists(os.path.join(common, "__init__.py")):
        common = os.path.dirname(common)
    return common


def is_importable(folder: str) -> bool:
    """Whether a folder has a name that an import can say, as `project-main` out of an archive is none."""
    return os.path.basename(folder).isidentifier()


def checkout_of(root: str) -> str:
    """The top of the git checkout that a project is in, or the project's own top."""
    return next((folder for folder in upwards(root) if os.path.exists(os.path.join(folder, ".git"))), root)


def upwards(folder: str) -> list[str]:
    """A folder and those above it."""
    found = [folder]
    while (above := os.path.dirname(found[-1])) != found[-1]:
        found.append(above)
    return found


def is_environment(folder: str) -> bool:
    """Whether a folder is a Python environment."""
    return any(os.path.exists(os.path.join(folder, marker)) for marker in ENVIRONMENT_MARKERS)


def led_to(path: str) -> str:
    """Where a path leads that may be a link, and what is there."""
    kind = "folder" if os.path.isdir(path) else "file" if os.path.exists(path) else "nothing"
    if kind == "folder" and is_environment(path):
        kind = "environment"
    return f"{kind} {os.path.realpath(path)}"
