"""What conda's and pixi's lock files fix: `pixi.lock`, `conda-lock.yml`, lists of whole addresses.

Read as text: such files have tens of thousands of lines, and what they name stands on one of them or on two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from auditor.model.pattern import lazy_pattern

CONDA_LOCKS = ("pixi.lock", "conda-lock.yml", "conda-lock.yaml", "conda-*.lock")
"""Patterns of their names, the strongest first."""

_ADDRESS = lazy_pattern(r"/(?P<name>\w[\w.-]*)-(?P<version>\d[^-/\s#]*)-[^-/\s#]+\.(?:conda|tar\.bz2)\b")
_PAIR = lazy_pattern(
    r"""^[ ]*(?:-[ ]+)?name:[ ]*["']?(?P<name>[\w.-]+)["']?[ ]*\n[ ]+version:[ ]*["']?(?P<version>\d[^"'\s]*)""",
    re.MULTILINE,
)


def conda_locks(root: Path) -> list[Path]:
    """Those at the top of a project, in their order."""
    return [path for pattern in CONDA_LOCKS for path in sorted(root.glob(pattern)) if path.is_file()]


def locked_by_conda(text: str) -> Iterator[tuple[str, str]]:
    """Names, as they are written, and versions: conda's packages and pip's; one may stand there in several versions."""
    for pattern in (_ADDRESS, _PAIR):
        for found in pattern.finditer(text):
            yield found["name"], found["version"]
