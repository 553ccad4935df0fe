"""How long lines of a file may be: what the settings of the formatter say that is nearest to it."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from auditor.static.text.plainfile import read_plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT = 88
"""What ruff and black take where nobody says."""


def line_length(root: Path, path: str) -> int:
    """The limit for a file of a project; `path` is relative to `root`."""
    folder = (root / path).parent
    while True:
        found = _of_folder(folder)
        if found is not None or folder in (root, folder.parent):
            return found or DEFAULT
        folder = folder.parent


@cache
def _of_folder(folder: Path) -> int | None:
    for name, tables in (
        (".ruff.toml", ((),)),
        ("ruff.toml", ((),)),
        ("pyproject.toml", (("tool", "ruff"), ("tool", "black"))),
    ):
        content = _read(folder / name)
        for keys in tables:
            table = content
            for key in keys:
                table = table.get(key) if isinstance(table, dict) else None
            length = table.get("line-length") if isinstance(table, dict) else None
            if isinstance(length, int) and not isinstance(length, bool) and 40 <= length <= 320:
                return length
    return None


def _read(path: Path) -> object:
    try:
        return tomllib.loads(read_plain(path).decode("utf-8"))
    except (OSError, ValueError):
        return None
