"""Which versions a project fixes: lock files first, else lists of requirements; and which interpreter."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.model.lean import dataclass
from auditor.static.documents.dependencies import normal, requirement
from auditor.static.files.condalocks import CONDA_LOCKS, conda_locks, locked_by_conda

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_REQUIREMENTS = re.compile(r"requirements?(?:[-_.][\w.-]+)?\.txt|[\w.-]+[-_]requirements\.txt")
_CONDA = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
_EXACT = re.compile(r"={2,3}\s*([\w.+!-]+)")
_CONDA_LINE = re.compile(r"\s*-\s+['\"]?(?:[\w.-]+::)?([\w.-]+)\s*={1,2}\s*(\d[\w.+]*)(?:=[\w.*]+)?['\"]?\s*(?:#.*)?")
_CONDA_LOOSE = re.compile(r"\s*-\s+['\"]?(?:[\w.-]+::)?([A-Za-z][\w.-]*)\s*(?:[<>~!].*)?['\"]?\s*(?:#.*)?")
_IMAGE = re.compile(r"^\s*FROM\s+(?:\S+/)?python:(\d+\.\d+(?:\.\d+)?)", re.IGNORECASE | re.MULTILINE)
_DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python", "sklearn": "scikit-learn"}
_CONDA_DISTRIBUTIONS = {"pytorch": "torch"}
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What a project asks its installer for."""

    files: tuple[str, ...]
    """Files that were read, sorted."""

    versions: Mapping[str, frozenset[str]]
    """Name as installers compare names → exact versions; several where markers choose one of them."""

    loose: tuple[str, ...]
    """Names without an exact version that no lock file fixes, sorted."""

    python: str
    """`3.11.7` or `3.11`; empty where nothing says."""

    python_file: str
    unread: tuple[str, ...]
    """Lock files that we cannot read, with the reason."""


def read_pins(root: Path) -> Pins:
    """Read what lies at the top of a project; nothing is installed or asked over a network."""
    of_conda = [path.name for path in conda_locks(root)]
    locks = [name for name in LOCKS if os.path.isfile(root / name)] + of_conda
    unread: list[str] = []
    versions: dict[str, set[str]] = {}
    loose: set[str] = set()
    read: list[str] = []
    for name in locks or _lists(root):
        try:
            found = list(_entries(root / name))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            unread.append(f"{name} ({type(error).__name__}: {error})")
            continue
        if not found and name in of_conda:
            unread.append(f"{name} (names no package)")
            continue
        read.append(name)
        for package, version in found:
            if version:
                versions.setdefault(package, set()).add(version)
            else:
                loose.add(package)
    python, python_file = _python(root, versions)
    return Pins(
        files=tuple(sorted(read)),
        versions={name: frozenset(found) for name, found in sorted(versions.items())},
        loose=tuple(sorted(loose - versions.keys())),
        python=python,
        python_file=python_file,
        unread=tuple(unread),
    )


def distribution_name(module: str) -> str:
    """Return by which name an installer knows what is imported as `module`."""
    return _DISTRIBUTIONS.get(module, normal(module))


def same_version(pinned: str, installed: str) -> bool:
    """Whether an installed version is the pinned one; `+cpu` counts only where the pin names such a build."""
    if "+" in pinned:
        return pinned == installed
    return pinned.removeprefix("v") == installed.partition("+")[0]


def _lists(root: Path) -> list[str]:
    names = sorted(path.name for path in root.iterdir() if path.is_file()) if root.is_dir() else []
    return [name for name in names if _REQUIREMENTS.fullmatch(name) or name in _CONDA]


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, exact version or nothing)."""
    text = path.read_text(encoding="utf-8")
    if path.name == "Pipfile.lock":
        for section in ("default", "develop"):
            for name, entry in json.loads(text).get(section, {}).items():
                yield normal(name), str(entry.get("version", "")).removeprefix("==")
    elif any(path.match(pattern) for pattern in CONDA_LOCKS):
        yield from ((_of_conda(name), version) for name, version in locked_by_conda(text))
    elif path.name in LOCKS:
        content: dict[str, Any] = tomllib.loads(text)
        for entry in content.get("package", content.get("packages", [])):
            if "version" in entry:
                yield normal(entry["name"]), str(entry["version"])
    elif path.name in _CONDA:
        yield from _conda(text)
    else:
        yield from _requirements(text)


def _requirements(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        stated = re.split(r"\s#|^#", line, maxsplit=1)[0].strip(" \\\t")
        found = requirement(stated) if stated else None
        if found:
            exact = _EXACT.search(stated.partition(";")[0])
            yield found[0], exact.group(1) if exact and "*" not in stated else ""


def _conda(text: str) -> Iterator[tuple[str, str]]:
    body = text.partition("dependencies:")[2]
    for line in body.splitlines():
        exact = _CONDA_LINE.fullmatch(line)
        if exact:
            yield _of_conda(exact.group(1)), exact.group(2)
        elif loose := _CONDA_LOOSE.fullmatch(line):
            yield _of_conda(loose.group(1)), ""


def _of_conda(name: str) -> str:
    """The name by which pip knows what conda installs under a name."""
    return _CONDA_DISTRIBUTIONS.get(normal(name), normal(name))


def _python(root: Path, versions: Mapping[str, set[str]]) -> tuple[str, str]:
    """The interpreter's version and the file that names it."""
    for name, pattern in ((".python-version", _VERSION), ("Dockerfile", _IMAGE), ("runtime.txt", _VERSION)):
        try:
            text = (root / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if match := pattern.search(text):
            return match.group(match.lastindex or 0), name
    for name in _CONDA:
        if "python" in versions and (root / name).is_file():
            return min(versions["python"]), name
    return "", ""
