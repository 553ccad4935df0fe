"""Which versions of packages a project runs with: its lock files and requirements, its environment, else ours.

Read as text, a package at a time and only when a rule that depends on a version is about to speak. What is written as
a range is kept as one: a rule for `torch < 2.10` holds for `torch==2.6`, not for `torch>=2.11`, and perhaps for
`torch>=2.0`, unless what is installed lies in that range. Of several files of one kind the first that names the
package counts, `requirements.txt` before others; of several lines in it (markers, extras) all may hold.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

from auditor.model.lean import dataclass
from auditor.model.pattern import lazy_pattern
from auditor.ruleset.versions import Bound, Version, parse_version
from auditor.static.files.condalocks import conda_locks, locked_by_conda
from auditor.static.files.pinfiles import included, own_sites
from auditor.static.project import Project
from auditor.static.text.plainfile import read_plain

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_LISTS = (
    "requirements.txt",
    "requirements*.txt",
    "requirements/*.txt",
    "environment*.yml",
    "environment*.yaml",
    "conda.yml",
    "conda.yaml",
    "pixi.toml",
    "pyproject.toml",
    "Pipfile",
    "setup.cfg",
    "setup.py",
    "Dockerfile",
    "docker-compose.y*ml",
)
_IMAGES = {"torch": "pytorch/pytorch", "tensorflow": "tensorflow/tensorflow"}
"""Images whose tags begin with the version of what they hold."""
_COMMENTED = lazy_pattern(r"^[ \t]*#.*$", re.MULTILINE)
_CONDA_NAMES = {"torch": "pytorch"}
_SIGNED = r"(?:===|==|~=|>=|<=|!=|<|>|=|\^|~)\s*v?[0-9][0-9A-Za-z.+*-]*"
_SPECIFIER = lazy_pattern(r"(===|==|~=|>=|<=|!=|<|>|=|\^|~)\s*v?([0-9][0-9A-Za-z.+*-]*)")


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

    @property
    def is_exact(self) -> bool:
        """Whether one version is left."""
        return self.lowest is not None and self.limit == (*self.lowest, 0)

    def allows(self, version: Version) -> bool:
        """Whether a version lies in here."""
        return (self.lowest is None or self.lowest <= version) and (self.limit is None or version < self.limit)


UNKNOWN = Range(None, None)


class Pins:
    """The versions of one project."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: dict[str, Range] = {}

    def range_of(self, package: str) -> Range:
        """What is known of a package's version, from the strongest source that names one."""
        if package not in self._found:
            self._found[package] = self._range_of(package)
        return self._found[package]

    def fit(self, bounds: tuple[Bound, ...]) -> bool | None:
        """Whether these versions fulfil all bounds; None where that is not known."""
        answers = [self.range_of(bound.package).holds(bound) for bound in bounds]
        if False in answers:
            return False
        return None if None in answers else True

    def _range_of(self, package: str) -> Range:
        asked = next(self._asked_for(package), None)
        if asked is not None and asked.is_exact:
            return asked
        installed = self._installed(package)
        if installed is not None and (asked is None or asked.allows(installed)):
            return Range(installed, (*installed, 0))
        return asked or UNKNOWN

    def _asked_for(self, package: str) -> Iterator[Range]:
        for name in _LOCKS:
            locked = _hull(_locked(_text(self._root / name), package))
            if locked is not None:
                yield locked
        for path in conda_locks(self._root):
            locked = _hull(_locked_by_conda(_text(path), package))
            if locked is not None:
                yield locked
        for pattern in _LISTS:
            for path in sorted(self._root.glob(pattern)):
                more = included(self._root, (path,)) if path.suffix == ".txt" else ()
                for each in (path, *more):
                    read = _required_by_image if "ocker" in each.name else _required
                    required = read(_text(each), package)
                    if required is not None:
                        yield required

    def _installed(self, package: str) -> Version | None:
        """The version in the project's own environment, else in the one that we run in."""
        for site in own_sites(self._root):
            for path in sorted(site.glob(f"{package}-*.dist-info")):
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
        return read_plain(path).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ""


def _locked(text: str, package: str) -> list[Range]:
    """`name = "torch"` with `version = "2.6.0"` in the next line, or `"torch": {… "version": "==2.6.0"`."""
    name = re.escape(package)
    found = re.findall(rf'^name = "{name}"\s*\nversion = "([^"]+)"', text, re.MULTILINE)
    found = found or re.findall(rf'"{name}": \{{[^}}]*"version": "==([^"]+)"', text)
    versions = (parse_version(each) for each in found)
    return [Range(version, (*version, 0)) for version in versions]


def _locked_by_conda(text: str, package: str) -> list[Range]:
    names = {package, _CONDA_NAMES.get(package, package)}
    if not any(name in text for name in names):
        return []
    versions = (parse_version(written) for name, written in locked_by_conda(text) if name in names)
    return [Range(version, (*version, 0)) for version in versions]


def _required(text: str, package: str) -> Range | None:
    """The range that a list of requirements allows; None where it does not name the package or leaves it open."""
    names = "|".join(re.escape(name) for name in (package, _CONDA_NAMES.get(package, package)))
    if re.search(names, text, re.IGNORECASE) is None:
        return None
    stated = _COMMENTED.sub("", text)
    found = next(
        (found for form in _forms(names) if (found := re.findall(form, stated, re.MULTILINE | re.IGNORECASE))), []
    )
    return _hull([each for written in found if (each := _range(written)) is not None])


def _required_by_image(text: str, package: str) -> Range | None:
    """What a Dockerfile installs with pip or conda, or holds from the start: `FROM pytorch/pytorch:2.6.0-cuda12.4`."""
    names = "|".join(re.escape(name) for name in (package, _CONDA_NAMES.get(package, package)))
    stated = _COMMENTED.sub("", text)
    found = re.findall(rf"""[\s"'](?:{names})(?:\[[^\]\n]*\])?({_SIGNED})(?=[\s"',;&]|$)""", stated)
    if not found and package in _IMAGES:
        tags = re.findall(rf"""^\s*(?:FROM|image:)\s.*?\b{_IMAGES[package]}:(\d+(?:\.\d+)+)""", stated, re.MULTILINE)
        found = [f"=={tag}" for tag in tags]
    return _hull([each for written in found if (each := _range(written)) is not None])


def _forms(names: str) -> tuple[str, ...]:
    """A line of a list, with conda's channel before it or poetry's `=` behind; poetry's tables; a text; a wheel."""
    specifier = rf"(?:{_SIGNED}|[0-9])[^;#\"'\n\\]*"
    return (
        rf"""^[\s"'\[\-]*(?:[\w.-]+::)?(?:{names})(?:\[[^\]]*\])?["']?\s*(?:=\s*["'])?\s*({specifier})""",
        rf"""^(?:{names})\s*=\s*\{{[^}}\n]*\bversion\s*=\s*["']([^"']+)""",
        rf"""^\[tool\.poetry[\w.-]*\.dependencies\.(?:{names})\]\s*\n(?:[a-z].*\n)*?version\s*=\s*["']([^"']+)""",
        rf"""["'](?:{names})(?:\[[^\]]*\])?\s*({_SIGNED}[^;#"'\n]*)""",
        rf"""(?<![\w.-])(?:{names})-(\d[0-9A-Za-z.]*)[0-9A-Za-z.+%]*-(?:cp|py)\d""",
    )


def _hull(ranges: Iterable[Range]) -> Range | None:
    """What holds whichever of them applies; None of none."""
    every = list(ranges)
    if not every:
        return None
    lowest = [each.lowest for each in every if each.lowest is not None]
    limits = [each.limit for each in every if each.limit is not None]
    return Range(min(lowest) if len(lowest) == len(every) else None, max(limits) if len(limits) == len(every) else None)


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
        elif sign in ("~=", "^", "~"):
            fixed = {"~=": version[:-1], "^": version[:1], "~": version[:2]}[sign]
            lowest, limit = version, _next(fixed)
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
    return pins.fit(bounds)
