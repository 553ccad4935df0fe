"""Where a project says which versions it runs with: what lists of requirements include, and its own environments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from auditor.model.pattern import lazy_pattern
from auditor.static.text.plainfile import read_plain

_INCLUDED = lazy_pattern(rb"^\s*(?:-[rc]|--(?:requirement|constraint)\b)[ \t=]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_ENVIRONMENTS = (".venv", "venv", "env")
_SITES = ("lib/python3*/site-packages", "Lib/site-packages")
_MOST = 20
"""Files that are looked at for one list: more of them include each other by mistake."""


def own_sites(root: Path) -> list[Path]:
    """The folders of packages in the project's own environments, the likeliest first."""
    return [path for folder in _ENVIRONMENTS for site in _SITES for path in sorted((root / folder).glob(site))]


def included(root: Path, lists: Iterable[Path], tried: list[str] | None = None) -> list[Path]:
    """The files within the project that lists include (`-r base.txt`, `-c constraints.txt`), at any depth.

    `tried`: takes where they should be, whether or not they are.
    """
    top = os.path.join(os.path.realpath(root), "")
    waiting = list(lists)
    seen = {os.path.realpath(path) for path in waiting}
    found: list[Path] = []
    while waiting and len(found) < _MOST:
        path = waiting.pop(0)
        for name in _INCLUDED.findall(_bytes(path)):
            inner = path.parent / os.fsdecode(name)
            if tried is not None:
                tried.append(str(inner))
            real = os.path.realpath(inner)
            if real not in seen and real.startswith(top) and os.path.isfile(real):
                seen.add(real)
                found.append(inner)
                waiting.append(inner)
    return found


def lists_below(root: Path, tried: list[str] | None = None) -> list[str]:
    """The lists that say what the project runs with and do not lie at its top, relative to it and sorted.

    `tried`: takes everything besides the top of the project that decides which these are.
    """
    top = sorted(root.glob("requirements*.txt"))
    below = sorted(root.glob("requirements/*.txt"))
    if tried is not None:
        tried += [str(root / "requirements"), *map(str, (*top, *below))]
    found = included(root, [*top, *below], tried)
    paths = {os.path.relpath(path, root).replace(os.sep, "/") for path in (*below, *found)}
    return sorted(path for path in paths if "/" in path)


def where_sites_may_come(root: Path) -> list[str]:
    """The folders besides the top of the project in which `own_sites` looks, whether or not they exist."""
    inner = [root / name for name in _ENVIRONMENTS] + [
        root / name / lib for name in _ENVIRONMENTS for lib in ("lib", "Lib")
    ]
    return [str(path) for path in (*inner, *(path for lib in inner for path in sorted(lib.glob("python3*"))))]


def _bytes(path: Path) -> bytes:
    try:
        return read_plain(path)
    except OSError:
        return b""
