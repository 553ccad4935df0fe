"""Where settings may stand: asked by whoever reads them, and by whoever asks whether they are as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping

from auditor.model.home import NOWHERE, base_folder
from auditor.static.text.projectroot import upwards

PROJECT_FILE = "repro-audit.toml"
PYPROJECT = "pyproject.toml"
PREFIX = "REPRO_AUDIT_"
"""How variables begin that are settings."""


def user_file_name(environ: Mapping[str, str] = os.environ) -> str:
    """Return where the user's own settings are, whether or not the file exists."""
    return os.path.join(base_folder("XDG_CONFIG_HOME", ".config", environ) or NOWHERE, "repro-audit", "config.toml")


def settings_folders(start: str) -> list[str]:
    """The folder of `start` and those above it, up to the root of its repository."""
    start = os.path.abspath(start)
    folders = upwards(start if os.path.isdir(start) else os.path.dirname(start))
    tops = (at for at, folder in enumerate(folders) if os.path.exists(os.path.join(folder, ".git")))
    return folders[: next(tops, len(folders)) + 1]


def settings_files(start: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """All files that may decide what holds for `start`, whether or not they exist."""
    names = (PROJECT_FILE, PYPROJECT)
    own = [os.path.join(folder, name) for folder in settings_folders(start) for name in names]
    return [user_file_name(environ), *own]
