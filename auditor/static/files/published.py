"""Whether others may install a project and call what it offers: its metadata say so."""

from __future__ import annotations

from pathlib import Path

from auditor.static.text.plainfile import read_plain

_SAYING = {
    "pyproject.toml": (b"[project]", b"[tool.poetry]", b"[tool.flit.metadata]"),
    "setup.cfg": (b"[metadata]",),
    "setup.py": (b"setup(",),
}
"""What stands in the metadata of a distribution; other tables of `pyproject.toml` set up tools."""


def is_published(root: Path) -> bool:
    """Whether a project can be installed, as its metadata at the top say."""
    return any(_says(root / name, words) for name, words in _SAYING.items())


def _says(path: Path, words: tuple[bytes, ...]) -> bool:
    try:
        text = read_plain(path)
    except OSError:
        return False
    return any(word in text for word in words)
