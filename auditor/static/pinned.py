"""Which versions of packages a project runs with: its lock files and requirements, its environment, else ours.

Read as text, a package at a time and only when a rule that depends on a version is about to speak. What is written as
a range is kept as one: a rule for `torch < 2.10` holds for `torch==2.6`, not for `torch>=2.11`, and perhaps for
`torch>=2.0`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.ruleset.versions import Bound, Version, parse_version
from auditor.static.project import Project

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
_LISTS = (
    "requirements*.txt",
    "requirements/*.txt",
    "environment*.yml",
    "environment*.yaml",
    "pyproject.toml",
    "setup.cfg",
)
_ENVIRONMENTS = (".venv", "venv", "env")
_CONDA_NAMES = {"torch": "pytorch"}
_SPECIFIER = lazy_pattern(r"(===|==|~=|>=|<=|!=|<|>|=|\^)\s*v?([0-9][0-9A-Za-z.+*-]*)")


@dataclass(frozen=True, slots=True)
class Range:
    """Versions from `lowest` on, below `limit`; None where there is no such end."""

    lowest: Version | None
    limit: Version | None

    def holds(self, bound: Bound) -> bool | None:
        """Whether every version in here fulfils the bound; None where only some do."""
        above = self.lowest is not None and self.lowest >= bound.version
        below = self.limit is not None and self.limit <= bound.version
        if not above and not below:
            return None
        return above if bound.at_least else below


UNKNOWN = Range(None, None)


class Pins:
    """The versions of one project."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: dict[str, Range] = {}

    def range_of(self, package: str) -> Range:
        """What is known of a package's version, from the strongest source that names one."""
        if package not in self._found:
            self._found[package] = next(self._sources(package), UNKNOWN)
        return self._found[package]

    def _sources(self, package: str) -> Iterator[Range]:
        for name in _LOCKS:
            locked = _locked(_text(self._root / name), package)
            if locked is not None:
                yield Range(locked, (*locked, 0))
        for pattern in _LISTS:
            for path in sorted(self._root.glob(pattern)):
                required = _required(_text(path), package)
                if required is not None:
                    yield required
        installed = self._installed(package)
        if installed is not None:
            yield Range(installed, (*installed, 0))

    def _installed(self, package: str) -> Version | None:
        """The version in the project's own environment, else in the one that we run in."""
        for folder in _ENVIRONMENTS:
            for path in sorted((self._root / folder).glob(f"lib/python3*/site-packages/{package}-*.dist-info")):
                return parse_version(path.name.removesuffix(".dist-info").rpartition("-")[2])
        return _beside_us(package)


def _beside_us(package: str) -> Version | None:
    """The version in the environment that we run in, read off the names there: `importlib.metadata` takes 10 ms."""
    wanted = re.sub(r"[-_.]+", "_", package).lower() + "-"
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in sorted(names):
            if name.endswith((".dist-info", ".egg-info")) and name.replace(".", "_").lower().startswith(wanted):
                return parse_version(name[len(wanted) :])
    return None


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _locked(text: str, package: str) -> Version | None:
    """`name = "torch"` with `version = "2.6.0"` in the next line, or `"torch": {… "version": "==2.6.0"`."""
    name = re.escape(package)
    found = re.search(rf'^name = "{name}"\s*\nversion = "([^"]+)"', text, re.MULTILINE)
    found = found or re.search(rf'"{name}": \{{[^}}]*"version": "==([^"]+)"', text)
    return parse_version(found.group(1)) if found else None


def _required(text: str, package: str) -> Range | None:
    """The range that a list of requirements allows; None where it does not name the package or leaves it open."""
    names = "|".join(re.escape(name) for name in (package, _CONDA_NAMES.get(package, package)))
    line = (
        rf"""^[\s"'\[\-]*(?:{names})(?:\[[^\]]*\])?["']?\s*(?:=\s*["'])?\s*((?:{_SPECIFIER.pattern}|[0-9])[^;#"'\n]*)"""
    )
    found = re.search(line, text, re.MULTILINE) or re.search(
        rf"""["'](?:{names})(?:\[[^\]]*\])?\s*({_SPECIFIER.pattern}[^;#"'\n]*)""", text
    )
    return _range(found.group(1)) if found else None


def _range(text: str) -> Range | None:
    """`==2.6.*`, `>=2.0,<2.4`, `~=2.1.0`, conda's `=2.1`, poetry's `^2.1` and bare `2.1`."""
    lowest: Version | None = None
    limit: Version | None = None
    specifiers = _SPECIFIER.findall(text) or [("==", text)]
    for sign, written in specifiers:
        version = parse_version(written)
        if sign in ("==", "===", "=") and "*" not in written and sign != "=":
            lowest, limit = version, (*version, 0)
        elif sign in ("==", "="):
            lowest, limit = version, _next(version)
        elif sign in ("~=", "^"):
            lowest, limit = version, _next(version[:-1] if sign == "~=" else version[:1])
        elif sign in (">=", ">"):
            lowest = version
        elif sign in ("<", "<="):
            limit = version if sign == "<" else (*version, 0)
    return None if lowest is None and limit is None else Range(lowest, limit)


def _next(version: Version) -> Version:
    """The first version that does not begin with this one."""
    return (*version[:-1], version[-1] + 1) if version else (1,)


_PINS: WeakKeyDictionary[Project, Pins] = WeakKeyDictionary()


def fits(bounds: tuple[Bound, ...], project: Project) -> bool | None:
    """Whether the project's versions fulfil all bounds; None where that is not known."""
    pins = _PINS.get(project)
    if pins is None:
        pins = _PINS[project] = Pins(project.root)
    answers = [pins.range_of(bound.package).holds(bound) for bound in bounds]
    if False in answers:
        return False
    return None if None in answers else True
